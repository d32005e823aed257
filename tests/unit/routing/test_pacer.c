/* What leaves in any stretch of time stays below the formula of routing/pacer.h. */
#include "routing/pacer.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SENDS 20000
static struct {
    usec_t at;
    size_t bytes;
} sends[SENDS];
static size_t count;

/* Greedy: asks each `step` µs and sends as long as it may. */
static void run(struct pacer *p, size_t size, usec_t step, usec_t span) {
    count = 0;
    for (usec_t now = SEC(1); now < SEC(1) + span; now += step) {
        while (pacer_ready(p, now)) {
            pacer_sent(p, size, now);
            assert_true(count < SENDS);
            sends[count].at = now;
            sends[count++].bytes = size;
        }
    }
}

static void check_formula(uint64_t rate, usec_t burst, size_t size) {
    for (size_t a = 0; a < count; a += 7) {
        uint64_t bytes = 0;
        for (size_t b = a; b < count && b < a + 600; b++) {
            bytes += sends[b].bytes;
            const usec_t span = sends[b].at - sends[a].at + burst;
            assert_true(bytes <= rate * span / SEC(8) + size + 1);
        }
    }
}

static void no_stretch_of_time_has_more_than_the_formula_allows(void **state) {
    (void)state;
    const uint64_t rates[] = {100000, 1000000, 30000000};
    const size_t sizes[] = {100, 1250};
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 2; k++) {
            struct pacer p;
            pacer_init(&p, rates[i], PACER_BURST);
            run(&p, sizes[k], 700, MSEC(400));
            check_formula(rates[i], PACER_BURST, sizes[k]);
            const uint64_t least = rates[i] * MSEC(400) / SEC(8);
            assert_true(count * sizes[k] >= least); /* and nothing is given away */
        }
    }
}

static void a_burst_leaves_at_once_and_the_rest_later(void **state) {
    (void)state;
    struct pacer p;
    pacer_init(&p, 2400000, PACER_BURST); /* 12,000 bytes in the burst */
    run(&p, 1200, MSEC(100), 1);
    assert_in_range(count, 10, 11);
    assert_false(pacer_ready(&p, SEC(1) + 1));
    const usec_t next = pacer_next(&p, PACER_GRID);
    assert_int_equal(next % PACER_GRID, 0);
    assert_in_range(next, SEC(1) + PACER_BURST / 2, SEC(1) + PACER_BURST / 2 + MSEC(10));
    assert_true(pacer_ready(&p, next));
}

static void what_is_sent_without_asking_is_paid_back(void **state) {
    (void)state;
    struct pacer p;
    pacer_init(&p, 800000, 0);
    for (int i = 0; i < 10; i++) {
        pacer_sent(&p, 1000, SEC(1)); /* 10 ms each */
    }
    assert_false(pacer_ready(&p, SEC(1) + MSEC(99)));
    assert_true(pacer_ready(&p, SEC(1) + MSEC(101)));
}

static void a_change_of_rate_keeps_the_debt_in_bytes(void **state) {
    (void)state;
    struct pacer p;
    pacer_init(&p, 800000, 0);
    pacer_sent(&p, 10000, SEC(1)); /* 100 ms */
    pacer_set(&p, 8000000, 0, SEC(1));
    assert_false(pacer_ready(&p, SEC(1) + MSEC(9)));
    assert_true(pacer_ready(&p, SEC(1) + MSEC(11)));
    pacer_set(&p, 0, 0, SEC(2)); /* never stands still */
    pacer_sent(&p, 10, SEC(2));
    assert_true(pacer_ready(&p, SEC(3)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_stretch_of_time_has_more_than_the_formula_allows),
        cmocka_unit_test(a_burst_leaves_at_once_and_the_rest_later),
        cmocka_unit_test(what_is_sent_without_asking_is_paid_back),
        cmocka_unit_test(a_change_of_rate_keeps_the_debt_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
