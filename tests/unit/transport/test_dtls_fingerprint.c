#include "dtls_pair.h"
#include "transport/dtls_identity.h"
#include <openssl/evp.h>

static void digest_by(const struct dtls_identity *identity, const char *algorithm,
                      struct dtls_fingerprint *ret) {
    unsigned n;
    memset(ret, 0, sizeof *ret);
    strcpy(ret->algorithm, algorithm);
    X509_digest(identity->certificate, dtls_fingerprint_hash(algorithm), ret->digest, &n);
    ret->digest_size = n;
}

static void expect(struct pair *p, enum dtls_role role, const struct dtls_fingerprint *expected) {
    dtls_free(p->ends[role]);
    p->ends[role] = dtls_new(p->identities[role], role, expected);
    assert_non_null(p->ends[role]);
}

static void any_of_the_three_hashes_will_do(void **state) {
    (void)state;
    static const char *const algorithms[] = {"sha-256", "sha-384", "sha-512"};
    for (size_t i = 0; i < 3; i++) {
        struct pair p;
        struct dtls_fingerprint expected;
        pair_init(&p);
        digest_by(p.identities[DTLS_CLIENT], algorithms[i], &expected);
        expect(&p, DTLS_SERVER, &expected);
        pair_run(&p, NULL, false, 0);
        pair_assert_open(&p);
        pair_clear(&p);
    }
}

static void another_certificate_is_refused_by(enum dtls_role role) {
    struct pair p;
    struct dtls_fingerprint expected;
    pair_init(&p);
    digest_by(p.identities[role], "sha-256", &expected); /* its own, not the peer's */
    expect(&p, role, &expected);
    pair_run(&p, NULL, false, 0);
    assert_int_equal(dtls_state(p.ends[role]), DTLS_FAILED);
    assert_string_equal(dtls_failure(p.ends[role]), "fingerprint");
    struct srtp_keys keys;
    assert_int_equal(dtls_srtp_keys(p.ends[role], &keys), -ENOTCONN);
    assert_int_equal(dtls_state(p.ends[!role]), DTLS_FAILED); /* it was told by an alert */
    pair_clear(&p);
}

static void another_certificate_is_refused(void **state) {
    (void)state;
    another_certificate_is_refused_by(DTLS_SERVER);
    another_certificate_is_refused_by(DTLS_CLIENT);
}

static void one_wrong_bit_is_refused(void **state) {
    (void)state;
    struct pair p;
    struct dtls_fingerprint expected;
    pair_init(&p);
    digest_by(p.identities[DTLS_CLIENT], "sha-512", &expected);
    expected.digest[63] ^= 1;
    expect(&p, DTLS_SERVER, &expected);
    pair_run(&p, NULL, false, 0);
    assert_int_equal(dtls_state(p.ends[DTLS_SERVER]), DTLS_FAILED);
    pair_clear(&p);
}

static void an_empty_or_unknown_fingerprint_makes_no_association(void **state) {
    (void)state;
    struct dtls_identity *identity = dtls_identity_new();
    struct dtls_fingerprint expected = {.algorithm = ""};
    assert_null(dtls_new(identity, DTLS_SERVER, &expected));
    strcpy(expected.algorithm, "sha-256");
    assert_null(dtls_new(identity, DTLS_SERVER, &expected));
    expected.digest_size = 20;
    assert_null(dtls_new(identity, DTLS_SERVER, &expected));
    strcpy(expected.algorithm, "sha-1");
    assert_null(dtls_new(identity, DTLS_SERVER, &expected));
    dtls_identity_free(identity);
}

static void the_text_is_that_of_the_certificate(void **state) {
    (void)state;
    struct dtls_identity *identity = dtls_identity_new();
    struct dtls_fingerprint digest;
    digest_by(identity, "sha-256", &digest);
    const char *text = dtls_identity_fingerprint(identity);
    assert_int_equal(strlen(text), 32 * 3 - 1);
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {text[3 * i], text[3 * i + 1], '\0'};
        assert_int_equal(strtoul(pair, NULL, 16), digest.digest[i]);
    }
    dtls_identity_free(identity);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_of_the_three_hashes_will_do),
        cmocka_unit_test(another_certificate_is_refused),
        cmocka_unit_test(one_wrong_bit_is_refused),
        cmocka_unit_test(an_empty_or_unknown_fingerprint_makes_no_association),
        cmocka_unit_test(the_text_is_that_of_the_certificate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
