#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/rtp.h"

static const struct rtp_header plain = {.payload_type = 96,
                                        .marker = true,
                                        .sequence = 0xfffe,
                                        .timestamp = 0x01020304,
                                        .ssrc = 0xcafe};

static struct bytes value(const char *text, size_t n) {
    return bytes_of(text, n);
}

static void a_written_header_reads_back(void **state) {
    (void)state;
    uint8_t buffer[64];
    struct rtp_header h;
    const struct rtp_extension_value ext[] = {{3, value("0", 1)},
                                              {14, value("0123456789abcdef", 16)}};
    int n = rtp_write_header((struct room){buffer, sizeof(buffer)}, &plain, ext, 2);
    assert_int_equal(n, 12 + 4 + 20);
    assert_int_equal(rtp_parse(bytes_of(buffer, (size_t)n), &h), 0);
    assert_true(h.marker);
    assert_int_equal(h.payload_type, 96);
    assert_int_equal(h.sequence, 0xfffe);
    assert_int_equal(h.timestamp, 0x01020304);
    assert_int_equal(h.ssrc, 0xcafe);
    assert_int_equal(h.extension_profile, RTP_ONE_BYTE_PROFILE);
    assert_int_equal(h.payload.n, 0);
    assert_true(bytes_equal(rtp_extension_find(&h, 3), ext[0].value));
    assert_true(bytes_equal(rtp_extension_find(&h, 14), ext[1].value));
    assert_null(rtp_extension_find(&h, 4).p);
    assert_null(rtp_extension_find(&h, 0).p);
}

static void long_empty_or_high_elements_take_the_two_byte_form(void **state) {
    (void)state;
    uint8_t buffer[128];
    struct rtp_header h;
    const struct rtp_extension_value cases[] = {
        {1, value("0123456789abcdefg", 17)}, {200, value("x", 1)}, {2, {NULL, 0}}};
    for (size_t i = 0; i < 3; i++) {
        int n = rtp_write_header((struct room){buffer, sizeof(buffer)}, &plain, &cases[i], 1);
        assert_true(n > 0);
        assert_int_equal(rtp_parse(bytes_of(buffer, (size_t)n), &h), 0);
        assert_int_equal(h.extension_profile, RTP_TWO_BYTE_PROFILE);
        struct bytes found = rtp_extension_find(&h, cases[i].id);
        assert_non_null(found.p);
        assert_true(bytes_equal(found, cases[i].value));
    }
}

static void elements_that_cannot_be_written_are_refused(void **state) {
    (void)state;
    uint8_t buffer[600], big[256] = {0};
    struct rtp_extension_value e = {0, value("x", 1)};
    assert_int_equal(rtp_write_header((struct room){buffer, sizeof(buffer)}, &plain, &e, 1),
                     -EINVAL);
    e = (struct rtp_extension_value){1, bytes_of(big, sizeof(big))};
    assert_int_equal(rtp_write_header((struct room){buffer, sizeof(buffer)}, &plain, &e, 1),
                     -EINVAL);
    assert_int_equal(rtp_write_header((struct room){buffer, 11}, &plain, NULL, 0), -ENOSPC);
}

static void csrcs_extension_and_padding_are_taken_off(void **state) {
    (void)state;
    const uint8_t p[] = {0xb2, 0x60, 0, 1, 0, 0, 0,    2,    0, 0, 0, 3, /* V P X CC=2 */
                         0,    0,    0, 4, 0, 0, 0,    5,                /* CSRCs */
                         0xbe, 0xde, 0, 1, 0, 0, 0x10, 0xaa,             /* padding, id 1 */
                         'h',  'i',  0, 0, 3};
    struct rtp_header h;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), 0);
    assert_int_equal(h.csrc_count, 2);
    assert_int_equal(h.header_size, 28);
    assert_int_equal(h.padding_size, 3);
    assert_true(bytes_equal(h.payload, value("hi", 2)));
    assert_int_equal(rtp_extension_find(&h, 1).p[0], 0xaa);
    for (size_t n = 0; n < 28; n++) { /* cut anywhere in the header */
        assert_int_equal(rtp_parse(bytes_of(p, n), &h), -EBADMSG);
    }
}

static void impossible_padding_is_refused(void **state) {
    (void)state;
    uint8_t p[14] = {0xa0, 96};
    struct rtp_header h;
    p[13] = 0;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), -EBADMSG);
    p[13] = 3;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), -EBADMSG);
    p[13] = 2;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), 0);
    assert_int_equal(h.payload.n, 0);
    assert_int_equal(rtp_parse(bytes_of(p, 12), &h),
                     -EBADMSG); /* the count byte is in the header */
}

static void other_versions_are_refused(void **state) {
    (void)state;
    uint8_t p[12] = {0x40};
    struct rtp_header h;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), -EBADMSG);
}

static void a_malformed_element_ends_the_walk_but_not_the_packet(void **state) {
    (void)state;
    /* id 1 of 1 byte, then id 2 that claims 16 bytes of which 1 is there */
    const uint8_t p[] = {0x90, 96, 0,    1,    0, 0, 0,    2, 0,    0,
                         0,    3,  0xbe, 0xde, 0, 1, 0x10, 7, 0x2f, 8};
    struct rtp_header h;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), 0);
    assert_int_equal(rtp_extension_find(&h, 1).n, 1);
    assert_null(rtp_extension_find(&h, 2).p);
}

static void element_fifteen_ends_the_one_byte_form(void **state) {
    (void)state;
    const uint8_t p[] = {0x90, 96, 0,    1,    0, 0, 0,    2, 0,    0,
                         0,    3,  0xbe, 0xde, 0, 1, 0xf0, 7, 0x10, 8};
    struct rtp_header h;
    assert_int_equal(rtp_parse(bytes_of(p, sizeof(p)), &h), 0);
    assert_null(rtp_extension_find(&h, 1).p);
    assert_null(rtp_extension_find(&h, 15).p);
}

static void rtcp_is_told_from_rtp_by_the_second_byte(void **state) {
    (void)state;
    assert_true(rtp_is_rtcp(value("\x80\xc8", 2)));
    assert_true(rtp_is_rtcp(value("\x80\xcf", 2)));
    assert_false(rtp_is_rtcp(value("\x80\xe0", 2))); /* marker and payload type 96 */
    assert_false(rtp_is_rtcp(value("\x80\x60", 2)));
    assert_false(rtp_is_rtcp(value("\x80", 1)));
}

static void sequence_numbers_compare_across_the_wrap(void **state) {
    (void)state;
    assert_int_equal(rtp_sequence_diff(2, 0xfffe), 4);
    assert_int_equal(rtp_sequence_diff(0xfffe, 2), -4);
    assert_int_equal(rtp_sequence_diff(7, 7), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_written_header_reads_back),
        cmocka_unit_test(long_empty_or_high_elements_take_the_two_byte_form),
        cmocka_unit_test(elements_that_cannot_be_written_are_refused),
        cmocka_unit_test(csrcs_extension_and_padding_are_taken_off),
        cmocka_unit_test(impossible_padding_is_refused),
        cmocka_unit_test(other_versions_are_refused),
        cmocka_unit_test(a_malformed_element_ends_the_walk_but_not_the_packet),
        cmocka_unit_test(element_fifteen_ends_the_one_byte_form),
        cmocka_unit_test(rtcp_is_told_from_rtp_by_the_second_byte),
        cmocka_unit_test(sequence_numbers_compare_across_the_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
