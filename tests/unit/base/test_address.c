#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"

static void a_mapped_address_is_ipv4(void **state) {
    (void)state;
    struct address plain, mapped, back;
    struct sockaddr_in6 sa;
    char text[ADDRESS_TEXT_MAX];
    assert_int_equal(address_parse("192.0.2.7", 5000, &plain), 0);
    assert_int_equal(address_parse("::ffff:192.0.2.7", 5000, &mapped), 0);
    assert_true(address_equal(&plain, &mapped));
    address_to_sockaddr6(&plain, &sa);
    assert_int_equal(address_of_sockaddr((struct sockaddr *)&sa, &back), 0);
    assert_true(address_equal(&plain, &back));
    address_text(&back, text);
    assert_string_equal(text, "192.0.2.7:5000");
}

static void ipv6_has_brackets_in_text(void **state) {
    (void)state;
    struct address a;
    char text[ADDRESS_TEXT_MAX];
    assert_int_equal(address_parse("2001:db8::1", 443, &a), 0);
    address_text(&a, text);
    assert_string_equal(text, "[2001:db8::1]:443");
    assert_int_equal(address_parse("host.example", 1, &a), -EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapped_address_is_ipv4),
        cmocka_unit_test(ipv6_has_brackets_in_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
