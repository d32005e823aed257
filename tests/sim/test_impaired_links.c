/* tests/sim/test_impaired_links.c: loss, alone or in bursts, delay and jitter cost neither the use
 * of the link nor the flow of the picture. The source follows the estimate. */
#include "paced.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct link {
    uint64_t rate;
    usec_t delay, jitter;
    double loss, burst; /* share lost alone; share of packets in bursts, half of which are lost */
    size_t queue;
};

struct outcome {
    double use;
    unsigned delay; /* 95 % in the queue, ms */
    usec_t freeze;
    unsigned freezes;
};

static struct outcome run(const struct link *l, uint64_t seed) {
    static struct paced p;
    struct paced *flows[] = {&p};
    struct network n;
    usec_t now = SEC(10);
    network_init(&n, l->rate, l->delay, l->queue, seed);
    n.jitter = l->jitter;
    n.loss = l->loss;
    if (l->burst > 0) { /* bursts of ten packets */
        n.burst_leave = 0.1;
        n.burst_enter = 0.1 * l->burst / (1 - l->burst);
        n.burst_loss = 0.5;
    }
    paced_init(&p, &n, 0, now);
    p.freeze_from = now + SEC(3); /* a join has its own test */
    paced_until(&n, flows, 1, NULL, &now, now + SEC(10));
    network_count_anew(&n);
    paced_until(&n, flows, 1, NULL, &now, now + SEC(50));
    const struct outcome r = {.use = (double)n.carried[0] * 8 / 50 / (double)l->rate,
                              .delay = network_delay(&n, 0.95),
                              .freeze = p.freeze_worst,
                              .freezes = p.freezes};
    assert_int_equal(p.counters.refused, 0);
    print_message("%4u kbit/s %3u ms +%2u, loss %4.1f %%, bursts %4.1f %%, queue %4u KB: use %.2f, "
                  "queue p95 %3u ms, longest still %u ms, %u over 500\n",
                  (unsigned)(l->rate / 1000), (unsigned)(l->delay / 1000),
                  (unsigned)(l->jitter / 1000), l->loss * 100, l->burst * 100,
                  (unsigned)(l->queue / 1000), r.use, r.delay, (unsigned)(r.freeze / 1000),
                  r.freezes);
    paced_clear(&p);
    network_clear(&n);
    return r;
}

static void check(const struct link *l, usec_t freeze) {
    /* long bursts look like a full network: the limit by loss then holds some back */
    const double use = l->burst >= 0.10 ? 0.75 : l->burst >= 0.05 ? 0.80 : 0.85;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        const struct outcome r = run(l, seed);
        assert_true(r.use >= use);
        assert_true(r.delay <= 100);
        assert_true(r.freeze <= freeze);
    }
}

static void random_loss_up_to_ten_percent(void **state) {
    (void)state;
    const double losses[] = {0, 0.01, 0.02, 0.05, 0.10};
    for (size_t i = 0; i < 5; i++) {
        const struct link l = {2000000, MSEC(30), MSEC(2), losses[i], 0, 100000};
        check(&l, losses[i] <= 0.05 ? MSEC(500) : SEC(1));
    }
}

static void loss_in_bursts(void **state) {
    (void)state;
    const double bursts[] = {0.02, 0.05, 0.10};
    for (size_t i = 0; i < 3; i++) {
        const struct link l = {2000000, MSEC(30), MSEC(2), 0, bursts[i], 100000};
        check(&l, MSEC(500));
    }
}

static void delays_from_20_to_300_ms(void **state) {
    (void)state;
    const usec_t delays[] = {MSEC(20), MSEC(100), MSEC(300)};
    for (size_t i = 0; i < 3; i++) {
        const struct link l = {2000000, delays[i], 0, 0, 0, 150000};
        check(&l, MSEC(500));
    }
}

static void jitter_of_wifi(void **state) {
    (void)state;
    const usec_t jitters[] = {MSEC(10), MSEC(30)};
    for (size_t i = 0; i < 2; i++) {
        const struct link l = {2000000, MSEC(30), jitters[i], 0.01, 0, 150000};
        check(&l, MSEC(500));
    }
}

static void a_buffer_of_seconds_is_not_filled(void **state) {
    (void)state;
    const struct link l = {1000000, MSEC(30), 0, 0, 0, 500000}; /* 4 s */
    check(&l, MSEC(500));
}

static void a_slow_link(void **state) {
    (void)state;
    const struct link l = {300000, MSEC(50), MSEC(5), 0.01, 0, 40000};
    check(&l, SEC(1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_loss_up_to_ten_percent),     cmocka_unit_test(loss_in_bursts),
        cmocka_unit_test(delays_from_20_to_300_ms),          cmocka_unit_test(jitter_of_wifi),
        cmocka_unit_test(a_buffer_of_seconds_is_not_filled), cmocka_unit_test(a_slow_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
