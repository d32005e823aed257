/* libsrtp as the reference for sealing, and packets to seal. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <srtp2/srtp.h>
#include <stdlib.h>

#include "transport/srtp.h"

#define PACKET_MAX 1500

static inline void make_keys(enum srtp_profile profile, struct srtp_keys *ret) {
    memset(ret, 0, sizeof *ret);
    ret->profile = profile;
    for (uint8_t i = 0; i < 16; i++) {
        ret->local.key[i] = (uint8_t)(17 * i + 3);
        ret->remote.key[i] = (uint8_t)(31 * i + 5);
    }
    for (uint8_t i = 0; i < 14; i++) {
        ret->local.salt[i] = (uint8_t)(101 - 7 * i);
        ret->remote.salt[i] = (uint8_t)(13 * i + 1);
    }
}

/* The same keys as the other end has them. */
static inline struct srtp_keys swapped(const struct srtp_keys *keys) {
    return (struct srtp_keys){keys->profile, keys->remote, keys->local};
}

/* A libsrtp session that seals with keys->local. */
static inline srtp_t reference_new(const struct srtp_keys *keys) {
    static uint8_t key[30];
    srtp_policy_t policy = {.ssrc = {.type = ssrc_any_outbound}, .window_size = 1024, .key = key};
    bool gcm = keys->profile == SRTP_PROFILE_GCM_128;
    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
    }
    memcpy(key, keys->local.key, 16);
    memcpy(key + 16, keys->local.salt, gcm ? 12 : 14);
    srtp_t session;
    static bool ready;
    if (!ready) {
        srtp_init(); /* refused when the server's part was first to start it, which is as well */
        ready = true;
    }
    assert_int_equal(srtp_create(&session, &policy), srtp_err_status_ok);
    return session;
}

/* A header of 12 bytes + CSRCs + `extension` words (0: no X bit). */
static inline size_t make_header(uint8_t *p, uint16_t sequence, uint32_t ssrc, unsigned csrcs,
                                 unsigned extension) {
    p[0] = (uint8_t)(0x80 | (extension > 0 ? 0x10 : 0) | csrcs);
    p[1] = 96;
    write_be16(p + 2, sequence);
    write_be32(p + 4, sequence * 3000u);
    write_be32(p + 8, ssrc);
    size_t n = 12;
    for (unsigned i = 0; i < csrcs; i++, n += 4) {
        write_be32(p + n, 1000 + i);
    }
    if (extension > 0) {
        write_be16(p + n, 0xbede);
        write_be16(p + n + 2, (uint16_t)extension);
        memset(p + n + 4, 0x10, extension * 4u);
        n += 4 + extension * 4u;
    }
    return n;
}
