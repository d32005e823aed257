#include "routing/aimd_rate.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static usec_t run(struct aimd_rate *a, enum path_use use, uint64_t acknowledged, usec_t now,
                  usec_t span) {
    for (const usec_t end = now + span; now < end; now += MSEC(50)) {
        aimd_rate_update(a, use, acknowledged, MSEC(60), now);
    }
    return now;
}

static void it_grows_by_eight_percent_a_second_but_not_beyond_what_arrives(void **state) {
    (void)state;
    struct aimd_rate a;
    aimd_rate_init(&a, 1000000, SEC(1));
    usec_t now = run(&a, PATH_NORMAL, 2000000, SEC(1), SEC(5));
    assert_in_range(a.rate, 1430000, 1500000); /* 1.08^5 = 1.47 */
    run(&a, PATH_NORMAL, 1000000, now, SEC(60));
    assert_in_range(a.rate, 1430000, 1510000);
}

static void overuse_brings_it_below_what_arrives_once_a_round_trip(void **state) {
    (void)state;
    struct aimd_rate a;
    aimd_rate_init(&a, 3000000, SEC(1));
    assert_true(aimd_rate_update(&a, PATH_OVERUSED, 1000000, MSEC(100), SEC(2)));
    assert_in_range(a.rate, 800000, 950000);
    const uint64_t rate = a.rate;
    assert_false(aimd_rate_update(&a, PATH_OVERUSED, 950000, MSEC(100), SEC(2) + MSEC(50)));
    assert_int_equal(a.rate, rate);
    assert_true(aimd_rate_update(&a, PATH_OVERUSED, 950000, MSEC(100), SEC(2) + MSEC(120)));
    assert_true(a.rate < rate);
}

static void near_the_place_of_its_fall_it_grows_slowly(void **state) {
    (void)state;
    struct aimd_rate a;
    aimd_rate_init(&a, 3000000, SEC(1));
    aimd_rate_update(&a, PATH_OVERUSED, 2000000, MSEC(100), SEC(2));
    const uint64_t low = a.rate;
    usec_t now = run(&a, PATH_NORMAL, 1900000, SEC(2), SEC(2));
    assert_in_range(a.rate - low, 20000, 200000); /* additive: packets a response time */
    const uint64_t before = a.rate;
    run(&a, PATH_NORMAL, 4000000, now, SEC(2)); /* more arrives than ever: the path has changed */
    assert_true(a.rate - before > 250000);
}

static void it_waits_while_the_queue_drains_and_stays_within_its_bounds(void **state) {
    (void)state;
    struct aimd_rate a;
    aimd_rate_init(&a, 1000000, SEC(1));
    const usec_t now = run(&a, PATH_UNDERUSED, 2000000, SEC(1), SEC(5));
    assert_int_equal(a.rate, 1000000);
    run(&a, PATH_OVERUSED, 1, now, SEC(60));
    assert_int_equal(a.rate, AIMD_RATE_MIN);
    aimd_rate_set(&a, UINT64_MAX, now);
    assert_int_equal(a.rate, AIMD_RATE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_grows_by_eight_percent_a_second_but_not_beyond_what_arrives),
        cmocka_unit_test(overuse_brings_it_below_what_arrives_once_a_round_trip),
        cmocka_unit_test(near_the_place_of_its_fall_it_grows_slowly),
        cmocka_unit_test(it_waits_while_the_queue_drains_and_stays_within_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
