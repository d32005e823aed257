#include "routing/probe.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Sends a cluster at its rate over a link of `link` bits a second; when it is over. */
static usec_t send_cluster(struct probe *p, uint64_t link, usec_t now) {
    usec_t arrival = now + MSEC(30);
    bool last = false;
    for (unsigned i = 0; !last && i < 500; i++) {
        const uint8_t cluster = probe_cluster(p, now);
        assert_true(cluster != 0);
        last = probe_sent(p, 1000, now);
        arrival = (arrival > now + MSEC(30) ? arrival : now + MSEC(30)) + 8000 * SEC(1) / link;
        probe_arrived(p, cluster, now, arrival, 1000);
        now += 8000 * SEC(1) / p->rate;
    }
    assert_true(last);
    return now;
}

static void a_cluster_finds_what_the_link_carries_but_not_more_than_it_sent(void **state) {
    (void)state;
    struct probe p;
    probe_init(&p, SEC(1));
    assert_false(probe_begin(&p, 1000000, 8000000, SEC(1) + MSEC(100)));
    assert_true(probe_begin(&p, 1000000, 8000000, SEC(3)));
    usec_t now = send_cluster(&p, 10000000, SEC(3));
    assert_in_range(probe_result(&p, now), 1800000, 2100000); /* twice the estimate was sent */
    assert_true(probe_begin(&p, 2000000, 8000000, now + MSEC(200))); /* found: on at once */
    now = send_cluster(&p, 2500000, now + MSEC(200));
    assert_in_range(probe_result(&p, now), 2250000, 2500000); /* 0.95 of the link */
}

static void none_goes_beyond_what_is_wanted(void **state) {
    (void)state;
    struct probe p;
    probe_init(&p, SEC(1));
    assert_int_equal(probe_next_timeout(&p, 2000000, 2000000), USEC_NEVER);
    assert_false(probe_begin(&p, 2000000, 2000000, SEC(9)));
    assert_true(probe_begin(&p, 2000000, 2500000, SEC(9)));
    assert_int_equal(p.rate, 2750000);
}

static void what_finds_nothing_is_tried_ever_more_rarely(void **state) {
    (void)state;
    struct probe p;
    usec_t now = SEC(1), gap = 0;
    unsigned probes = 0;
    probe_init(&p, now);
    while (now < SEC(300)) {
        const usec_t due = probe_next_timeout(&p, 1000000, 2000000);
        assert_true(due - now >= gap || due - now >= PROBE_RARELY - MSEC(100));
        gap = due - now > MSEC(100) ? due - now - MSEC(100) : 0;
        now = due;
        assert_true(probe_begin(&p, 1000000, 2000000, now));
        now = send_cluster(&p, 1000000, now);
        assert_in_range(probe_result(&p, now), 900000, 1000000);
        probes++;
    }
    assert_in_range(probes, 14, 20);
    probe_again(&p, now); /* the path changed */
    assert_int_equal(probe_next_timeout(&p, 1000000, 2000000), now + PROBE_SOON);
}

static void the_first_burst_is_measured_too(void **state) {
    (void)state;
    struct probe p;
    probe_init(&p, SEC(1));
    probe_begin_burst(&p, 2000000, SEC(1));
    for (unsigned i = 0; i < 12; i++) { /* 3 Mbit/s */
        probe_sent(&p, 1000, SEC(1));
        probe_arrived(&p, probe_cluster(&p, SEC(1)), SEC(1), SEC(2) + i * 8000 / 3, 1000);
    }
    assert_int_equal(probe_result(&p, SEC(1)), 0);
    assert_int_equal(probe_cluster(&p, SEC(1) + MSEC(33)), 0); /* what leaves later is not of it */
    assert_in_range(probe_result(&p, SEC(1) + MSEC(40)), 2700000, 3000000);
}

static void a_cluster_that_is_lost_or_bunched_says_nothing(void **state) {
    (void)state;
    struct probe p;
    probe_init(&p, SEC(1));
    assert_true(probe_begin(&p, 1000000, 8000000, SEC(3)));
    for (unsigned i = 0; i < 20 && p.state == PROBE_SENDING; i++) {
        probe_sent(&p, 1000, SEC(3) + i * MSEC(4));
        probe_arrived(&p, p.cluster, SEC(3) + i * MSEC(4), SEC(9) + i * 10, 1000);
    }
    assert_int_equal(probe_result(&p, SEC(3) + MSEC(200)), 0); /* came a hundred times as fast */
    assert_true(probe_begin(&p, 1000000, 8000000, SEC(20)));
    while (!probe_sent(&p, 1000, SEC(20))) {
    }
    probe_arrived(&p, (uint8_t)(p.cluster + 1), SEC(20), SEC(26), 1000); /* of another */
    assert_int_equal(probe_result(&p, SEC(20) + MSEC(500)), 0);
    assert_int_equal(p.state, PROBE_WAITING);
    assert_int_equal(probe_result(&p, SEC(22)), 0);
    assert_int_equal(p.state, PROBE_IDLE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cluster_finds_what_the_link_carries_but_not_more_than_it_sent),
        cmocka_unit_test(none_goes_beyond_what_is_wanted),
        cmocka_unit_test(what_finds_nothing_is_tried_ever_more_rarely),
        cmocka_unit_test(the_first_burst_is_measured_too),
        cmocka_unit_test(a_cluster_that_is_lost_or_bunched_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
