/* A DTLS client and server with a queue in each direction, for the tests. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "transport/dtls.h"

struct pair {
    struct dtls_identity *identities[2]; /* by enum dtls_role */
    struct dtls *ends[2];
    size_t largest; /* datagram seen */
    unsigned count; /* datagrams seen */
};

/* True: the datagram is lost. `count` starts at 1. */
typedef bool (*pair_loses)(unsigned count);

static inline void pair_init(struct pair *p) {
    memset(p, 0, sizeof *p);
    for (int role = 0; role < 2; role++) {
        p->identities[role] = dtls_identity_new();
        assert_non_null(p->identities[role]);
    }
    for (int role = 0; role < 2; role++) {
        struct dtls_fingerprint expected;
        dtls_identity_digest(p->identities[!role], &expected);
        p->ends[role] = dtls_new(p->identities[role], (enum dtls_role)role, &expected);
        assert_non_null(p->ends[role]);
    }
}

static inline void pair_clear(struct pair *p) {
    for (int role = 0; role < 2; role++) {
        dtls_free(p->ends[role]);
        dtls_identity_free(p->identities[role]);
    }
}

/* Moves everything `from` has to say to the other end. True when there was something. */
static inline bool pair_move(struct pair *p, enum dtls_role from, pair_loses loses, bool reverse) {
    static uint8_t datagrams[16][DTLS_MTU];
    size_t sizes[16], count = 0;
    int n;
    while (count < 16 &&
           (n = dtls_output(p->ends[from], (struct room){datagrams[count], DTLS_MTU})) > 0) {
        sizes[count++] = (size_t)n;
        p->largest = (size_t)n > p->largest ? (size_t)n : p->largest;
    }
    for (size_t k = 0; k < count; k++) {
        size_t i = reverse ? count - 1 - k : k;
        p->count++;
        if (loses == NULL || !loses(p->count)) {
            dtls_input(p->ends[from == DTLS_SERVER ? DTLS_CLIENT : DTLS_SERVER],
                       bytes_of(datagrams[i], sizes[i]));
        }
    }
    return count > 0;
}

/* Runs until neither end has anything to say nor waits for a timer, or `tries` timers fired. */
static inline void pair_run(struct pair *p, pair_loses loses, bool reverse, unsigned tries) {
    for (;;) {
        bool moved = pair_move(p, DTLS_CLIENT, loses, reverse);
        moved = pair_move(p, DTLS_SERVER, loses, reverse) || moved;
        if (moved) {
            continue;
        }
        usec_t left = usec_min(dtls_next_timeout(p->ends[0], 0), dtls_next_timeout(p->ends[1], 0));
        if (left == USEC_NEVER || tries-- == 0) {
            return;
        }
        struct timespec wait = {(time_t)(left / SEC(1)), (long)(left % SEC(1)) * 1000};
        nanosleep(&wait, NULL);
        dtls_timeout(p->ends[0]);
        dtls_timeout(p->ends[1]);
    }
}

static inline void pair_assert_open(const struct pair *p) {
    struct srtp_keys keys[2];
    assert_int_equal(dtls_state(p->ends[DTLS_CLIENT]), DTLS_OPEN);
    assert_int_equal(dtls_state(p->ends[DTLS_SERVER]), DTLS_OPEN);
    assert_int_equal(dtls_srtp_keys(p->ends[0], &keys[0]), 0);
    assert_int_equal(dtls_srtp_keys(p->ends[1], &keys[1]), 0);
    assert_int_equal(keys[0].profile, keys[1].profile);
    assert_memory_equal(&keys[0].local, &keys[1].remote, sizeof keys[0].local);
    assert_memory_equal(&keys[0].remote, &keys[1].local, sizeof keys[0].local);
    assert_memory_not_equal(&keys[0].local, &keys[0].remote, sizeof keys[0].local);
}
