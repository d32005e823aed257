/* Settings: from the table, a file, the command line; and what is wrong with them in words. */
#include "app/config.h"

#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char reason[CONFIG_REASON_MAX];

static int set(struct config *c, const char *key, const char *value) {
    return config_set(c, key, value, reason);
}

static void defaults_are_good(void **state) {
    (void)state;
    struct config c;
    config_defaults(&c);
    assert_int_equal(config_check(&c, reason), 0);
    assert_int_equal(c.listen_port, 8080);
    assert_string_equal(c.listen_address, "127.0.0.1");
    assert_int_equal(c.media_port, 3478);
    assert_true(c.upload_max == 16ull << 30);
    assert_false(c.trust_proxy);
}

static void both_spellings_of_a_key_work(void **state) {
    (void)state;
    struct config c;
    config_defaults(&c);
    assert_int_equal(set(&c, "media_port", "1"), 0);
    assert_int_equal(set(&c, "media-port", "2"), 0);
    assert_int_equal(c.media_port, 2);
    assert_int_equal(set(&c, "media", "2"), -ENOENT);
    assert_int_equal(set(&c, "media-ports", "2"), -ENOENT);
    assert_non_null(strstr(reason, "media-ports"));
}

static void the_tcp_port_of_media_is_the_same_another_or_none(void **state) {
    (void)state;
    struct config c;
    int port;
    bool may_fail;
    config_defaults(&c);
    assert_true(config_media_tcp_port(&c, &port, &may_fail));
    assert_true(port == 0 && may_fail);
    set(&c, "media_tcp_port", "4443");
    assert_true(config_media_tcp_port(&c, &port, &may_fail));
    assert_true(port == 4443 && !may_fail);
    set(&c, "media_tcp_port", "0");
    assert_true(config_media_tcp_port(&c, &port, &may_fail));
    assert_int_equal(port, -1);
    set(&c, "media_tcp_port", "65536");
    assert_int_equal(config_check(&c, reason), -EINVAL);
    assert_non_null(strstr(reason, "media_tcp_port"));
}

static void numbers_have_limits(void **state) {
    (void)state;
    struct config c;
    static const char *const bad[] = {"65536", "-1", "",   "x",
                                      "1x",    "1K", " 1", "99999999999999999999"};
    config_defaults(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(set(&c, "media_port", bad[i]), -EINVAL);
    }
    assert_int_equal(c.media_port, 3478);
    assert_int_equal(set(&c, "upload_max", "2g"), 0);
    assert_true(c.upload_max == 2ull << 30);
    assert_int_equal(set(&c, "upload_max", "2gg"), -EINVAL);
    assert_int_equal(set(&c, "upload_max", "99999999T"), -EINVAL);
    assert_int_equal(set(&c, "trust_proxy", "maybe"), -EINVAL);
}

static void addresses_to_listen_on(void **state) {
    (void)state;
    struct config c;
    static const struct {
        const char *text, *address;
        unsigned port;
    } good[] = {{"0.0.0.0:80", "0.0.0.0", 80},
                {"[::1]:81", "::1", 81},
                {":82", "", 82},
                {"*:83", "", 83},
                {"84", "", 84},
                {"localhost:0", "localhost", 0}};
    static const char *const bad[] = {"", ":", "1.2.3.4:", "::1:80", "1.2.3.4:65536", "a:b"};
    config_defaults(&c);
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(set(&c, "listen", good[i].text), 0);
        assert_string_equal(c.listen_address, good[i].address);
        assert_int_equal(c.listen_port, good[i].port);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(set(&c, "listen", bad[i]), -EINVAL);
    }
}

static int read_text(struct config *c, const char *text) {
    char path[] = "/tmp/parlour-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int error = config_read(c, path, reason);
    unlink(path);
    return error;
}

static void a_file_is_lines_of_key_and_value(void **state) {
    (void)state;
    struct config c;
    config_defaults(&c);
    assert_int_equal(read_text(&c, "# a comment\n\n  company =  Lumen Lamps \nmedia_port=5\r\n"
                                   "trust_proxy = yes\nbase_url = https://a.example/?b=c"),
                     0);
    assert_string_equal(c.company, "Lumen Lamps");
    assert_int_equal(c.media_port, 5);
    assert_true(c.trust_proxy);
    assert_string_equal(c.base_url, "https://a.example/?b=c");
}

static void a_fault_in_a_file_names_its_line(void **state) {
    (void)state;
    struct config c;
    char long_line[3000];
    config_defaults(&c);
    assert_int_equal(read_text(&c, "company = A\nmedia_port = many\n"), -EINVAL);
    assert_non_null(strstr(reason, ":2:"));
    assert_int_equal(read_text(&c, "company\n"), -EINVAL);
    memset(long_line, 'x', sizeof(long_line));
    long_line[sizeof(long_line) - 1] = '\0';
    assert_int_equal(read_text(&c, long_line), -EINVAL);
    assert_int_equal(config_read(&c, "/nowhere/parlour.conf", reason), -ENOENT);
    assert_non_null(strstr(reason, "/nowhere/parlour.conf"));
}

static void settings_that_do_not_fit_together_are_refused(void **state) {
    (void)state;
    struct config c;
    config_defaults(&c);
    set(&c, "tls_cert", "a.pem");
    assert_int_equal(config_check(&c, reason), -EINVAL);
    set(&c, "tls_key", "b.pem");
    assert_int_equal(config_check(&c, reason), 0);
    set(&c, "base_url", "parlour.example.com");
    assert_int_equal(config_check(&c, reason), -EINVAL);
    config_defaults(&c);
    set(&c, "log_level", "loud");
    assert_int_equal(config_check(&c, reason), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_good),
        cmocka_unit_test(both_spellings_of_a_key_work),
        cmocka_unit_test(the_tcp_port_of_media_is_the_same_another_or_none),
        cmocka_unit_test(numbers_have_limits),
        cmocka_unit_test(addresses_to_listen_on),
        cmocka_unit_test(a_file_is_lines_of_key_and_value),
        cmocka_unit_test(a_fault_in_a_file_names_its_line),
        cmocka_unit_test(settings_that_do_not_fit_together_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
