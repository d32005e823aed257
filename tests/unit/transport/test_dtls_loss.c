#include "dtls_pair.h"

static unsigned lost_at;

static bool loses_one(unsigned count) {
    return count == lost_at;
}

/* The same noise in every run. */
static bool loses_a_third(unsigned count) {
    uint32_t x = count * 2654435761u;
    return (x ^ x >> 15) % 3 == 0;
}

static bool loses_all(unsigned count) {
    (void)count;
    return true;
}

/* Whichever datagram of the first six is lost, the last flights included. */
static void any_lost_datagram_is_made_up_for(void **state) {
    (void)state;
    for (lost_at = 1; lost_at <= 6; lost_at++) {
        struct pair p;
        pair_init(&p);
        pair_run(&p, loses_one, false, 20);
        pair_assert_open(&p);
        pair_clear(&p);
    }
}

static void it_gets_through_when_a_third_is_lost(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_run(&p, loses_a_third, false, 20);
    pair_assert_open(&p);
    pair_clear(&p);
}

static void datagrams_may_come_in_the_wrong_order(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_run(&p, NULL, true, 20);
    pair_assert_open(&p);
    pair_clear(&p);
}

static void the_client_asks_again_after_50_ms_and_then_later(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    usec_t first = dtls_next_timeout(p.ends[DTLS_CLIENT], 0);
    assert_true(first > MSEC(20) && first <= MSEC(50));
    assert_true(dtls_next_timeout(p.ends[DTLS_SERVER], 0) == USEC_NEVER);
    pair_run(&p, loses_all, false, 1);
    usec_t second = dtls_next_timeout(p.ends[DTLS_CLIENT], 0);
    assert_true(second > MSEC(60) && second <= MSEC(100));
    assert_int_equal(dtls_state(p.ends[DTLS_CLIENT]), DTLS_HANDSHAKE);
    pair_clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_lost_datagram_is_made_up_for),
        cmocka_unit_test(it_gets_through_when_a_third_is_lost),
        cmocka_unit_test(datagrams_may_come_in_the_wrong_order),
        cmocka_unit_test(the_client_asks_again_after_50_ms_and_then_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
