/* tests/bench/peer.h: as much of a WebRTC peer as a load test needs: one UDP socket, ICE with one
 * candidate pair (controlling, RFC 8445; consent, RFC 7675), DTLS as the client, SRTP by libsrtp.
 * Shares no code with the server on purpose: what it measures must not depend on it.
 *
 * One thread per peer. Times are CLOCK_MONOTONIC in microseconds. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum peer_state { PEER_NEW, PEER_CHECKING, PEER_HANDSHAKE, PEER_OPEN, PEER_FAILED };

struct ssl_st;
struct bio_st;
struct srtp_ctx_t_;

struct peer {
    int fd;
    enum peer_state state;
    char ufrag[9], pwd[25];
    char remote_ufrag[257], remote_pwd[257];
    struct ssl_st *ssl;
    struct bio_st *in;
    struct srtp_ctx_t_ *seal, *open;
    uint64_t next_check;   /* connectivity or consent check */
    uint64_t next_timeout; /* of the handshake */
};

/* What the peers of this process offer in use_srtp: "SRTP_AEAD_AES_128_GCM" or another name of
 * OpenSSL's. Makes the one certificate they share. 0 or −errno. */
int peer_setup(const char *srtp_profile);
const char *peer_fingerprint(void); /* "AA:BB:…", SHA-256 */
const char *peer_profile(const struct peer *p);

/* Opens the socket at `local` and chooses credentials. 0 or −errno. */
int peer_init(struct peer *p, struct in_addr local);
void peer_clear(struct peer *p); /* sends close_notify when open */

/* Reads credentials and the first IPv4 UDP candidate from the other's SDP and sends the first
 * check. 0, -EINVAL when something is missing, or −errno. */
int peer_start(struct peer *p, const char *sdp, uint64_t now);

/* A datagram that is STUN or DTLS (first byte below 64). */
void peer_input(struct peer *p, const uint8_t *data, size_t size, uint64_t now);

/* Sends what is due. */
void peer_tick(struct peer *p, uint64_t now);

/* In place; `room` has 64 bytes more than `size`. The new size, or −1. */
int peer_seal_rtp(struct peer *p, uint8_t *packet, size_t size);
int peer_seal_rtcp(struct peer *p, uint8_t *packet, size_t size);
int peer_open_rtp(struct peer *p, uint8_t *packet, size_t size);
int peer_open_rtcp(struct peer *p, uint8_t *packet, size_t size);

/* The ICE and DTLS lines of an SDP. */
int peer_sdp_lines(const struct peer *p, const char *setup, char *text, size_t room);
