/* Seals outgoing packets by OpenSSL: AES-GCM (RFC 7714) and AES-CM with HMAC-SHA1 (RFC 3711).
 *
 * The keys are set once; a packet costs one IV, one pass and a tag, without allocation. HMAC is
 * made of SHA-1 states that have already swallowed the padded key: EVP has no way to copy such a
 * state without allocating, so the low-level functions are used although OpenSSL 3 calls them old.
 */
#define OPENSSL_API_COMPAT 0x10101000L
#include "transport/srtp.h"
#include "transport/srtp_kdf.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/sha.h>
#include <stdlib.h>

#define GCM_TAG 16
#define SHA1_TAG 10
#define SRTCP_INDEX_MAX 0x7fffffffu

struct mac_key {
    SHA_CTX inner, outer;
};

struct sealer { /* one for RTP, one for RTCP: they have different session keys */
    EVP_CIPHER_CTX *cipher;
    uint8_t salt[14];
    struct mac_key mac; /* CM_SHA1_80 only */
};

struct srtp_out {
    enum srtp_profile profile;
    struct sealer rtp, rtcp;
    uint32_t rtcp_index;
};

/* RFC 2104 §4 */
static void mac_key_init(struct mac_key *m, const uint8_t key[static 20]) {
    uint8_t pad[SHA_CBLOCK];
    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < 20; i++) {
        pad[i] ^= key[i];
    }
    SHA1_Init(&m->inner);
    SHA1_Update(&m->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    SHA1_Init(&m->outer);
    SHA1_Update(&m->outer, pad, sizeof pad);
    explicit_bzero(pad, sizeof pad);
}

/* HMAC-SHA1 over message and word, cut to SHA1_TAG bytes. */
static void write_mac(const struct mac_key *m, struct bytes message, struct bytes word,
                      uint8_t *ret_tag) {
    uint8_t digest[SHA_DIGEST_LENGTH];
    SHA_CTX c = m->inner;
    SHA1_Update(&c, message.p, message.n);
    if (word.n > 0) {
        SHA1_Update(&c, word.p, word.n);
    }
    SHA1_Final(digest, &c);
    c = m->outer;
    SHA1_Update(&c, digest, sizeof digest);
    SHA1_Final(digest, &c);
    memcpy(ret_tag, digest, SHA1_TAG);
}

static int sealer_init(struct sealer *s, const struct srtp_keys *keys,
                       enum srtp_label first_label) {
    bool gcm = keys->profile == SRTP_PROFILE_GCM_128;
    size_t salt_size = gcm ? 12 : 14;
    struct bytes salt = bytes_of(keys->local.salt, salt_size);
    uint8_t key[16], auth[20];
    int error = srtp_derive(keys->local.key, salt, first_label + SRTP_LABEL_RTP_KEY,
                            (struct room){key, sizeof key});
    if (error == 0) {
        error = srtp_derive(keys->local.key, salt, first_label + SRTP_LABEL_RTP_AUTH,
                            (struct room){auth, sizeof auth});
    }
    if (error == 0) {
        error = srtp_derive(keys->local.key, salt, first_label + SRTP_LABEL_RTP_SALT,
                            (struct room){s->salt, salt_size});
    }
    if (error == 0) {
        s->cipher = EVP_CIPHER_CTX_new();
        const EVP_CIPHER *algorithm = gcm ? EVP_aes_128_gcm() : EVP_aes_128_ctr();
        if (s->cipher == NULL || EVP_EncryptInit_ex(s->cipher, algorithm, NULL, key, NULL) != 1) {
            error = -ENOMEM;
        }
        if (!gcm) {
            mac_key_init(&s->mac, auth);
        }
    }
    explicit_bzero(key, sizeof key);
    explicit_bzero(auth, sizeof auth);
    return error;
}

