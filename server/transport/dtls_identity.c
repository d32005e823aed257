#include "transport/dtls_identity.h"
#include "transport/dtls_bio.h"

#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define DAY (24L * 60 * 60)
#define CERTIFICATE_MAX 8192 /* bytes of a peer's certificate message */

/* RFC 8827 §6.5 demands the first. RSA is for peers that are servers with such a certificate. AEAD
 * only: dtls_tail.c knows no other. */
#define CIPHERS                                                                                    \
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"                                   \
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384"

const EVP_MD *dtls_fingerprint_hash(const char *algorithm) {
    if (strcasecmp(algorithm, "sha-256") == 0) {
        return EVP_sha256();
    }
    if (strcasecmp(algorithm, "sha-384") == 0) {
        return EVP_sha384();
    }
    return strcasecmp(algorithm, "sha-512") == 0 ? EVP_sha512() : NULL;
}

/* Names nobody and nothing: the fingerprint alone identifies it (RFC 8827 §5.5). */
static X509 *make_certificate(EVP_PKEY *key) {
    uint64_t serial;
    X509 *x = X509_new();
    if (x == NULL || RAND_bytes((uint8_t *)&serial, sizeof serial) != 1) {
        goto fail;
    }
    X509_NAME *name = X509_get_subject_name(x);
    if (X509_set_version(x, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1 | 1) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(x), -DAY) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x), 365 * DAY) == NULL ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"WebRTC", -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(x, name) != 1 || X509_set_pubkey(x, key) != 1 ||
        X509_sign(x, key, EVP_sha256()) == 0) {
        goto fail;
    }
    return x;
fail:
    X509_free(x);
    return NULL;
}

static SSL_CTX *make_context(const struct dtls_identity *identity, const SSL_METHOD *method) {
    SSL_CTX *c = SSL_CTX_new(method);
    if (c == NULL || SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(c, CIPHERS) != 1 ||
        SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") != 1 ||
        SSL_CTX_use_certificate(c, identity->certificate) != 1 ||
        SSL_CTX_use_PrivateKey(c, identity->key) != 1) {
        SSL_CTX_free(c);
        return NULL;
    }
    SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_cert_verify_callback(c, dtls_verify_certificate, NULL);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(c, CERTIFICATE_MAX);
    return c;
}

struct dtls_identity *dtls_identity_new(void) {
    struct dtls_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) {
        return NULL;
    }
    identity->key = EVP_EC_gen("P-256");
    if (identity->key == NULL) {
        goto fail;
    }
    identity->certificate = make_certificate(identity->key);
    identity->bio_method = datagram_bio_method();
    unsigned n;
    if (identity->certificate == NULL || identity->bio_method == NULL ||
        X509_digest(identity->certificate, EVP_sha256(), identity->digest, &n) != 1) {
        goto fail;
    }
    identity->contexts[DTLS_SERVER] = make_context(identity, DTLS_server_method());
    identity->contexts[DTLS_CLIENT] = make_context(identity, DTLS_client_method());
    if (identity->contexts[DTLS_SERVER] == NULL || identity->contexts[DTLS_CLIENT] == NULL) {
        goto fail;
    }
    for (size_t i = 0; i < sizeof identity->digest; i++) {
        snprintf(identity->fingerprint + 3 * i, 4,
                 i + 1 < sizeof identity->digest ? "%02X:" : "%02X", identity->digest[i]);
    }
    return identity;
fail:
    dtls_identity_free(identity);
    return NULL;
}

void dtls_identity_free(struct dtls_identity *identity) {
    if (identity != NULL) {
        SSL_CTX_free(identity->contexts[DTLS_SERVER]);
        SSL_CTX_free(identity->contexts[DTLS_CLIENT]);
        BIO_meth_free(identity->bio_method);
        X509_free(identity->certificate);
        EVP_PKEY_free(identity->key);
        free(identity);
    }
}

const char *dtls_identity_fingerprint(const struct dtls_identity *identity) {
    return identity->fingerprint;
}

void dtls_identity_digest(const struct dtls_identity *identity, struct dtls_fingerprint *ret) {
    memset(ret, 0, sizeof *ret);
    strcpy(ret->algorithm, "sha-256");
    memcpy(ret->digest, identity->digest, sizeof identity->digest);
    ret->digest_size = sizeof identity->digest;
}
