#include "transport/srtp_rtcp_open.h"
#include "transport/srtp_kdf.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>

#define TAG 16
#define HEADER 8
#define ENCRYPTED 0x80000000u
#define WINDOW 64u

struct srtcp_open {
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[12];
};

struct srtcp_open *srtcp_open_new(const struct srtp_master *remote) {
    struct srtcp_open *o = calloc(1, sizeof *o);
    uint8_t key[16];
    if (o == NULL) {
        return NULL;
    }
    const struct bytes salt = bytes_of(remote->salt, sizeof o->salt);
    o->cipher = EVP_CIPHER_CTX_new();
    const bool ok =
        o->cipher != NULL &&
        srtp_derive(remote->key, salt, SRTP_LABEL_RTCP_KEY, (struct room){key, sizeof key}) == 0 &&
        srtp_derive(remote->key, salt, SRTP_LABEL_RTCP_SALT,
                    (struct room){o->salt, sizeof o->salt}) == 0 &&
        EVP_DecryptInit_ex(o->cipher, EVP_aes_128_gcm(), NULL, key, NULL) == 1;
    explicit_bzero(key, sizeof key);
    if (!ok) {
        srtcp_open_free(o);
        return NULL;
    }
    return o;
}

void srtcp_open_free(struct srtcp_open *o) {
    if (o != NULL) {
        EVP_CIPHER_CTX_free(o->cipher);
        explicit_bzero(o, sizeof *o);
        free(o);
    }
}

/* RFC 7714 §9.1: 00 00 | SSRC | 00 00 | index, XOR salt. */
static void make_iv(const struct srtcp_open *o, uint32_t ssrc, uint32_t index,
                    uint8_t ret[static 12]) {
    ret[0] = ret[1] = 0;
    write_be32(ret + 2, ssrc);
    ret[6] = ret[7] = 0;
    write_be32(ret + 8, index);
    for (size_t i = 0; i < 12; i++) {
        ret[i] ^= o->salt[i];
    }
}

static bool is_new(const struct srtcp_replay *r, uint32_t index) {
    if (!r->started || index > r->highest) {
        return true;
    }
    const uint32_t back = r->highest - index;
    return back < WINDOW && (r->seen >> back & 1) == 0;
}

static void note(struct srtcp_replay *r, uint32_t index) {
    if (!r->started || index > r->highest) {
        const uint32_t step = r->started ? index - r->highest : WINDOW;
        r->seen = (step < WINDOW ? r->seen << step : 0) | 1;
        r->highest = index;
        r->started = true;
    } else {
        r->seen |= UINT64_C(1) << (r->highest - index);
    }
}

int srtcp_open_gcm(struct srtcp_open *o, struct srtcp_replay *replay, uint8_t *packet,
                   size_t size) {
    if (size < HEADER + SRTCP_GCM_OVERHEAD || size > UINT16_MAX) {
        return -EBADMSG;
    }
    const size_t plain = size - SRTCP_GCM_OVERHEAD;
    uint8_t *tag = packet + plain;
    const uint8_t *word = tag + TAG;
    const uint32_t index = read_be32(word) & ~ENCRYPTED;
    /* What is not encrypted is authenticated with the header (RFC 7714 §9.3). */
    const size_t clear = read_be32(word) & ENCRYPTED ? HEADER : plain;
    uint8_t iv[12];
    int n;
    if (!is_new(replay, index)) {
        return -EALREADY;
    }
    make_iv(o, read_be32(packet + 4), index, iv);
    if (EVP_DecryptInit_ex(o->cipher, NULL, NULL, NULL, iv) != 1 ||
        EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
        EVP_DecryptUpdate(o->cipher, NULL, &n, packet, (int)clear) != 1 ||
        EVP_DecryptUpdate(o->cipher, NULL, &n, word, 4) != 1 ||
        (plain > clear && EVP_DecryptUpdate(o->cipher, packet + clear, &n, packet + clear,
                                            (int)(plain - clear)) != 1) ||
        EVP_DecryptFinal_ex(o->cipher, packet + plain, &n) != 1) {
        return -EBADMSG;
    }
    note(replay, index);
    return (int)plain;
}
