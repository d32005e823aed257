#include "made.h"

#include <errno.h>

static void asks_for_a_gap_once_a_round_trip_and_gives_up(void **state) {
    (void)state;
    struct nack_generator g;
    uint16_t lost[8];
    unsigned asked = 0;
    nack_generator_init(&g);
    nack_generator_input(&g, 65535, 0);
    nack_generator_input(&g, 65537, 0);
    assert_int_equal(nack_generator_next_timeout(&g), NACK_REORDER);
    usec_t last = 0;
    for (usec_t now; (now = nack_generator_next_timeout(&g)) != USEC_NEVER;) {
        assert_int_equal(nack_generator_output(&g, now, lost, 8), 1);
        assert_int_equal(lost[0], 0);
        assert_int_equal(nack_generator_output(&g, now, lost, 8), 0);
        assert_true(asked == 0 || now - last >= g.rtt);
        last = now;
        asked++;
    }
    assert_int_equal(asked, NACK_TRIES);
}

static void a_reordered_packet_is_not_asked_for(void **state) {
    (void)state;
    struct nack_generator g;
    nack_generator_init(&g);
    nack_generator_input(&g, 100, 0);
    nack_generator_input(&g, 102, 0);
    nack_generator_input(&g, 101, MSEC(1));
    assert_int_equal(nack_generator_next_timeout(&g), USEC_NEVER);
}

static void a_repair_tells_the_round_trip(void **state) {
    (void)state;
    struct nack_generator g;
    uint16_t lost[8];
    nack_generator_init(&g);
    nack_generator_input(&g, 100, 0);
    usec_t now = 0;
    for (uint64_t s = 102; s < 202; s += 2, now += MSEC(100)) {
        nack_generator_input(&g, s, now);
        nack_generator_output(&g, now + NACK_REORDER, lost, 8);
        nack_generator_input(&g, s - 1, now + NACK_REORDER + MSEC(40));
    }
    assert_in_range(g.rtt, MSEC(40), MSEC(41));
}

static void too_many_missing_are_not_asked_for(void **state) {
    (void)state;
    struct nack_generator g;
    nack_generator_init(&g);
    nack_generator_input(&g, 100, 0);
    assert_int_equal(nack_generator_input(&g, 100 + NACK_MISSING_MAX + 2, 0), -EOVERFLOW);
    assert_int_equal(g.count, 0);
    assert_int_equal(nack_generator_input(&g, 100 + NACK_MISSING_MAX + 4, 0), 0);
    assert_int_equal(g.count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_for_a_gap_once_a_round_trip_and_gives_up),
        cmocka_unit_test(a_reordered_packet_is_not_asked_for),
        cmocka_unit_test(a_repair_tells_the_round_trip),
        cmocka_unit_test(too_many_missing_are_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