struct srtp_out *srtp_out_new(const struct srtp_keys *keys) {
    if (keys->profile != SRTP_PROFILE_GCM_128 && keys->profile != SRTP_PROFILE_CM_SHA1_80) {
        return NULL;
    }
    struct srtp_out *out = calloc(1, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    out->profile = keys->profile;
    if (sealer_init(&out->rtp, keys, SRTP_LABEL_RTP_KEY) < 0 ||
        sealer_init(&out->rtcp, keys, SRTP_LABEL_RTCP_KEY) < 0) {
        srtp_out_free(out);
        return NULL;
    }
    return out;
}

void srtp_out_free(struct srtp_out *out) {
    if (out != NULL) {
        EVP_CIPHER_CTX_free(out->rtp.cipher);
        EVP_CIPHER_CTX_free(out->rtcp.cipher);
        explicit_bzero(out, sizeof *out);
        free(out);
    }
}

/* RFC 7714 §8.1 and §9.1: 00 00 | SSRC | ROC or 00 00 | SEQ or SRTCP index, XOR salt. Both end in
 * the 48-bit index. */
static void gcm_iv(const struct sealer *s, uint32_t ssrc, uint64_t index,
                   uint8_t ret_iv[static 12]) {
    ret_iv[0] = ret_iv[1] = 0;
    write_be32(ret_iv + 2, ssrc);
    write_be16(ret_iv + 6, (uint16_t)(index >> 32));
    write_be32(ret_iv + 8, (uint32_t)index);
    for (size_t i = 0; i < 12; i++) {
        ret_iv[i] ^= s->salt[i];
    }
}

/* RFC 3711 §4.1.1: (salt * 2^16) XOR (SSRC * 2^64) XOR (index * 2^16) */
static void cm_iv(const struct sealer *s, uint32_t ssrc, uint64_t index,
                  uint8_t ret_iv[static 16]) {
    write_be32(ret_iv, 0);
    write_be32(ret_iv + 4, ssrc);
    write_be16(ret_iv + 8, (uint16_t)(index >> 32));
    write_be32(ret_iv + 10, (uint32_t)index);
    for (size_t i = 0; i < 14; i++) {
        ret_iv[i] ^= s->salt[i];
    }
    ret_iv[14] = ret_iv[15] = 0;
}

static bool encrypt_parts(EVP_CIPHER_CTX *cipher, const struct bytes parts[], size_t part_count,
                          uint8_t *ret_text) {
    for (size_t i = 0; i < part_count; i++) {
        int n;
        if (parts[i].n > 0) {
            if (EVP_EncryptUpdate(cipher, ret_text, &n, parts[i].p, (int)parts[i].n) != 1) {
                return false;
            }
            ret_text += parts[i].n;
        }
    }
    return true;
}

static bool gcm_seal(const struct sealer *s, const uint8_t iv[static 12], struct bytes aad1,
                     struct bytes aad2, const struct bytes parts[], size_t part_count,
                     uint8_t *ret_text, uint8_t *ret_tag) {
    int n;
    if (EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv) != 1 ||
        EVP_EncryptUpdate(s->cipher, NULL, &n, aad1.p, (int)aad1.n) != 1 ||
        (aad2.n > 0 && EVP_EncryptUpdate(s->cipher, NULL, &n, aad2.p, (int)aad2.n) != 1) ||
        !encrypt_parts(s->cipher, parts, part_count, ret_text) ||
        EVP_EncryptFinal_ex(s->cipher, ret_tag, &n) != 1) {
        return false;
    }
    OSSL_PARAM get[] = {{OSSL_CIPHER_PARAM_AEAD_TAG, OSSL_PARAM_OCTET_STRING, ret_tag, GCM_TAG, 0},
                        OSSL_PARAM_END};
    return EVP_CIPHER_CTX_get_params(s->cipher, get) == 1;
}

static bool cm_encrypt(const struct sealer *s, uint32_t ssrc, uint64_t index,
                       const struct bytes parts[], size_t part_count, uint8_t *ret_text) {
    uint8_t iv[16];
    cm_iv(s, ssrc, index, iv);
    return EVP_EncryptInit_ex(s->cipher, NULL, NULL, NULL, iv) == 1 &&
           encrypt_parts(s->cipher, parts, part_count, ret_text);
}

int srtp_out_seal(struct srtp_out *out, struct bytes header, const struct bytes parts[],
                  size_t part_count, uint64_t index, struct room room) {
    if (header.n < 12) {
        return -EINVAL;
    }
    size_t size = header.n;
    for (size_t i = 0; i < part_count; i++) {
        size += parts[i].n;
    }
    size_t tag_size = out->profile == SRTP_PROFILE_GCM_128 ? GCM_TAG : SHA1_TAG;
    if (room.n < size + tag_size) {
        return -ENOSPC;
    }
    uint32_t ssrc = read_be32(header.p + 8);
    memcpy(room.p, header.p, header.n);
    if (out->profile == SRTP_PROFILE_GCM_128) {
        uint8_t iv[12];
        gcm_iv(&out->rtp, ssrc, index, iv);
        if (!gcm_seal(&out->rtp, iv, header, bytes_of(NULL, 0), parts, part_count,
                      room.p + header.n, room.p + size)) {
            return -EIO;
        }
    } else {
        uint8_t roc[4];
        if (!cm_encrypt(&out->rtp, ssrc, index, parts, part_count, room.p + header.n)) {
            return -EIO;
        }
        write_be32(roc, (uint32_t)(index >> 16));
        write_mac(&out->rtp.mac, bytes_of(room.p, size), bytes_of(roc, 4), room.p + size);
    }
    return (int)(size + tag_size);
}

/* RFC 3711 §3.4 and RFC 7714 §9.3: the E flag and the index follow the text; GCM puts its tag
 * before them and authenticates them with the header, CM puts the tag last. */
int srtp_out_seal_rtcp(struct srtp_out *out, struct bytes packet, struct room room) {
    if (packet.n < 8) {
        return -EINVAL;
    }
    bool gcm = out->profile == SRTP_PROFILE_GCM_128;
    size_t size = packet.n + 4 + (gcm ? GCM_TAG : SHA1_TAG);
    if (room.n < size) {
        return -ENOSPC;
    }
    if (out->rtcp_index > SRTCP_INDEX_MAX) {
        return -EOVERFLOW;
    }
    uint32_t ssrc = read_be32(packet.p + 4);
    uint64_t index = out->rtcp_index++;
    struct bytes body = bytes_from(packet, 8);
    uint8_t word[4];
    write_be32(word, 0x80000000u | (uint32_t)index);
    memcpy(room.p, packet.p, 8);
    if (gcm) {
        uint8_t iv[12];
        gcm_iv(&out->rtcp, ssrc, index, iv);
        if (!gcm_seal(&out->rtcp, iv, bytes_of(packet.p, 8), bytes_of(word, 4), &body, 1,
                      room.p + 8, room.p + packet.n)) {
            return -EIO;
        }
        memcpy(room.p + packet.n + GCM_TAG, word, 4);
    } else {
        if (!cm_encrypt(&out->rtcp, ssrc, index, &body, 1, room.p + 8)) {
            return -EIO;
        }
        memcpy(room.p + packet.n, word, 4);
        write_mac(&out->rtcp.mac, bytes_of(room.p, packet.n + 4), bytes_of(NULL, 0),
                  room.p + packet.n + 4);
    }
    return (int)size;
}
