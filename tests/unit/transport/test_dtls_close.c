#include "dtls_pair.h"

static void close_reaches_the_other_end(enum dtls_role closer, bool closer_settled,
                                        bool other_settled) {
    struct pair p;
    enum dtls_role other = closer == DTLS_SERVER ? DTLS_CLIENT : DTLS_SERVER;
    pair_init(&p);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    if (closer_settled) {
        dtls_settle(p.ends[closer]);
    }
    if (other_settled) {
        dtls_settle(p.ends[other]);
    }
    pair_assert_open(&p);
    dtls_close(p.ends[closer]);
    assert_int_equal(dtls_state(p.ends[closer]), DTLS_CLOSED);
    assert_int_equal(dtls_state(p.ends[other]), DTLS_OPEN);
    pair_run(&p, NULL, false, 0);
    assert_int_equal(dtls_state(p.ends[other]), DTLS_CLOSED);
    uint8_t any[13] = {22, 0xfe, 0xfd};
    assert_int_equal(dtls_input(p.ends[other], bytes_of(any, sizeof any)), -ENOTCONN);
    pair_clear(&p);
}

static void a_close_notify_ends_both_sides(void **state) {
    (void)state;
    close_reaches_the_other_end(DTLS_SERVER, false, false);
    close_reaches_the_other_end(DTLS_CLIENT, false, false);
}

static void a_settled_end_says_goodbye_to_openssl(void **state) {
    (void)state;
    close_reaches_the_other_end(DTLS_SERVER, true, false);
    close_reaches_the_other_end(DTLS_CLIENT, true, false);
}

static void a_settled_end_understands_the_goodbye_of_openssl(void **state) {
    (void)state;
    close_reaches_the_other_end(DTLS_SERVER, false, true);
    close_reaches_the_other_end(DTLS_CLIENT, false, true);
}

static void two_settled_ends_understand_each_other(void **state) {
    (void)state;
    close_reaches_the_other_end(DTLS_SERVER, true, true);
}

static void settling_too_early_changes_nothing(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    dtls_settle(p.ends[DTLS_SERVER]);
    dtls_settle(p.ends[DTLS_CLIENT]);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    dtls_settle(p.ends[DTLS_SERVER]);
    dtls_settle(p.ends[DTLS_SERVER]);
    pair_assert_open(&p);
    assert_true(dtls_next_timeout(p.ends[DTLS_SERVER], 5) == USEC_NEVER);
    dtls_timeout(p.ends[DTLS_SERVER]);
    pair_clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_close_notify_ends_both_sides),
        cmocka_unit_test(a_settled_end_says_goodbye_to_openssl),
        cmocka_unit_test(a_settled_end_understands_the_goodbye_of_openssl),
        cmocka_unit_test(two_settled_ends_understand_each_other),
        cmocka_unit_test(settling_too_early_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
