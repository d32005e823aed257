#include "dtls_pair.h"

/* A generator of its own, so that a failure can be repeated. */
static uint32_t noise(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Datagrams that look like DTLS in their first bytes. */
static size_t make_garbage(uint32_t *seed, uint8_t *ret) {
    size_t n = 1 + noise(seed) % DTLS_MTU;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (uint8_t)noise(seed);
    }
    if (n > 13) {
        ret[0] = (uint8_t)(20 + noise(seed) % 4);
        ret[1] = 0xfe;
        ret[2] = 0xfd;
        write_be16(ret + 3, (uint16_t)(noise(seed) % 3));
        write_be16(ret + 11, (uint16_t)(n - 13));
    }
    return n;
}

static void throw_garbage(struct dtls *d) {
    uint8_t datagram[DTLS_MTU];
    uint32_t seed = 7;
    for (int i = 0; i < 2000; i++) {
        size_t n = make_garbage(&seed, datagram);
        dtls_input(d, bytes_of(datagram, n));
    }
    static const uint8_t forged_close[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0};
    static const uint8_t forged_fatal[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    dtls_input(d, bytes_of(forged_close, sizeof forged_close));
    dtls_input(d, bytes_of(forged_fatal, sizeof forged_fatal));
    assert_int_equal(dtls_input(d, bytes_of("hello", 5)), -EBADMSG);
}

static void garbage_does_not_end_an_open_session(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    pair_run(&p, NULL, false, 0);
    throw_garbage(p.ends[DTLS_SERVER]);
    throw_garbage(p.ends[DTLS_CLIENT]);
    pair_assert_open(&p);
    dtls_settle(p.ends[DTLS_SERVER]);
    throw_garbage(p.ends[DTLS_SERVER]);
    pair_assert_open(&p);
    dtls_close(p.ends[DTLS_CLIENT]);
    pair_run(&p, NULL, false, 0);
    assert_int_equal(dtls_state(p.ends[DTLS_SERVER]), DTLS_CLOSED);
    pair_clear(&p);
}

static void what_is_no_dtls_does_not_disturb_a_handshake(void **state) {
    (void)state;
    struct pair p;
    pair_init(&p);
    static const uint8_t cut[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 1};
    uint8_t early[64] = {23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 1, 0, sizeof early - 13};
    for (int i = 0; i < 200; i++) {
        assert_int_equal(dtls_input(p.ends[DTLS_SERVER], bytes_of(cut, sizeof cut)), -EBADMSG);
        assert_int_equal(dtls_input(p.ends[DTLS_SERVER], bytes_of(early, sizeof early)), 0);
    }
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    pair_clear(&p);
}

static void a_fresh_server_survives_garbage_or_says_failed(void **state) {
    (void)state;
    uint8_t datagram[DTLS_MTU], answer[DTLS_MTU];
    struct dtls_identity *identity = dtls_identity_new();
    struct dtls_fingerprint expected;
    dtls_identity_digest(identity, &expected);
    uint32_t seed = 11;
    for (int i = 0; i < 300; i++) {
        struct dtls *d = dtls_new(identity, DTLS_SERVER, &expected);
        for (int k = 0; k < 5; k++) {
            size_t n = make_garbage(&seed, datagram);
            dtls_input(d, bytes_of(datagram, n));
            while (dtls_output(d, (struct room){answer, sizeof answer}) > 0) {
            }
        }
        assert_int_not_equal(dtls_state(d), DTLS_OPEN);
        dtls_free(d);
    }
    dtls_identity_free(identity);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(garbage_does_not_end_an_open_session),
        cmocka_unit_test(what_is_no_dtls_does_not_disturb_a_handshake),
        cmocka_unit_test(a_fresh_server_survives_garbage_or_says_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
