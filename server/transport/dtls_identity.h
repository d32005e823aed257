/* transport/dtls_identity.h: the inside of struct dtls_identity, for dtls.c. */
#pragma once
#include "transport/dtls.h"
#include <openssl/ssl.h>

struct dtls_identity {
    EVP_PKEY *key;
    X509 *certificate;
    BIO_METHOD *bio_method;
    SSL_CTX *contexts[2]; /* by enum dtls_role */
    uint8_t digest[32];   /* SHA-256 of the certificate */
    char fingerprint[32 * 3];
};

/* The hash of a=fingerprint (RFC 8122 §5): sha-256, sha-384 or sha-512; NULL for any other. */
const EVP_MD *dtls_fingerprint_hash(const char *algorithm);

/* Checks a peer's certificate for the association it belongs to; OpenSSL's callback, in dtls.c. */
int dtls_verify_certificate(X509_STORE_CTX *store, void *unused);
