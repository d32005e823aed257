/* wire/stun.h: STUN messages (RFC 8489) as ICE uses them (RFC 8445 §7). Stateless; spans returned
 * point into the datagram. */
#pragma once
#include "base/address.h"
#include "base/spans.h"

#define STUN_HEADER_SIZE 20
#define STUN_TXID_SIZE 12
#define STUN_BINDING 0x001
#define STUN_UNKNOWN_MAX 8
#define STUN_MESSAGE_MAX 600 /* no message written here is longer */

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

struct stun_message {
    enum stun_class message_class;
    uint16_t method; /* STUN_BINDING */
    uint8_t txid[STUN_TXID_SIZE];
    struct bytes username; /* p is NULL when absent */
    struct address mapped; /* XOR-MAPPED-ADDRESS; family 0 when absent */
    bool has_priority;
    uint32_t priority;
    bool use_candidate;
    bool ice_controlling, ice_controlled;
    uint64_t tie_breaker;  /* with either of the two */
    uint16_t error_code;   /* 300..699 in STUN_ERROR, else 0 */
    size_t integrity_at;   /* offset of MESSAGE-INTEGRITY, 0 when absent */
    size_t fingerprint_at; /* offset of FINGERPRINT, 0 when absent; always last */
    size_t unknown_count;  /* comprehension-required attributes not understood (§14) */
    uint16_t unknown[STUN_UNKNOWN_MAX]; /* the first few of them */
};

/* True when the first bytes can only be STUN (RFC 7983 §7 and the magic cookie). */
bool stun_is_message(struct bytes datagram);

/* Parses a whole datagram. Attributes after MESSAGE-INTEGRITY are ignored but for FINGERPRINT
 * (RFC 8489 §14.5). 0, or -EBADMSG for anything malformed. Nothing is authenticated here. */
int stun_parse(struct bytes datagram, struct stun_message *ret);

/* True when MESSAGE-INTEGRITY is there and made with `pwd` (short-term credentials, RFC 8489 §9.1).
 * `m` came from stun_parse of the same datagram. */
bool stun_check_integrity(struct bytes datagram, const struct stun_message *m, struct bytes pwd);

/* True when FINGERPRINT is there and right (RFC 8489 §14.7). */
bool stun_check_fingerprint(struct bytes datagram, const struct stun_message *m);

/* The writers return the size, or -ENOSPC; STUN_MESSAGE_MAX bytes of room always do. Each message
 * ends with MESSAGE-INTEGRITY (left out when `pwd` is empty) and FINGERPRINT. */

/* Binding success response with XOR-MAPPED-ADDRESS. */
int stun_write_success(struct room room, const uint8_t txid[static STUN_TXID_SIZE],
                       const struct address *mapped, struct bytes pwd);

/* Binding error response. `code` is 300..699; `reason` is cut at 127 bytes. With code 420,
 * `unknown` lists the attributes (may be NULL when `unknown_count` is 0). */
int stun_write_error(struct room room, const uint8_t txid[static STUN_TXID_SIZE], unsigned code,
                     const char *reason, const uint16_t *unknown, size_t unknown_count,
                     struct bytes pwd);

struct stun_request {
    uint8_t txid[STUN_TXID_SIZE];
    struct bytes username; /* at most 508 bytes; left out when empty */
    uint32_t priority;
    bool use_candidate;
    bool controlling; /* ICE-CONTROLLING, else ICE-CONTROLLED */
    uint64_t tie_breaker;
};

/* Binding request, for test and load clients. Needs up to STUN_MESSAGE_MAX bytes. */
int stun_write_request(struct room room, const struct stun_request *request, struct bytes pwd);

/* Binding request without any attribute but FINGERPRINT, as to a public STUN server. */
int stun_write_probe(struct room room, const uint8_t txid[static STUN_TXID_SIZE]);
