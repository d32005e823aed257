#include "signal/checksum.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct checksum {
    EVP_MD_CTX *ctx;
    uint8_t expected[CHECKSUM_MAX];
    size_t size;
    bool failed;
};

static int decode(const char *base64, struct checksum *c) {
    uint8_t out[CHECKSUM_MAX + 4];
    size_t n = strlen(base64), padding = 0;

    if (n == 0 || n % 4 != 0 || n / 4 * 3 > sizeof out) {
        return -EINVAL;
    }
    while (padding < 2 && base64[n - 1 - padding] == '=') {
        padding++;
    }
    int got = EVP_DecodeBlock(out, (const uint8_t *)base64, (int)n);
    if (got < 0 || (size_t)got - padding != c->size) {
        return -EINVAL;
    }
    memcpy(c->expected, out, c->size);
    return 0;
}

int checksum_new(const char *field, struct checksum **ret) {
    const EVP_MD *md;
    size_t name = strcspn(field, " ");

    if (name == 4 && strncmp(field, "sha1", 4) == 0) {
        md = EVP_sha1();
    } else if (name == 6 && strncmp(field, "sha256", 6) == 0) {
        md = EVP_sha256();
    } else {
        return field[name] == '\0' ? -EINVAL : -ENOTSUP;
    }
    if (field[name] == '\0') {
        return -EINVAL;
    }
    struct checksum *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return -ENOMEM;
    }
    c->size = (size_t)EVP_MD_get_size(md);
    int r = decode(field + name + 1, c);
    if (r == 0) {
        c->ctx = EVP_MD_CTX_new();
        r = c->ctx != NULL && EVP_DigestInit_ex(c->ctx, md, NULL) == 1 ? 0 : -ENOMEM;
    }
    if (r < 0) {
        checksum_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void checksum_free(struct checksum *c) {
    if (c != NULL) {
        EVP_MD_CTX_free(c->ctx);
        free(c);
    }
}

void checksum_add(struct checksum *c, struct bytes piece) {
    c->failed |= EVP_DigestUpdate(c->ctx, piece.p, piece.n) != 1;
}

bool checksum_matches(struct checksum *c) {
    uint8_t got[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    return !c->failed && EVP_DigestFinal_ex(c->ctx, got, &n) == 1 && n == c->size &&
           memcmp(got, c->expected, n) == 0;
}
