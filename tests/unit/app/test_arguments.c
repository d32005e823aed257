/* Command lines. */
#include "app/arguments.h"
#include "app/lifetime.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *role, *words[2];
static bool flag;
static struct config config;
static char reason[CONFIG_REASON_MAX];

static int parse(bool settings, int argc, const char **argv) {
    const struct argument_rule rules[] = {{"role", &role, NULL}, {"flag", NULL, &flag}};
    const struct arguments a = {.rules = rules,
                                .rule_count = 2,
                                .config = settings ? &config : NULL,
                                .words = words,
                                .words_max = 2};
    size_t n = 99;
    role = words[0] = words[1] = NULL;
    flag = false;
    config_defaults(&config);
    int error = arguments_parse(&a, argc, (char **)(uintptr_t)argv, &n, reason);
    return error ? error : (int)n;
}

#define PARSE(settings, ...)                                                                       \
    parse(settings, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                 \
          (const char *[]){__VA_ARGS__})

static void options_and_words_come_in_any_order(void **state) {
    (void)state;
    assert_int_equal(PARSE(false, "user", "add", "--role", "rep", "a@b", "--flag"), 2);
    assert_string_equal(role, "rep");
    assert_string_equal(words[1], "a@b");
    assert_true(flag);
    assert_int_equal(PARSE(false, "user", "--role=rep=x", "--", "--flag"), 1);
    assert_string_equal(role, "rep=x");
    assert_string_equal(words[0], "--flag");
    assert_false(flag);
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    assert_int_equal(PARSE(false, "user", "--rolle", "x"), -EINVAL);
    assert_non_null(strstr(reason, "--rolle"));
    assert_int_equal(PARSE(false, "user", "--role"), -EINVAL);
    assert_int_equal(PARSE(false, "user", "--flag=yes"), -EINVAL);
    assert_int_equal(PARSE(false, "user", "a", "b", "c"), -EINVAL);
}

static void every_setting_is_an_option(void **state) {
    (void)state;
    assert_int_equal(PARSE(true, "serve", "--media-port", "9", "--trust-proxy", "--listen=:80"), 0);
    assert_int_equal(config.media_port, 9);
    assert_true(config.trust_proxy);
    assert_int_equal(config.listen_port, 80);
    assert_int_equal(PARSE(true, "serve", "--media-port", "x"), -EINVAL);
    assert_int_equal(PARSE(true, "serve", "--no-such", "x"), -EINVAL);
}

static void the_command_line_wins_over_the_file(void **state) {
    (void)state;
    FILE *file = fopen("/tmp/parlour-arguments.conf", "w");
    assert_non_null(file);
    fputs("media_port = 1\ncompany = File\n", file);
    fclose(file);
    assert_int_equal(
        PARSE(true, "serve", "--media-port", "9", "--config", "/tmp/parlour-arguments.conf"), 0);
    remove("/tmp/parlour-arguments.conf");
    assert_int_equal(config.media_port, 9);
    assert_string_equal(config.company, "File");
}

static void lifetimes(void **state) {
    (void)state;
    int64_t n;
    static const char *const bad[] = {
        "", "d", "30", "0d", "-1d", "30dd", "99999d", "3w", "99999999999999999999s"};
    assert_int_equal(lifetime_parse("30d", &n), 0);
    assert_int_equal(n, 30 * 86400);
    assert_int_equal(lifetime_parse("90m", &n), 0);
    assert_int_equal(n, 5400);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(lifetime_parse(bad[i], &n), -EINVAL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_come_in_any_order),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(every_setting_is_an_option),
        cmocka_unit_test(the_command_line_wins_over_the_file),
        cmocka_unit_test(lifetimes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
