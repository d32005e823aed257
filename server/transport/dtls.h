/* transport/dtls.h: one DTLS 1.2 association (RFC 6347) that agrees on SRTP keys (RFC 5764) and
 * carries no data. Both ends prove themselves by the certificate fingerprint of the SDP (RFC 8122).
 *
 * One thread per association; an identity is read-only after it was made and may be shared by
 * threads. The one impure module of the core: OpenSSL reads the real clock and its own random
 * source. */
#pragma once
#include "base/clock.h"
#include "base/spans.h"
#include "transport/srtp.h"
#include "wire/media_types.h"

#define DTLS_MTU 1200 /* no datagram of ours is larger (UDP payload) */

enum dtls_role { DTLS_SERVER, DTLS_CLIENT };

enum dtls_state {
    DTLS_HANDSHAKE,
    DTLS_OPEN,   /* keys are there */
    DTLS_CLOSED, /* close_notify was sent or received */
    DTLS_FAILED  /* handshake, fingerprint or no common SRTP profile */
};

/* A fresh self-signed ECDSA P-256 certificate with its key. NULL without memory. */
struct dtls_identity *dtls_identity_new(void);
void dtls_identity_free(
    struct dtls_identity *identity); /* NULL is fine; outlives every association */

/* SHA-256, "AA:BB:…" for a=fingerprint:sha-256. Valid as long as the identity. */
const char *dtls_identity_fingerprint(const struct dtls_identity *identity);

/* The same as a value, for the other end. */
void dtls_identity_digest(const struct dtls_identity *identity, struct dtls_fingerprint *ret);

struct dtls;

/* A client has its first flight ready for dtls_output at once. NULL without memory, or when
 * `expected` is empty or names a hash that is not sha-256, sha-384 or sha-512 of the right size. */
struct dtls *dtls_new(struct dtls_identity *identity, enum dtls_role role,
                      const struct dtls_fingerprint *expected);
void dtls_free(struct dtls *dtls); /* NULL is fine; sends nothing */

/* As dtls_new, offering or accepting only these SRTP profiles, in this order (tests, load client).
 */
struct dtls *dtls_new_with_profiles(struct dtls_identity *identity, enum dtls_role role,
                                    const struct dtls_fingerprint *expected,
                                    const enum srtp_profile profiles[], size_t profile_count);

/* Takes one datagram from a path that ICE allows; then drain dtls_output and look at dtls_state.
 * 0 (also for what DTLS drops in silence); -EBADMSG: no DTLS records, nothing changed;
 * -EPROTO: this ended the handshake, the state is FAILED; -ENOTCONN: already closed or failed. */
int dtls_input(struct dtls *dtls, struct bytes datagram);

/* Writes the next datagram to send. Its size, 0 when there is none, -ENOSPC below DTLS_MTU of room.
 */
int dtls_output(struct dtls *dtls, struct room room);

/* When dtls_timeout should be called; USEC_NEVER when nothing is outstanding. */
usec_t dtls_next_timeout(const struct dtls *dtls, usec_t now);

/* Retransmits the last flight if it is due (50 ms, doubling to 1.6 s); after 12 in vain: FAILED. */
void dtls_timeout(struct dtls *dtls);

enum dtls_state dtls_state(const struct dtls *dtls);

/* Why it FAILED, a fixed text for logs ("fingerprint", "profile", "timeout", "handshake"); else "".
 */
const char *dtls_failure(const struct dtls *dtls);

/* 0, or -ENOTCONN unless OPEN. */
int dtls_srtp_keys(const struct dtls *dtls, struct srtp_keys *ret);

/* The peer was heard over SRTP, so it has our last flight: frees everything but what reading and
 * writing a close_notify takes (a few hundred bytes). To be called on the first packet that opens;
 * harmless at any other time. */
void dtls_settle(struct dtls *dtls);

/* Queues a close_notify when OPEN; the state becomes CLOSED. */
void dtls_close(struct dtls *dtls);
