#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/stun.h"

/* RFC 5769 §2.1: sample request, software "STUN test client", password below. */
static const uint8_t sample_request[] = {
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73,
    0x74, 0x20, 0x63, 0x6c, 0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
    0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09,
    0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14,
    0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
    0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf};

/* RFC 5769 §2.3: sample IPv6 response. */
static const uint8_t sample_response6[] = {
    0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
    0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
    0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
    0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
    0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
    0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

#define PASSWORD "VOkJxbRl1RmTxUk/WvJxBt"

static const uint8_t txid[STUN_TXID_SIZE] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static void the_request_of_rfc5769_is_read_and_verified(void **state) {
    (void)state;
    struct stun_message m;
    struct bytes d = bytes_of(sample_request, sizeof(sample_request));
    assert_true(stun_is_message(d));
    assert_int_equal(stun_parse(d, &m), 0);
    assert_int_equal(m.message_class, STUN_REQUEST);
    assert_int_equal(m.method, STUN_BINDING);
    assert_true(bytes_equal(m.username, bytes_of_text("evtj:h6vY")));
    assert_int_equal(m.priority, 0x6e0001ff);
    assert_true(m.ice_controlled && !m.ice_controlling);
    assert_true(m.tie_breaker == 0x932ff9b151263b36u);
    assert_int_equal(m.unknown_count, 0);
    assert_true(stun_check_integrity(d, &m, bytes_of_text(PASSWORD)));
    assert_false(stun_check_integrity(d, &m, bytes_of_text("another")));
    assert_true(stun_check_fingerprint(d, &m));
}

static void the_ipv6_response_of_rfc5769_is_read(void **state) {
    (void)state;
    struct stun_message m;
    struct address expected;
    struct bytes d = bytes_of(sample_response6, sizeof(sample_response6));
    address_parse("2001:db8:1234:5678:11:2233:4455:6677", 32853, &expected);
    assert_int_equal(stun_parse(d, &m), 0);
    assert_int_equal(m.message_class, STUN_SUCCESS);
    assert_true(address_equal(&m.mapped, &expected));
    assert_true(stun_check_integrity(d, &m, bytes_of_text(PASSWORD)));
    assert_true(stun_check_fingerprint(d, &m));
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct room room = {buffer, sizeof(buffer)};
    struct stun_message m;
    struct address a;
    const char *ips[] = {"192.0.2.7", "2001:db8::5"};
    for (int i = 0; i < 2; i++) {
        address_parse(ips[i], 54321, &a);
        int n = stun_write_success(room, txid, &a, bytes_of_text(PASSWORD));
        assert_true(n > 0);
        struct bytes d = bytes_of(buffer, (size_t)n);
        assert_int_equal(stun_parse(d, &m), 0);
        assert_int_equal(m.message_class, STUN_SUCCESS);
        assert_memory_equal(m.txid, txid, sizeof(txid));
        assert_true(address_equal(&m.mapped, &a));
        assert_true(stun_check_integrity(d, &m, bytes_of_text(PASSWORD)));
        assert_true(stun_check_fingerprint(d, &m));
    }
    struct stun_request request = {.username = bytes_of_text("abcd:efgh"),
                                   .priority = 77,
                                   .use_candidate = true,
                                   .controlling = true,
                                   .tie_breaker = 99};
    memcpy(request.txid, txid, sizeof(txid));
    int n = stun_write_request(room, &request, bytes_of_text(PASSWORD));
    struct bytes d = bytes_of(buffer, (size_t)n);
    assert_int_equal(stun_parse(d, &m), 0);
    assert_int_equal(m.message_class, STUN_REQUEST);
    assert_true(bytes_equal(m.username, request.username));
    assert_true(m.use_candidate && m.ice_controlling && m.has_priority);
    assert_true(m.priority == 77 && m.tie_breaker == 99);
    assert_true(stun_check_integrity(d, &m, bytes_of_text(PASSWORD)));
}

static void an_error_names_its_code_and_unknown_attributes(void **state) {
    (void)state;
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct stun_message m;
    const uint16_t unknown[] = {0x7001, 0x7002};
    int n = stun_write_error((struct room){buffer, sizeof(buffer)}, txid, 420, "Unknown Attribute",
                             unknown, 2, bytes_of_text(PASSWORD));
    struct bytes d = bytes_of(buffer, (size_t)n);
    assert_int_equal(stun_parse(d, &m), 0);
    assert_int_equal(m.message_class, STUN_ERROR);
    assert_int_equal(m.error_code, 420);
    assert_true(stun_check_fingerprint(d, &m));
}

static void too_little_room_is_refused_at_every_size(void **state) {
    (void)state;
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct address a;
    address_parse("192.0.2.7", 1, &a);
    int full =
        stun_write_success((struct room){buffer, sizeof(buffer)}, txid, &a, bytes_of_text("p"));
    for (int n = 0; n < full; n++) {
        assert_int_equal(
            stun_write_success((struct room){buffer, (size_t)n}, txid, &a, bytes_of_text("p")),
            -ENOSPC);
    }
}

static void a_cut_or_damaged_message_is_refused(void **state) {
    (void)state;
    struct stun_message m;
    uint8_t copy[sizeof(sample_request)];
    for (size_t n = 0; n < sizeof(sample_request); n++) {
        assert_int_equal(stun_parse(bytes_of(sample_request, n), &m), -EBADMSG);
    }
    for (size_t i = 0; i < 84; i++) { /* every bit before the hash is signed */
        memcpy(copy, sample_request, sizeof(copy));
        copy[i] ^= 0x40;
        struct bytes d = bytes_of(copy, sizeof(copy));
        if (stun_parse(d, &m) == 0) {
            assert_false(stun_check_integrity(d, &m, bytes_of_text(PASSWORD)) &&
                         stun_check_fingerprint(d, &m));
        }
    }
}

static void an_attribute_longer_than_the_message_is_refused(void **state) {
    (void)state;
    uint8_t d[24] = {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42};
    struct stun_message m;
    memcpy(d + 20, (const uint8_t[]){0x00, 0x06, 0x00, 0x04},
           4); /* four bytes that are not there */
    assert_int_equal(stun_parse(bytes_of(d, sizeof(d)), &m), -EBADMSG);
}

static void unknown_attributes_that_must_be_understood_are_listed(void **state) {
    (void)state;
    uint8_t d[28] = {0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42};
    struct stun_message m;
    memcpy(d + 20, (const uint8_t[]){0x70, 0x01, 0, 0, 0xf0, 0x01, 0, 0}, 8);
    assert_int_equal(stun_parse(bytes_of(d, sizeof(d)), &m), 0);
    assert_int_equal(m.unknown_count, 1);
    assert_int_equal(m.unknown[0], 0x7001);
}

static void attributes_after_the_signature_do_not_count(void **state) {
    (void)state;
    uint8_t buffer[STUN_MESSAGE_MAX];
    struct stun_message m;
    struct stun_request request = {.username = bytes_of_text("a:b")};
    int n = stun_write_request((struct room){buffer, sizeof(buffer)}, &request, bytes_of_text("p"));
    n -= 8; /* USE-CANDIDATE in place of FINGERPRINT */
    memcpy(buffer + n, (const uint8_t[]){0x00, 0x25, 0, 0}, 4);
    n += 4;
    write_be16(buffer + 2, (uint16_t)(n - STUN_HEADER_SIZE));
    assert_int_equal(stun_parse(bytes_of(buffer, (size_t)n), &m), 0);
    assert_false(m.use_candidate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_of_rfc5769_is_read_and_verified),
        cmocka_unit_test(the_ipv6_response_of_rfc5769_is_read),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(an_error_names_its_code_and_unknown_attributes),
        cmocka_unit_test(too_little_room_is_refused_at_every_size),
        cmocka_unit_test(a_cut_or_damaged_message_is_refused),
        cmocka_unit_test(an_attribute_longer_than_the_message_is_refused),
        cmocka_unit_test(unknown_attributes_that_must_be_understood_are_listed),
        cmocka_unit_test(attributes_after_the_signature_do_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
