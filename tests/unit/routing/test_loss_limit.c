#include "routing/loss_limit.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LINK 1000000.0

/* Loses `inherent` of everything, and what a link of 1 Mbit/s without a queue cannot carry. */
static usec_t run(struct loss_limit *l, double inherent, uint64_t rate_max, usec_t now,
                  usec_t span) {
    double owed = 0;
    for (const usec_t end = now + span; now < end; now += MSEC(100)) {
        const double rate = (double)(l->limit < rate_max ? l->limit : rate_max);
        const double full = rate > LINK ? 1 - LINK / rate : 0;
        owed += 20 * (1 - (1 - inherent) * (1 - full));
        const size_t lost = (size_t)owed;
        owed -= (double)lost;
        loss_limit_add(l, lost, 20, (uint64_t)rate, now);
    }
    return now;
}

static void loss_by_a_full_network_brings_it_down_to_what_the_network_carries(void **state) {
    (void)state;
    struct loss_limit l;
    loss_limit_init(&l, 100000000, SEC(1));
    const usec_t now = run(&l, 0, 3000000, SEC(1), SEC(30));
    assert_in_range(l.limit, 600000, 1500000);
    run(&l, 0, 3000000, now, SEC(30));
    assert_in_range(l.limit, 600000, 1500000);
}

static void loss_that_stays_whatever_is_sent_belongs_to_the_link(void **state) {
    (void)state;
    struct loss_limit l;
    loss_limit_init(&l, 100000000, SEC(1));
    usec_t now = run(&l, 0.2, 800000, SEC(1), SEC(20));
    assert_true(l.limit >= 800000);
    assert_true(l.inherent > 0.15);
    now = run(&l, 0.0, 800000, now, SEC(200)); /* it heals, and is forgotten */
    assert_true(l.inherent < 0.05);
    assert_true(l.limit > 1000000);
}

static void a_little_loss_limits_nothing(void **state) {
    (void)state;
    struct loss_limit l;
    loss_limit_init(&l, 2000000, SEC(1));
    run(&l, 0.05, 900000, SEC(1), SEC(10));
    assert_int_equal(l.limit, 2000000); /* between low and high: held */
    run(&l, 0.01, 900000, SEC(11), SEC(2));
    assert_true(l.limit > 2000000);
}

static void few_packets_say_nothing(void **state) {
    (void)state;
    struct loss_limit l;
    loss_limit_init(&l, 2000000, SEC(1));
    loss_limit_add(&l, 10, 10, 2000000, SEC(5));
    assert_int_equal(l.limit, 2000000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loss_by_a_full_network_brings_it_down_to_what_the_network_carries),
        cmocka_unit_test(loss_that_stays_whatever_is_sent_belongs_to_the_link),
        cmocka_unit_test(a_little_loss_limits_nothing),
        cmocka_unit_test(few_packets_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
