#include "wire/hash.h"

#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

int hmac_sha1(struct bytes key, struct bytes data, uint8_t ret_mac[static HMAC_SHA1_SIZE]) {
    static const uint8_t nothing[1]; /* HMAC() takes a NULL key for "no key" */
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (key.n > INT_MAX ||
        !HMAC(EVP_sha1(), key.n ? key.p : nothing, (int)key.n, data.p, data.n, mac, &size) ||
        size != HMAC_SHA1_SIZE) {
        return -ENOMEM;
    }
    memcpy(ret_mac, mac, HMAC_SHA1_SIZE);
    return 0;
}

bool hash_equal(const uint8_t *a, const uint8_t *b, size_t n) {
    return CRYPTO_memcmp(a, b, n) == 0;
}
