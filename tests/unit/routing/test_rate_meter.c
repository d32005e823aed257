/* tests/unit/routing/test_rate_meter.c: bits a second from a count of bytes, looked at now and
 * then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "routing/rate_meter.h"

#include <cmocka.h>

static void a_steady_stream_is_measured_from_the_first_half_second(void **state) {
    (void)state;
    struct rate_meter m = {0};
    usec_t now = SEC(5);
    uint64_t bytes = 1000000;
    assert_int_equal(rate_meter_read(&m, bytes, now), 0);
    for (unsigned i = 0; i < 100; i++) {
        now += MSEC(100);
        bytes += 12500; /* 1 Mbit/s */
        const uint64_t bits = rate_meter_read(&m, bytes, now);
        if (now >= SEC(5) + RATE_METER_SAMPLE) {
            assert_in_range(bits, 990000, 1010000);
        }
    }
}

static void a_burst_does_not_count_for_long_and_silence_is_seen(void **state) {
    (void)state;
    struct rate_meter m = {0};
    uint64_t bytes = 0;
    usec_t now = SEC(1);
    for (; now < SEC(10); now += MSEC(500)) {
        rate_meter_read(&m, bytes += 62500, now);
    }
    bytes += 50000; /* a key frame */
    assert_in_range(rate_meter_read(&m, bytes += 62500, now), 1000000, 1250000);
    for (unsigned i = 0; i < 12; i++) {
        now += MSEC(500);
        rate_meter_read(&m, bytes += 62500, now);
    }
    assert_in_range(m.bits_s, 990000, 1020000);
    assert_in_range(rate_meter_read(&m, bytes, now + SEC(3)), 0, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_stream_is_measured_from_the_first_half_second),
        cmocka_unit_test(a_burst_does_not_count_for_long_and_silence_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
