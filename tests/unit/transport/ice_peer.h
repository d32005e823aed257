/* The other end of an ICE-lite agent: a full agent's checks, made by hand. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "transport/ice.h"
#include "wire/hash.h"
#include "wire/stun.h"
#include <stdio.h>

static const struct ice_credentials ours = {"ours", "our-password-of-enough-length"};
static const struct ice_credentials theirs = {"theirs", "their-password-of-enough-length"};

static inline struct path path_from(const char *remote, uint16_t port) {
    struct path p = {0};
    assert_int_equal(address_parse(remote, port, &p.remote), 0);
    assert_int_equal(address_parse("10.0.0.1", 7000, &p.local), 0);
    return p;
}

/* Writes a Binding request as the peer `remote` would send it to `local`. */
static inline size_t make_check(const struct ice_credentials *local,
                                const struct ice_credentials *remote, bool nominate,
                                uint8_t ret[static 600]) {
    char username[2 * ICE_UFRAG_MAX];
    snprintf(username, sizeof username, "%s:%s", local->ufrag, remote->ufrag);
    struct stun_request request = {.txid = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
                                   .username = bytes_of_text(username),
                                   .priority = 1853824767,
                                   .use_candidate = nominate,
                                   .controlling = true,
                                   .tie_breaker = 42};
    int n = stun_write_request((struct room){ret, 600}, &request, bytes_of_text(local->pwd));
    assert_true(n > 0);
    return (size_t)n;
}

/* Gives the agent a check that must be right, and reads its answer. */
static inline void check_succeeds(struct ice *ice, const struct ice_credentials *local,
                                  const struct ice_credentials *remote, const struct path *path,
                                  bool nominate, usec_t now) {
    uint8_t request[600], answer[ICE_RESPONSE_MAX];
    struct stun_message m;
    struct path to;
    size_t n = make_check(local, remote, nominate, request);
    assert_int_equal(ice_input(ice, bytes_of(request, n), path, now), 0);
    int a = ice_output(ice, (struct room){answer, sizeof answer}, &to);
    assert_true(a > 0);
    assert_true(path_equal(&to, path));
    struct bytes datagram = bytes_of(answer, (size_t)a);
    assert_int_equal(stun_parse(datagram, &m), 0);
    assert_int_equal(m.message_class, STUN_SUCCESS);
    assert_memory_equal(m.txid, request + 8, STUN_TXID_SIZE);
    assert_true(address_equal(&m.mapped, &path->remote));
    assert_true(stun_check_integrity(datagram, &m, bytes_of_text(local->pwd)));
    assert_true(stun_check_fingerprint(datagram, &m));
    assert_int_equal(ice_output(ice, (struct room){answer, sizeof answer}, &to), 0);
}
