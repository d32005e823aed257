#include "made.h"

static void loss_and_highest_are_those_of_rfc_3550(void **state) {
    (void)state;
    struct receive_stats s;
    struct rtcp_report r;
    receive_stats_init(&s, 90000);
    for (uint64_t i = 0; i < 100; i++) {
        if (i % 4 != 3) {
            receive_stats_input(&s, 0x10000 + i, (uint32_t)(i * 900), 100, SEC(1) + MSEC(10) * i);
        }
    }
    receive_stats_report(&s, 7, SEC(3), &r);
    assert_int_equal(r.ssrc, 7);
    assert_int_equal(r.highest, 0x10000 + 98);
    assert_int_equal(r.lost, 24);
    assert_int_equal(r.fraction_lost, 24 * 256 / 99);
    assert_int_equal(r.jitter, 0);
    receive_stats_report(&s, 7, SEC(4), &r);
    assert_int_equal(r.fraction_lost, 0); /* nothing new was expected */
}

static void jitter_follows_the_arrivals(void **state) {
    (void)state;
    struct receive_stats s;
    struct rtcp_report r;
    receive_stats_init(&s, 90000);
    for (uint64_t i = 0; i < 400; i++) { /* every other packet 10 ms late: |D| is 900 ticks */
        receive_stats_input(&s, i, (uint32_t)(i * 1800), 100,
                            SEC(1) + MSEC(20) * i + (i % 2) * MSEC(10));
    }
    receive_stats_report(&s, 7, SEC(20), &r);
    assert_in_range(r.jitter, 880, 900);
}

static void the_delay_since_a_sender_report_is_told(void **state) {
    (void)state;
    struct receive_stats s;
    struct rtcp_report r;
    receive_stats_init(&s, 90000);
    receive_stats_sender_report(&s, 0x1122334455667788u, SEC(5));
    receive_stats_report(&s, 7, SEC(5) + MSEC(500), &r);
    assert_int_equal(r.last_sr, 0x33445566);
    assert_int_equal(r.delay, 32768);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_and_highest_are_those_of_rfc_3550),
        cmocka_unit_test(jitter_follows_the_arrivals),
        cmocka_unit_test(the_delay_since_a_sender_report_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
