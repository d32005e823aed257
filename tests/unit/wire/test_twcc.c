#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/twcc.h"

#define TICK 250

/* Writes, parses, and compares: the same packets lost, the same distances in time. */
static size_t round_trip(const usec_t *arrivals, size_t count, size_t room) {
    uint8_t b[2048];
    usec_t got[TWCC_STATUSES_MAX];
    struct twcc_feedback feedback = {.sender = 1, .media = 2, .base = 65530, .count = 9}, read;
    size_t covered = 0;
    int n = twcc_write((struct room){b, room}, &feedback, arrivals, count, &covered);
    assert_true(n > 0 && n % 4 == 0 && (size_t)n <= room);
    assert_true(covered > 0 && covered <= count);
    struct bytes rest = bytes_of(b, (size_t)n);
    struct rtcp_packet packet;
    assert_int_equal(rtcp_next(&rest, &packet), 1);
    assert_int_equal(rest.n, 0);
    assert_int_equal(twcc_parse(&packet, &read, got, TWCC_STATUSES_MAX), covered);
    assert_true(read.sender == 1 && read.media == 2 && read.base == 65530 && read.count == 9);
    usec_t offset = arrivals[0] / TICK * TICK - got[0];
    for (size_t i = 0; i < covered; i++) {
        if (arrivals[i] == TWCC_LOST) {
            assert_true(got[i] == TWCC_LOST);
        } else {
            assert_true(got[i] + offset == arrivals[i] / TICK * TICK);
        }
    }
    return covered;
}

static void steady_arrivals_read_back(void **state) {
    (void)state;
    usec_t a[300];
    for (size_t i = 0; i < 300; i++) {
        a[i] = SEC(5) + i * 1333;
    }
    assert_int_equal(round_trip(a, 300, 1200), 300);
}

static void every_small_pattern_of_loss_reads_back(void **state) {
    (void)state;
    usec_t a[13];
    for (unsigned pattern = 0; pattern < 1u << 12; pattern++) {
        a[0] = MSEC(1234567);
        for (size_t i = 1; i < 13; i++) {
            a[i] = pattern & (1u << (i - 1)) ? TWCC_LOST : a[0] + i * 500;
        }
        assert_int_equal(round_trip(a, 13, 1200), 13);
    }
}

static void gaps_and_reordering_take_large_deltas(void **state) {
    (void)state;
    usec_t a[60];
    for (size_t i = 0; i < 60; i++) {
        a[i] = SEC(100) + i * MSEC(1) + (i % 5 == 0 ? MSEC(90) : 0) + (i > 40 ? SEC(3) : 0);
        if (i % 7 == 3) {
            a[i] = TWCC_LOST;
        }
    }
    assert_int_equal(round_trip(a, 60, 1200), 60);
}

static void long_runs_of_loss_are_cheap(void **state) {
    (void)state;
    static usec_t a[1000];
    for (size_t i = 0; i < 1000; i++) {
        a[i] = i == 0 || i == 999 ? SEC(1) + i * 100 : TWCC_LOST;
    }
    assert_int_equal(round_trip(a, 1000, 40), 1000);
}

static void what_does_not_fit_is_left_for_the_next(void **state) {
    (void)state;
    usec_t a[500];
    for (size_t i = 0; i < 500; i++) {
        a[i] = SEC(5) + i * 777 + (i % 3 ? 0 : MSEC(70));
    }
    for (size_t room = 28; room < 400; room++) {
        assert_true(round_trip(a, 500, room) < 500);
    }
    a[1] = a[0] + SEC(9); /* more than 16 bits of 250 µs */
    assert_int_equal(round_trip(a, 2, 1200), 1);
}

static void nothing_to_say_is_refused(void **state) {
    (void)state;
    uint8_t b[64];
    struct twcc_feedback f = {0};
    const usec_t lost = TWCC_LOST, one = SEC(1);
    size_t covered;
    assert_int_equal(twcc_write((struct room){b, 64}, &f, &lost, 1, &covered), -EINVAL);
    assert_int_equal(twcc_write((struct room){b, 64}, &f, &one, 0, &covered), -EINVAL);
    assert_int_equal(twcc_write((struct room){b, 20}, &f, &one, 1, &covered), -ENOSPC);
}

static void truncated_feedback_is_refused(void **state) {
    (void)state;
    /* libwebrtc-style: base 1, 3 statuses, reference 2, one-bit vector 101, two small deltas */
    const uint8_t body[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 3, 0, 0, 2, 5, 0xa8, 0x00, 4, 8};
    struct rtcp_packet p = {RTCP_RTPFB, RTCP_RTPFB_TWCC, bytes_of(body, sizeof(body))};
    struct twcc_feedback f;
    usec_t a[3];
    assert_int_equal(twcc_parse(&p, &f, a, 3), 3);
    assert_true(a[0] == 128000 + 4 * TICK && a[1] == TWCC_LOST && a[2] == 128000 + 12 * TICK);
    assert_int_equal(twcc_parse(&p, &f, a, 2), -EMSGSIZE);
    for (size_t n = 0; n < sizeof(body); n++) {
        p.body = bytes_of(body, n);
        assert_int_equal(twcc_parse(&p, &f, a, 3), -EBADMSG);
    }
}

static void empty_runs_do_not_loop_for_ever(void **state) {
    (void)state;
    const uint8_t body[] = {0, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0, 3, 0, 0, 2, 5, 0, 0, 0, 0};
    struct rtcp_packet p = {RTCP_RTPFB, RTCP_RTPFB_TWCC, bytes_of(body, sizeof(body))};
    struct twcc_feedback f;
    usec_t a[3];
    assert_int_equal(twcc_parse(&p, &f, a, 3), -EBADMSG);
}

static void the_extension_has_two_bytes(void **state) {
    (void)state;
    assert_int_equal(twcc_parse_extension(bytes_of("\x12\x34", 2)), 0x1234);
    assert_int_equal(twcc_parse_extension(bytes_of("\x12", 1)), -EBADMSG);
    assert_int_equal(twcc_parse_extension(bytes_of(NULL, 0)), -EBADMSG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_arrivals_read_back),
        cmocka_unit_test(every_small_pattern_of_loss_reads_back),
        cmocka_unit_test(gaps_and_reordering_take_large_deltas),
        cmocka_unit_test(long_runs_of_loss_are_cheap),
        cmocka_unit_test(what_does_not_fit_is_left_for_the_next),
        cmocka_unit_test(nothing_to_say_is_refused),
        cmocka_unit_test(truncated_feedback_is_refused),
        cmocka_unit_test(empty_runs_do_not_loop_for_ever),
        cmocka_unit_test(the_extension_has_two_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
