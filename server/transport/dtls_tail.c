#include "transport/dtls_tail.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>

#define RECORD_HEADER 13
#define NONCE 8
#define TAG 16
#define TYPE_ALERT 21
#define ALERT_FATAL 2
#define ALERT_CLOSE_NOTIFY 0

static int expand(const SSL *ssl, const EVP_MD *hash, struct room ret) {
    uint8_t master[SSL_MAX_MASTER_KEY_LENGTH];
    uint8_t seed[2 * SSL3_RANDOM_SIZE];
    size_t master_size = SSL_SESSION_get_master_key(SSL_get_session(ssl), master, sizeof master);
    SSL_get_server_random(ssl, seed, SSL3_RANDOM_SIZE);
    SSL_get_client_random(ssl, seed + SSL3_RANDOM_SIZE, SSL3_RANDOM_SIZE);
    static char label[] = "key expansion";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)EVP_MD_get0_name(hash), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, master_size),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof label - 1),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, sizeof seed),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_TLS1_PRF, NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool ok = ctx != NULL && EVP_KDF_derive(ctx, ret.p, ret.n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    OPENSSL_cleanse(master, sizeof master);
    return ok ? 0 : -ENOMEM;
}

int dtls_tail_init(struct dtls_tail *tail, const SSL *ssl, bool server) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
    size_t size;
    if (cipher == NULL) {
        return -ENOTSUP;
    }
    switch (SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
        size = 16;
        break;
    case NID_aes_256_gcm:
        size = 32;
        break;
    default:
        return -ENOTSUP;
    }
    uint8_t block[2 * (32 + 4)]; /* client key, server key, client iv, server iv */
    size_t block_size = 2 * (size + 4);
    int error =
        expand(ssl, SSL_CIPHER_get_handshake_digest(cipher), (struct room){block, block_size});
    if (error < 0) {
        return error;
    }
    memset(tail, 0, sizeof *tail);
    tail->key_size = size;
    struct dtls_record_key *client = server ? &tail->read : &tail->write;
    struct dtls_record_key *own = server ? &tail->write : &tail->read;
    memcpy(client->key, block, size);
    memcpy(own->key, block + size, size);
    memcpy(client->iv, block + 2 * size, 4);
    memcpy(own->iv, block + 2 * size + 4, 4);
    OPENSSL_cleanse(block, sizeof block);
    return 0;
}

/* RFC 5246 §6.2.3.3: epoch and sequence number, type, version, length of the plain text. */
static void additional_data(const uint8_t record[static RECORD_HEADER], size_t plain_size,
                            uint8_t ret[static RECORD_HEADER]) {
    memcpy(ret, record + 3, 8);
    memcpy(ret + 8, record, 3);
    write_be16(ret + 11, (uint16_t)plain_size);
}

static bool crypt_alert(const struct dtls_tail *tail, const struct dtls_record_key *key, bool seal,
                        uint8_t record[static DTLS_ALERT_RECORD]) {
    uint8_t nonce[12], aad[RECORD_HEADER];
    uint8_t *alert = record + RECORD_HEADER + NONCE, *tag = alert + 2;
    memcpy(nonce, key->iv, 4);
    memcpy(nonce + 4, record + RECORD_HEADER, NONCE);
    additional_data(record, 2, aad);
    const EVP_CIPHER *cipher = tail->key_size == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    int n;
    bool ok = ctx != NULL && EVP_CipherInit_ex(ctx, cipher, NULL, key->key, nonce, seal) == 1 &&
              EVP_CipherUpdate(ctx, NULL, &n, aad, sizeof aad) == 1 &&
              EVP_CipherUpdate(ctx, alert, &n, alert, 2) == 1 &&
              (seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1) &&
              EVP_CipherFinal_ex(ctx, alert + 2, &n) == 1 &&
              (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

bool dtls_tail_ends(const struct dtls_tail *tail, struct bytes datagram) {
    while (datagram.n >= RECORD_HEADER) {
        size_t size = RECORD_HEADER + (size_t)read_be16(datagram.p + 11);
        if (size > datagram.n) {
            return false;
        }
        if (datagram.p[0] == TYPE_ALERT && size == DTLS_ALERT_RECORD &&
            read_be16(datagram.p + 3) == 1) {
            uint8_t record[DTLS_ALERT_RECORD];
            memcpy(record, datagram.p, sizeof record);
            const uint8_t *alert = record + RECORD_HEADER + NONCE;
            if (crypt_alert(tail, &tail->read, false, record) &&
                (alert[0] == ALERT_FATAL || alert[1] == ALERT_CLOSE_NOTIFY)) {
                return true;
            }
        }
        datagram = bytes_from(datagram, size);
    }
    return false;
}

int dtls_tail_close(const struct dtls_tail *tail, uint8_t ret_record[static DTLS_ALERT_RECORD]) {
    /* A sequence number far above those of the handshake; the nonce is the same 64 bits, which
     * OpenSSL, counting from a random start, will not have used. */
    static const uint8_t head[RECORD_HEADER + NONCE + 2] = {
        TYPE_ALERT,
        0xfe,
        0xfd,
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        0,
        0,
        NONCE + 2 + TAG, /* header */
        0,
        1,
        0,
        1,
        0,
        0,
        0,
        0, /* nonce */
        1,
        ALERT_CLOSE_NOTIFY, /* warning */
    };
    uint8_t record[DTLS_ALERT_RECORD] = {0};
    memcpy(record, head, sizeof head);
    if (!crypt_alert(tail, &tail->write, true, record)) {
        return -EIO;
    }
    memcpy(ret_record, record, sizeof record);
    return DTLS_ALERT_RECORD;
}
