/* tests/sim/test_shared_links.c: viewers behind one bottleneck share it, and a flow like TCP
 * neither starves them nor is starved. */
#include "paced.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void two_viewers_share_within_one_to_one_and_a_half(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        static struct paced a, b;
        struct paced *one[] = {&a}, *both[] = {&a, &b};
        struct network n;
        usec_t now = SEC(10);
        network_init(&n, 4000000, MSEC(30), 200000, seed);
        paced_init(&a, &n, 0, now);
        paced_until(&n, one, 1, NULL, &now, now + SEC(10)); /* the second comes later */
        paced_init(&b, &n, 1, now);
        paced_until(&n, both, 2, NULL, &now, now + SEC(20));
        network_count_anew(&n);
        paced_until(&n, both, 2, NULL, &now, now + SEC(60));
        const double first = (double)n.carried[0] * 8 / 60, second = (double)n.carried[1] * 8 / 60;
        const double ratio = first > second ? first / second : second / first;
        print_message("seed %u: %.0f and %.0f kbit/s of 4000, 1:%.2f, queue p95 %u ms\n",
                      (unsigned)seed, first / 1000, second / 1000, ratio, network_delay(&n, 0.95));
        assert_true(ratio <= 1.5);
        assert_true(first + second >= 0.85 * 4000000);
        assert_true(network_delay(&n, 0.95) <= 100);
        paced_clear(&a);
        paced_clear(&b);
        network_clear(&n);
    }
}

static void a_flow_like_tcp_leaves_room_and_goes(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        static struct paced p;
        static struct tcp_flow tcp;
        struct paced *flows[] = {&p};
        struct network n;
        usec_t now = SEC(10);
        network_init(&n, 4000000, MSEC(30), 60000, seed); /* 120 ms */
        paced_init(&p, &n, 0, now);
        paced_until(&n, flows, 1, NULL, &now, now + SEC(15));
        tcp_flow_init(&tcp, 1, n.delay);
        paced_until(&n, flows, 1, &tcp, &now, now + SEC(10));
        network_count_anew(&n);
        paced_until(&n, flows, 1, &tcp, &now, now + SEC(50));
        const double beside = (double)n.carried[0] / (double)(n.carried[0] + n.carried[1]);
        paced_until(&n, flows, 1, NULL, &now, now + SEC(8));
        const uint64_t before = n.carried[0];
        paced_until(&n, flows, 1, NULL, &now, now + SEC(5));
        const double after = (double)(n.carried[0] - before) * 8 / 5 / 4000000;
        print_message("seed %u: %.0f %% beside TCP, %.0f %% of the link 8 s after it went, longest "
                      "still %u ms\n",
                      (unsigned)seed, beside * 100, after * 100, (unsigned)(p.freeze_worst / 1000));
        assert_true(beside >= 0.10 && beside <= 0.75);
        assert_true(after >= 0.80);
        paced_clear(&p);
        network_clear(&n);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_viewers_share_within_one_to_one_and_a_half),
        cmocka_unit_test(a_flow_like_tcp_leaves_room_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
