/* inter_arrival, trendline and overuse_detector, one behind the other as gcc.c has them. */
#include "routing/inter_arrival.h"
#include "routing/overuse_detector.h"
#include "routing/trendline.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct chain {
    struct inter_arrival arrivals;
    struct trendline trend;
    struct overuse_detector detector;
    unsigned overused, underused;
    usec_t first_overuse;
};

static void begin(struct chain *c) {
    *c = (struct chain){.first_overuse = USEC_NEVER};
    inter_arrival_init(&c->arrivals);
    trendline_init(&c->trend);
    overuse_detector_init(&c->detector);
}

static void take(struct chain *c, usec_t sent, usec_t arrival) {
    int64_t ds, da;
    if (!inter_arrival_add(&c->arrivals, sent, arrival, &ds, &da)) {
        return;
    }
    trendline_add(&c->trend, ds, da);
    switch (overuse_detector_add(&c->detector, c->trend.slope, c->trend.count, ds, arrival)) {
    case PATH_OVERUSED:
        c->overused++;
        c->first_overuse = usec_min(c->first_overuse, sent);
        break;
    case PATH_UNDERUSED:
        c->underused++;
        break;
    case PATH_NORMAL:
        break;
    }
}

static void packets_that_left_together_are_one_group(void **state) {
    (void)state;
    struct inter_arrival a;
    int64_t sent, arrival;
    inter_arrival_init(&a);
    for (int i = 0; i < 6; i++) {
        assert_false(
            inter_arrival_add(&a, SEC(1), SEC(5) + MSEC(2) * (unsigned)i, &sent, &arrival));
    }
    assert_false(inter_arrival_add(&a, SEC(1) + MSEC(30), SEC(5) + MSEC(33), &sent, &arrival));
    assert_true(inter_arrival_add(&a, SEC(1) + MSEC(60), SEC(5) + MSEC(70), &sent, &arrival));
    assert_int_equal(sent, MSEC(30));
    assert_int_equal(arrival, MSEC(33)); /* of the first packet of each */
}

static void clocks_that_jump_start_anew(void **state) {
    (void)state;
    struct inter_arrival a;
    int64_t sent, arrival;
    inter_arrival_init(&a);
    inter_arrival_add(&a, SEC(1), SEC(5), &sent, &arrival);
    inter_arrival_add(&a, SEC(2), SEC(6), &sent, &arrival);
    inter_arrival_add(&a, SEC(3), SEC(600), &sent, &arrival);
    assert_false(
        inter_arrival_add(&a, SEC(4), SEC(601), &sent, &arrival)); /* the jump is cut out */
    for (unsigned i = 5; i < 200; i++) {
        if (inter_arrival_add(&a, SEC(i), i % 3 == 0 ? 0 : SEC(9999) / i, &sent, &arrival)) {
            assert_in_range(arrival, 0, SEC(10000));
        }
    }
}

static void a_constant_delay_with_jitter_is_normal(void **state) {
    (void)state;
    struct chain c;
    uint64_t seed = 1;
    usec_t last = 0;
    begin(&c);
    for (unsigned i = 0; i < 3000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        usec_t arrival = SEC(100) + i * MSEC(20) + (seed >> 33) % MSEC(8);
        arrival = arrival > last ? arrival : last;
        last = arrival;
        take(&c, SEC(1) + i * MSEC(20), arrival);
    }
    assert_true(c.overused < 30); /* of 3000: one in a hundred may be wrong */
}

static void a_growing_queue_is_overuse_within_200_ms_and_its_end_underuse(void **state) {
    (void)state;
    struct chain c;
    usec_t arrival = SEC(100);
    begin(&c);
    unsigned i = 0;
    for (; i < 100; i++) {
        take(&c, SEC(1) + i * MSEC(20), arrival += MSEC(20));
    }
    assert_int_equal(c.overused, 0);
    const usec_t step = SEC(1) + i * MSEC(20);
    for (; i < 150; i++) { /* the link carries two thirds */
        take(&c, SEC(1) + i * MSEC(20), arrival += MSEC(30));
    }
    assert_in_range(c.first_overuse, step, step + MSEC(200));
    assert_int_equal(c.underused, 0);
    for (; i < 200; i++) {
        take(&c, SEC(1) + i * MSEC(20), arrival += MSEC(10));
    }
    assert_true(c.underused > 10);
}

static void a_line_has_the_slope_of_its_delay(void **state) {
    (void)state;
    struct trendline t;
    trendline_init(&t);
    for (unsigned i = 0; i < 200; i++) {
        trendline_add(&t, MSEC(20), MSEC(22));
    }
    assert_true(fabs(t.slope - 2.0 / 22) < 0.005);
}

static void the_threshold_follows_a_path_that_others_fill(void **state) {
    (void)state;
    struct overuse_detector d;
    overuse_detector_init(&d);
    for (unsigned i = 1; i < 400; i++) { /* 4 · 60 · 0.08 = 19 ms each way */
        overuse_detector_add(&d, i % 2 ? 0.08 : -0.08, 60, MSEC(20), i * MSEC(20));
    }
    assert_true(d.threshold > 16 && d.threshold < 25);
    for (unsigned i = 400; i < 800; i++) {
        overuse_detector_add(&d, 0, 60, MSEC(20), i * MSEC(20));
    }
    assert_true(d.threshold < 6.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_that_left_together_are_one_group),
        cmocka_unit_test(clocks_that_jump_start_anew),
        cmocka_unit_test(a_constant_delay_with_jitter_is_normal),
        cmocka_unit_test(a_growing_queue_is_overuse_within_200_ms_and_its_end_underuse),
        cmocka_unit_test(a_line_has_the_slope_of_its_delay),
        cmocka_unit_test(the_threshold_follows_a_path_that_others_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
