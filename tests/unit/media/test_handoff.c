#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/handoff.h"

static struct path path_number(uint32_t i) {
    struct path p = {.remote = {.family = 4, .port = (uint16_t)(1 + i % 60000)},
                     .local = {.family = 4, .port = 9}};
    write_be32(p.remote.ip, 0x0a000000 + i / 60000);
    return p;
}

static void remembers_the_owner_of_a_path(void **state) {
    (void)state;
    struct handoff_paths h;
    handoff_paths_init(&h, 42);
    struct path a = path_number(1), b = path_number(2);
    assert_int_equal(handoff_paths_get(&h, &a), -ENOENT);
    assert_int_equal(handoff_paths_set(&h, &a, 3), 0);
    assert_int_equal(handoff_paths_get(&h, &a), 3);
    assert_int_equal(handoff_paths_get(&h, &b), -ENOENT);
    assert_int_equal(handoff_paths_set(&h, &a, 1), 0);
    assert_int_equal(handoff_paths_get(&h, &a), 1);
    handoff_paths_clear(&h);
}

static void strangers_push_out_only_what_is_idle(void **state) {
    (void)state;
    struct handoff_paths h;
    handoff_paths_init(&h, 42);
    struct path used = path_number(0);
    handoff_paths_set(&h, &used, 1);
    for (uint32_t i = 1; i < 2 * HANDOFF_PATHS_MAX; i++) {
        struct path stranger = path_number(i);
        assert_int_equal(handoff_paths_set(&h, &stranger, 0), 0);
        assert_int_equal(handoff_paths_get(&h, &used), 1); /* keeps being used */
    }
    assert_int_equal(h.used, HANDOFF_PATHS_MAX);
    struct path old = path_number(1);
    assert_int_equal(handoff_paths_get(&h, &old), -ENOENT);
    handoff_paths_clear(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembers_the_owner_of_a_path),
        cmocka_unit_test(strangers_push_out_only_what_is_idle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
