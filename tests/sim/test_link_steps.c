/* tests/sim/test_link_steps.c: a link that falls from 5 to 1 to 0.3 Mbit/s and comes back to 3 is
 * used well and its queue stays short. The source follows the estimate. */
#include "paced.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define STEP SEC(20)

static const uint64_t rates[] = {5000000, 1000000, 300000, 3000000};

struct outcome {
    double use[4];     /* of the link after 10 s */
    usec_t recovered;  /* after the last step until a second carried 80 % */
    unsigned delay[3]; /* in the queue, ms: half, 95 and 99 percent of all packets */
    usec_t freeze;
    uint64_t padding;
};

static struct outcome run(usec_t delay, uint64_t seed) {
    static struct paced p;
    struct paced *flows[] = {&p};
    struct network n;
    struct outcome r = {.recovered = USEC_NEVER};
    usec_t now = SEC(10);
    network_init(&n, rates[0], delay, 250000, seed);
    paced_init(&p, &n, 0, now);
    for (unsigned step = 0; step < 4; step++) {
        const usec_t begun = now;
        uint64_t late = 0;
        n.rate = rates[step];
        while (now < begun + STEP) {
            const uint64_t before = n.carried[0];
            paced_until(&n, flows, 1, NULL, &now, now + MSEC(500));
            const uint64_t carried = (n.carried[0] - before) * 8 * 2;
            late += now > begun + STEP / 2 ? carried / 2 : 0;
            if (step == 3 && carried * 10 >= n.rate * 8) {
                r.recovered = usec_min(r.recovered, now - begun);
            }
        }
        r.use[step] = (double)late / ((double)n.rate * STEP / SEC(2));
    }
    r.delay[0] = network_delay(&n, 0.5);
    r.delay[1] = network_delay(&n, 0.95);
    r.delay[2] = network_delay(&n, 0.99);
    r.freeze = p.freeze_worst;
    r.padding = p.counters.padding_bytes;
    assert_int_equal(p.counters.refused, 0);
    paced_clear(&p);
    network_clear(&n);
    print_message(
        "delay %3u ms seed %u: use %.2f %.2f %.2f %.2f, back in %.1f s, queue %u %u %u ms, "
        "freeze %u ms, padding %u KB\n",
        (unsigned)(delay / 1000), (unsigned)seed, r.use[0], r.use[1], r.use[2], r.use[3],
        (double)r.recovered / 1e6, r.delay[0], r.delay[1], r.delay[2], (unsigned)(r.freeze / 1000),
        (unsigned)(r.padding / 1000));
    return r;
}

static void every_step_is_used_well_and_without_a_long_queue(void **state) {
    (void)state;
    const usec_t delays[] = {MSEC(20), MSEC(60), MSEC(150)};
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            const struct outcome r = run(delays[i], seed);
            for (unsigned step = 0; step < 4; step++) {
                assert_true(r.use[step] >= 0.85);
            }
            assert_true(r.recovered <= SEC(8));
            assert_true(r.delay[1] <= 100);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_used_well_and_without_a_long_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
