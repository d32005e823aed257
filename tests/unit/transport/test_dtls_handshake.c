#include "dtls_pair.h"

static void both_ends_derive_the_same_gcm_keys(void **state) {
    (void)state;
    struct pair p;
    struct srtp_keys keys;
    pair_init(&p);
    assert_int_equal(dtls_srtp_keys(p.ends[0], &keys), -ENOTCONN);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    dtls_srtp_keys(p.ends[0], &keys);
    assert_int_equal(keys.profile, SRTP_PROFILE_GCM_128);
    assert_true(p.largest > 0 && p.largest <= DTLS_MTU);
    pair_clear(&p);
}

static struct dtls *client_with(struct pair *p, const enum srtp_profile *profiles, size_t count) {
    struct dtls_fingerprint expected;
    dtls_identity_digest(p->identities[DTLS_SERVER], &expected);
    return dtls_new_with_profiles(p->identities[DTLS_CLIENT], DTLS_CLIENT, &expected, profiles,
                                  count);
}

static void a_client_without_gcm_gets_the_fallback(void **state) {
    (void)state;
    struct pair p;
    struct srtp_keys keys;
    static const enum srtp_profile only_cm[] = {SRTP_PROFILE_CM_SHA1_80};
    pair_init(&p);
    dtls_free(p.ends[DTLS_CLIENT]);
    p.ends[DTLS_CLIENT] = client_with(&p, only_cm, 1);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    dtls_srtp_keys(p.ends[0], &keys);
    assert_int_equal(keys.profile, SRTP_PROFILE_CM_SHA1_80);
    pair_clear(&p);
}

static void the_server_prefers_gcm_whatever_the_client_likes_best(void **state) {
    (void)state;
    struct pair p;
    struct srtp_keys keys;
    static const enum srtp_profile cm_first[] = {SRTP_PROFILE_CM_SHA1_80, SRTP_PROFILE_GCM_128};
    pair_init(&p);
    dtls_free(p.ends[DTLS_CLIENT]);
    p.ends[DTLS_CLIENT] = client_with(&p, cm_first, 2);
    pair_run(&p, NULL, false, 0);
    pair_assert_open(&p);
    dtls_srtp_keys(p.ends[0], &keys);
    assert_int_equal(keys.profile, SRTP_PROFILE_GCM_128);
    pair_clear(&p);
}

static void without_a_common_profile_it_fails(void **state) {
    (void)state;
    struct pair p;
    struct dtls_fingerprint expected;
    static const enum srtp_profile cm[] = {SRTP_PROFILE_CM_SHA1_80}, gcm[] = {SRTP_PROFILE_GCM_128};
    pair_init(&p);
    dtls_free(p.ends[0]);
    dtls_free(p.ends[1]);
    p.ends[DTLS_CLIENT] = client_with(&p, cm, 1);
    dtls_identity_digest(p.identities[DTLS_CLIENT], &expected);
    p.ends[DTLS_SERVER] =
        dtls_new_with_profiles(p.identities[DTLS_SERVER], DTLS_SERVER, &expected, gcm, 1);
    pair_run(&p, NULL, false, 0);
    assert_int_equal(dtls_state(p.ends[DTLS_SERVER]), DTLS_FAILED);
    assert_string_equal(dtls_failure(p.ends[DTLS_SERVER]), "profile");
    assert_int_equal(dtls_state(p.ends[DTLS_CLIENT]), DTLS_FAILED);
    pair_clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_derive_the_same_gcm_keys),
        cmocka_unit_test(a_client_without_gcm_gets_the_fallback),
        cmocka_unit_test(the_server_prefers_gcm_whatever_the_client_likes_best),
        cmocka_unit_test(without_a_common_profile_it_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
