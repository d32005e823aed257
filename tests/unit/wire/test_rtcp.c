#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/rtcp.h"

static struct rtcp_packet only(const uint8_t *p, int n) {
    struct bytes rest = bytes_of(p, (size_t)n);
    struct rtcp_packet packet;
    assert_true(n > 0 && n % 4 == 0);
    assert_int_equal(rtcp_next(&rest, &packet), 1);
    assert_int_equal(rtcp_next(&rest, &packet), 0);
    return packet;
}

static void a_compound_of_report_and_names_reads_back(void **state) {
    (void)state;
    uint8_t b[256];
    const struct rtcp_sender_report sr = {1, 0x1122334455667788u, 3, 4, 5};
    const struct rtcp_report reports[2] = {{9, 25, -3, 0x1ffff, 7, 8, 9},
                                           {10, 0, 0x7fffff, 1, 2, 3, 4}};
    int n = rtcp_write_sr((struct room){b, sizeof(b)}, &sr, reports, 2);
    assert_int_equal(n, 28 + 48);
    n += rtcp_write_sdes((struct room){b + n, sizeof(b) - (size_t)n}, 1, bytes_of_text("parlour"));
    struct bytes rest = bytes_of(b, (size_t)n), cname;
    struct rtcp_packet p;
    struct rtcp_sender_report got;
    struct rtcp_report report;
    uint32_t ssrc;
    assert_int_equal(rtcp_next(&rest, &p), 1);
    assert_int_equal(rtcp_parse_sr(&p, &got), 0);
    assert_true(got.ssrc == 1 && got.ntp == sr.ntp && got.rtp == 3 && got.packets == 4 &&
                got.octets == 5);
    assert_int_equal(rtcp_parse_report(&p, 0, &report), 0);
    assert_int_equal(report.lost, -3);
    assert_int_equal(report.highest, 0x1ffff);
    assert_int_equal(rtcp_parse_report(&p, 1, &report), 0);
    assert_int_equal(report.lost, 0x7fffff);
    assert_int_equal(rtcp_parse_report(&p, 2, &report), -ENOENT);
    assert_int_equal(rtcp_next(&rest, &p), 1);
    assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), 0);
    assert_int_equal(ssrc, 1);
    assert_true(bytes_equal(cname, bytes_of_text("parlour")));
    assert_int_equal(rtcp_next(&rest, &p), 0);
}

static void receiver_reports_read_back(void **state) {
    (void)state;
    uint8_t b[64];
    const struct rtcp_report r = {9, 255, 1, 2, 3, 4, 5};
    struct rtcp_report report;
    struct rtcp_packet p = only(b, rtcp_write_rr((struct room){b, sizeof(b)}, 77, &r, 1));
    assert_int_equal(p.type, RTCP_RR);
    assert_int_equal(rtcp_parse_report(&p, 0, &report), 0);
    assert_true(report.ssrc == 9 && report.fraction_lost == 255 && report.last_sr == 4 &&
                report.delay == 5);
}

static void a_report_count_beyond_the_packet_is_refused(void **state) {
    (void)state;
    uint8_t b[64];
    struct rtcp_report report;
    int n = rtcp_write_rr((struct room){b, sizeof(b)}, 77, NULL, 0);
    b[0] |= 31; /* claims 31 blocks, has none */
    struct rtcp_packet p = only(b, n);
    assert_int_equal(rtcp_parse_report(&p, 0, &report), -EBADMSG);
    assert_int_equal(rtcp_parse_report(&p, 30, &report), -EBADMSG);
    assert_int_equal(rtcp_parse_report(&p, 31, &report), -ENOENT);
}

static void every_length_of_cname_ends_with_a_zero(void **state) {
    (void)state;
    uint8_t b[300];
    char name[RTCP_CNAME_MAX];
    memset(name, 'n', sizeof(name));
    for (size_t size = 0; size <= sizeof(name); size++) {
        struct bytes cname;
        uint32_t ssrc;
        struct rtcp_packet p =
            only(b, rtcp_write_sdes((struct room){b, sizeof(b)}, 5, bytes_of(name, size)));
        assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), 0);
        assert_int_equal(cname.n, size);
    }
}

static void nacks_pack_and_expand(void **state) {
    (void)state;
    uint8_t b[64];
    const uint16_t wanted[] = {0xfff8, 0xfff9, 0xfffe, 5, 8, 9, 30, 200};
    size_t written;
    struct rtcp_nack_reader r;
    uint16_t sequence;
    int n = rtcp_write_nack((struct room){b, sizeof(b)}, 1, 2, wanted, 8, &written);
    assert_int_equal(written, 8);
    assert_int_equal(n, 12 + 4 * 4); /* 0xfff8…8, 9, 30, 200 */
    struct rtcp_packet p = only(b, n);
    assert_int_equal(rtcp_nack_reader_init(&r, &p), 0);
    for (size_t i = 0; i < 8; i++) {
        assert_true(rtcp_nack_next(&r, &sequence));
        assert_int_equal(sequence, wanted[i]);
    }
    assert_false(rtcp_nack_next(&r, &sequence));
}

