#include "routing/acknowledged_rate.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static usec_t feed(struct acknowledged_rate *a, usec_t from, uint64_t rate, usec_t span) {
    const usec_t step = 1000 * 8 * SEC(1) / rate;
    usec_t at = from;
    for (; at < from + span; at += step) {
        acknowledged_rate_add(a, at, 1000);
    }
    return at;
}

static void a_steady_rate_is_found(void **state) {
    (void)state;
    struct acknowledged_rate a;
    acknowledged_rate_init(&a);
    assert_int_equal(acknowledged_rate_get(&a), 0);
    usec_t at = feed(&a, SEC(7), 2000000, MSEC(60));
    assert_int_equal(acknowledged_rate_get(&a), 0); /* too little to say */
    at = feed(&a, at, 2000000, SEC(1));
    assert_in_range(acknowledged_rate_get(&a), 1900000, 2100000);
}

static void a_step_shows_within_the_window(void **state) {
    (void)state;
    struct acknowledged_rate a;
    acknowledged_rate_init(&a);
    usec_t at = feed(&a, SEC(7), 5000000, SEC(1));
    at = feed(&a, at, 1000000, ACKNOWLEDGED_WINDOW + MSEC(40));
    assert_in_range(acknowledged_rate_get(&a), 900000, 1100000);
}

static void a_pause_lowers_it_and_a_jump_of_the_clock_starts_anew(void **state) {
    (void)state;
    struct acknowledged_rate a;
    acknowledged_rate_init(&a);
    usec_t at = feed(&a, SEC(7), 1000000, SEC(1));
    acknowledged_rate_add(&a, at + MSEC(240), 1000);
    assert_in_range(acknowledged_rate_get(&a), 100000, 500000);
    acknowledged_rate_add(&a, at + SEC(100), 1000);
    assert_int_equal(acknowledged_rate_get(&a), 0);
    acknowledged_rate_add(&a, SEC(1), 1000); /* back */
    assert_int_equal(acknowledged_rate_get(&a), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_rate_is_found),
        cmocka_unit_test(a_step_shows_within_the_window),
        cmocka_unit_test(a_pause_lowers_it_and_a_jump_of_the_clock_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
