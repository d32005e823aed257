#include "app/certificate.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static FILE *open_file(const char *path, char *ret_reason, size_t size) {
    FILE *file = fopen(path, "re");
    if (!file) {
        snprintf(ret_reason, size, "%.300s cannot be read: %s", path, strerror(errno));
    }
    return file;
}

/* A key with a passphrase is refused instead of asked for. */
static int no_passphrase(char *to, int size, int writing, void *ctx) {
    (void)to;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

int certificate_check(const char *cert_file, const char *key_file, int64_t *ret_expires_at,
                      char *ret_reason, size_t size) {
    int error = -EINVAL;
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    struct tm expires;
    FILE *certs = open_file(cert_file, ret_reason, size);
    FILE *keys = certs ? open_file(key_file, ret_reason, size) : NULL;
    if (!keys) {
        goto done;
    }
    certificate = PEM_read_X509(certs, NULL, no_passphrase, NULL);
    if (!certificate) {
        snprintf(ret_reason, size, "%.300s holds no certificate in PEM form", cert_file);
        goto done;
    }
    key = PEM_read_PrivateKey(keys, NULL, no_passphrase, NULL);
    if (!key) {
        snprintf(ret_reason, size, "%.300s holds no private key in PEM form without passphrase",
                 key_file);
        goto done;
    }
    if (X509_check_private_key(certificate, key) != 1) {
        snprintf(ret_reason, size, "%.200s is not the key of %.200s", key_file, cert_file);
        goto done;
    }
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &expires) != 1) {
        snprintf(ret_reason, size, "%.300s has no readable end of validity", cert_file);
        goto done;
    }
    *ret_expires_at = (int64_t)timegm(&expires);
    error = 0;
done:
    EVP_PKEY_free(key);
    X509_free(certificate);
    if (keys) {
        fclose(keys);
    }
    if (certs) {
        fclose(certs);
    }
    return error;
}