static void a_nack_takes_what_fits(void **state) {
    (void)state;
    uint8_t b[16];
    const uint16_t wanted[] = {1, 2, 100};
    size_t written = 0;
    assert_int_equal(rtcp_write_nack((struct room){b, sizeof(b)}, 1, 2, wanted, 3, &written), 16);
    assert_int_equal(written, 2);
    assert_int_equal(rtcp_write_nack((struct room){b, 15}, 1, 2, wanted, 3, &written), -ENOSPC);
}

static void key_frame_requests_read_back(void **state) {
    (void)state;
    uint8_t b[32], command;
    uint32_t sender, media;
    struct rtcp_packet p = only(b, rtcp_write_pli((struct room){b, sizeof(b)}, 1, 2));
    assert_true(rtcp_is_pli(&p));
    assert_int_equal(rtcp_parse_feedback(&p, &sender, &media), 0);
    assert_true(sender == 1 && media == 2);
    assert_int_equal(rtcp_parse_fir(&p, 0, &media, &command), -EBADMSG);
    p = only(b, rtcp_write_fir((struct room){b, sizeof(b)}, 1, 2, 250));
    assert_false(rtcp_is_pli(&p));
    assert_int_equal(rtcp_parse_fir(&p, 0, &media, &command), 0);
    assert_true(media == 2 && command == 250);
    assert_int_equal(rtcp_parse_fir(&p, 1, &media, &command), -ENOENT);
}

static void remb_reads_back_within_its_precision(void **state) {
    (void)state;
    uint8_t b[64];
    const uint32_t ssrcs[] = {1, 2};
    const uint64_t rates[] = {0, 262143, 262144, 2500000, UINT64_MAX};
    for (size_t i = 0; i < 5; i++) {
        uint64_t rate;
        struct rtcp_packet p =
            only(b, rtcp_write_remb((struct room){b, sizeof(b)}, 1, rates[i], ssrcs, 2));
        assert_int_equal(rtcp_parse_remb(&p, &rate), 0);
        assert_true(rate <= rates[i] && rates[i] - rate <= rates[i] >> 17);
    }
    struct rtcp_packet p = only(b, rtcp_write_pli((struct room){b, sizeof(b)}, 1, 2));
    uint64_t rate;
    p.count = RTCP_PSFB_AFB;
    assert_int_equal(rtcp_parse_remb(&p, &rate), -ENOENT);
}

static void byes_read_back(void **state) {
    (void)state;
    uint8_t b[32];
    const uint32_t ssrcs[] = {7, 8};
    uint32_t got[RTCP_SOURCES_MAX];
    struct rtcp_packet p = only(b, rtcp_write_bye((struct room){b, sizeof(b)}, ssrcs, 2));
    assert_int_equal(rtcp_parse_bye(&p, got), 2);
    assert_true(got[0] == 7 && got[1] == 8);
    p.count = 3;
    assert_int_equal(rtcp_parse_bye(&p, got), -EBADMSG);
}

static void broken_compounds_are_refused(void **state) {
    (void)state;
    struct rtcp_packet p;
    const uint8_t too_long[] = {0x80, 201, 0, 2, 0, 0, 0, 1};
    const uint8_t version[] = {0x40, 201, 0, 0};
    const uint8_t padding_zero[] = {0xa0, 201, 0, 1, 0, 0, 0, 0};
    const uint8_t padding_beyond[] = {0xa0, 201, 0, 1, 0, 0, 0, 5};
    const uint8_t padding_of_nothing[] = {0xa0, 201, 0, 0};
    struct bytes rest = bytes_of(too_long, sizeof(too_long));
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
    rest = bytes_of(too_long, 3);
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
    rest = bytes_of(version, sizeof(version));
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
    rest = bytes_of(padding_zero, sizeof(padding_zero));
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
    rest = bytes_of(padding_beyond, sizeof(padding_beyond));
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
    rest = bytes_of(padding_of_nothing, sizeof(padding_of_nothing));
    assert_int_equal(rtcp_next(&rest, &p), -EBADMSG);
}

static void broken_names_are_refused(void **state) {
    (void)state;
    uint32_t ssrc;
    struct bytes cname;
    const uint8_t unended[] = {0, 0, 0, 1, 1, 2, 'a', 'b'};
    const uint8_t too_long[] = {0, 0, 0, 1, 1, 9, 'a', 0};
    struct rtcp_packet p = {RTCP_SDES, 1, bytes_of(unended, sizeof(unended))};
    assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), -EBADMSG);
    p.body = bytes_of(too_long, sizeof(too_long));
    assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), -EBADMSG);
    p.body = bytes_of(NULL, 0);
    assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), -EBADMSG);
    p.count = 0;
    assert_int_equal(rtcp_parse_sdes(&p, &ssrc, &cname), -ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compound_of_report_and_names_reads_back),
        cmocka_unit_test(receiver_reports_read_back),
        cmocka_unit_test(a_report_count_beyond_the_packet_is_refused),
        cmocka_unit_test(every_length_of_cname_ends_with_a_zero),
        cmocka_unit_test(nacks_pack_and_expand),
        cmocka_unit_test(a_nack_takes_what_fits),
        cmocka_unit_test(key_frame_requests_read_back),
        cmocka_unit_test(remb_reads_back_within_its_precision),
        cmocka_unit_test(byes_read_back),
        cmocka_unit_test(broken_compounds_are_refused),
        cmocka_unit_test(broken_names_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
