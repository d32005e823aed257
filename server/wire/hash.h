/* wire/hash.h: the keyed hash of STUN. The only place in wire that knows OpenSSL. */
#pragma once
#include "base/spans.h"

#define HMAC_SHA1_SIZE 20

/* HMAC-SHA1 (RFC 2104). 0, or -ENOMEM; nothing is written on failure. */
int hmac_sha1(struct bytes key, struct bytes data, uint8_t ret_mac[static HMAC_SHA1_SIZE]);

/* Compares in time that does not depend on where they differ. */
bool hash_equal(const uint8_t *a, const uint8_t *b, size_t n);
