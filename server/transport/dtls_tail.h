/* transport/dtls_tail.h: what is left of a DTLS association that only waits for its end: the record
 * keys, to read and write an alert (RFC 6347 §4.1, RFC 5288). It takes the place of OpenSSL's
 * object, which holds some forty kilobytes. */
#pragma once
#include "base/spans.h"
#include <openssl/ssl.h>

#define DTLS_ALERT_RECORD 39 /* header 13, nonce 8, alert 2, tag 16 */

struct dtls_record_key {
    uint8_t key[32];
    uint8_t iv[4];
};

struct dtls_tail {
    size_t key_size; /* 16 or 32: AES-128-GCM or AES-256-GCM */
    struct dtls_record_key read, write;
};

/* Derives the keys of an association whose handshake is over (RFC 5246 §6.3). 0, -ENOTSUP for a
 * cipher that is not AES-GCM, or -ENOMEM. */
int dtls_tail_init(struct dtls_tail *tail, const SSL *ssl, bool server);

/* True when the datagram holds an authentic close_notify or fatal alert. */
bool dtls_tail_ends(const struct dtls_tail *tail, struct bytes datagram);

/* Writes a close_notify record. DTLS_ALERT_RECORD, or -EIO. May be used once. */
int dtls_tail_close(const struct dtls_tail *tail, uint8_t ret_record[static DTLS_ALERT_RECORD]);
