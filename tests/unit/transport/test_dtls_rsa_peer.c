/* Peers such as GStreamer's come with an RSA certificate, which may fill more than one datagram. */
#include "dtls_pair.h"
#include "transport/dtls_identity.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

/* A certificate with a name so long that its message has to be fragmented. */
static X509 *make_certificate(EVP_PKEY *key) {
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    static const char text[] = "a name that is about as long as a name in a certificate may be";
    for (int i = 0; i < 10; i++) {
        X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_ASC, (const uint8_t *)text, -1, -1, 0);
    }
    X509_set_issuer_name(x, name);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static void an_rsa_peer_is_welcome(enum dtls_role role) {
    struct pair p;
    struct dtls_fingerprint expected = {.algorithm = "sha-256", .digest_size = 32};
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = make_certificate(key);
    pair_init(&p);
    SSL_CTX *context = p.identities[role]->contexts[role];
    assert_int_equal(SSL_CTX_use_certificate(context, certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
    if (role == DTLS_SERVER) { /* which would rather use its other certificate, the ECDSA one */
        assert_int_equal(SSL_CTX_set_cipher_list(context, "ECDHE-RSA-AES128-GCM-SHA256"), 1);
    }
    assert_int_equal(X509_digest(certificate, EVP_sha256(), expected.digest, NULL), 1);
    for (int i = 0; i < 2; i++) {
        dtls_free(p.ends[i]);
    }
    p.ends[!role] = dtls_new(p.identities[!role], (enum dtls_role) !role, &expected);
    dtls_identity_digest(p.identities[!role], &expected);
    p.ends[role] = dtls_new(p.identities[role], role, &expected);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    assert_true(p.largest > 1000 && p.largest <= DTLS_MTU);
    pair_clear(&p);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void a_client_with_a_long_rsa_certificate_is_served(void **state) {
    (void)state;
    an_rsa_peer_is_welcome(DTLS_CLIENT);
}

static void a_server_with_a_long_rsa_certificate_keeps_to_the_mtu(void **state) {
    (void)state;
    an_rsa_peer_is_welcome(DTLS_SERVER);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_with_a_long_rsa_certificate_is_served),
        cmocka_unit_test(a_server_with_a_long_rsa_certificate_keeps_to_the_mtu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
