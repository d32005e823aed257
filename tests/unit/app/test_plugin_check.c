/* Missing plug-ins are named with their package. */
#include "app/plugin_check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_first_missing_one_is_kept(void **state) {
    (void)state;
    struct plugin_check c = {0};
    assert_true(plugin_check_line(
        &c,
        bytes_of_text("{\"element\":\"a\",\"present\":true,\"purpose\":\"\",\"package\":\"\"}")));
    assert_true(plugin_check_line(
        &c, bytes_of_text(
                "{\"element\":\"b\",\"present\":false,\"purpose\":\"x\",\"package\":\"p\"}")));
    assert_true(plugin_check_line(
        &c, bytes_of_text(
                "{\"element\":\"c\",\"present\":false,\"purpose\":\"y\",\"package\":\"q\"}")));
    assert_int_equal(c.present, 1);
    assert_int_equal(c.missing, 2);
    assert_string_equal(c.element, "b");
    assert_string_equal(c.package, "p");
}

static void other_lines_are_not_counted(void **state) {
    (void)state;
    struct plugin_check c = {0};
    assert_false(plugin_check_line(&c, bytes_of_text("hello")));
    assert_false(plugin_check_line(&c, bytes_of_text("{\"element\":\"a\"}")));
    assert_int_equal(c.present + c.missing, 0);
}

static void what_the_kernel_has_is_told(void **state) {
    (void)state;
    struct plugin_check c = {0};
    assert_false(plugin_check_line(&c, bytes_of_text("{\"landlock\":7}")));
    assert_false(plugin_check_line(&c, bytes_of_text("{\"landlock\":-1,\"seccomp\":true}")));
    assert_false(c.confinement);
    assert_true(plugin_check_line(&c, bytes_of_text("{\"landlock\":2,\"seccomp\":true}")));
    assert_true(c.confinement);
    assert_int_equal(c.landlock, 2);
    assert_true(c.seccomp);
    assert_int_equal(c.present + c.missing, 0);
}

static void a_program_that_is_not_there_or_says_nothing_is_an_error(void **state) {
    (void)state;
    struct plugin_check c;
    assert_int_equal(plugin_check_run("/nowhere/parlour-pipeline", &c, NULL), -ENOENT);
    assert_int_equal(plugin_check_run("/bin/true", &c, NULL), -EIO);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_missing_one_is_kept),
        cmocka_unit_test(other_lines_are_not_counted),
        cmocka_unit_test(what_the_kernel_has_is_told),
        cmocka_unit_test(a_program_that_is_not_there_or_says_nothing_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
