#include "signal/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stddef.h>

static int load(SSL_CTX *ctx, const char *certificate, const char *key, const char **ret_reason) {
    const char *reason = NULL;

    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
        reason = "The TLS certificate cannot be read: tls_certificate must name a PEM file with "
                 "the certificate first and its chain after it.";
    } else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        reason = "The TLS key cannot be used: tls_key must name the PEM file of the key that the "
                 "certificate was made for.";
    } else if (SSL_CTX_check_private_key(ctx) != 1) {
        reason = "The TLS key does not belong to the certificate.";
    }
    ERR_clear_error();
    if (reason != NULL) {
        *ret_reason = reason;
        return -EINVAL;
    }
    return 0;
}

int tls_check(const char *certificate, const char *key, const char **ret_reason) {
    SSL_CTX *probe = SSL_CTX_new(TLS_server_method());

    if (probe == NULL) {
        *ret_reason = "Out of memory.";
        return -ENOMEM;
    }
    int r = load(probe, certificate, key, ret_reason);
    SSL_CTX_free(probe);
    return r;
}

int tls_swap(void *ssl_ctx, const char *certificate, const char *key, const char **ret_reason) {
    int r = tls_check(certificate, key, ret_reason);

    return r < 0 ? r : load(ssl_ctx, certificate, key, ret_reason);
}
