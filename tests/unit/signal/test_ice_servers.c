#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signal/ice_servers.h"

/* Reckoned by another program: base64(hmac_sha1(secret, name)). */
static void credentials_are_those_that_coturn_reckons(void **state) {
    (void)state;
    struct turn_credentials c;
    assert_int_equal(turn_credentials_make("north wind and the sun", 1700000000, "sam", &c), 0);
    assert_string_equal(c.name, "1700000000:sam");
    assert_string_equal(c.password, "/JGmx7jn8In3eI5/Q9FKmsNElaA=");
}

static void only_turn_urls_are_turn_urls(void **state) {
    (void)state;
    static const char *const good[] = {
        "", "turn:a.example", "turns:a.example:443?transport=tcp",
        "turn:[2001:db8::1]:3478?transport=udp , turn:192.0.2.1?transport=tcp"};
    static const char *const bad[] = {
        "stun:a.example",
        "turn:",
        "turn:a.example?user=x&pass=y",
        "https://a.example",
        "turn:a>b",
        "turn:a\"b",
        "turn:a,turn:a,turn:a,turn:a,turn:a,turn:a,turn:a,turn:a,turn:a"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(turn_urls_valid(good[i]));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_false(turn_urls_valid(bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credentials_are_those_that_coturn_reckons),
        cmocka_unit_test(only_turn_urls_are_turn_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
