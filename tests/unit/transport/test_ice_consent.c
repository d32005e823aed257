#include "ice_peer.h"

static void a_session_nobody_checks_expires_after_30_s(void **state) {
    (void)state;
    struct ice ice;
    ice_init(&ice, &ours, &theirs, SEC(100));
    assert_true(ice_next_timeout(&ice) == SEC(130));
    assert_false(ice_expired(&ice, SEC(130) - 1));
    assert_true(ice_expired(&ice, SEC(130)));
}

static void every_valid_check_renews_consent(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000);
    ice_init(&ice, &ours, &theirs, 0);
    for (usec_t now = SEC(5); now < SEC(100); now += SEC(5)) {
        check_succeeds(&ice, &ours, &theirs, &a, false, now);
        assert_true(ice_next_timeout(&ice) == now + SEC(30));
    }
    assert_true(ice_expired(&ice, SEC(95) + SEC(30)));
}

static void a_forged_check_does_not_renew_consent(void **state) {
    (void)state;
    struct ice ice;
    uint8_t request[600];
    struct path a = path_from("192.0.2.1", 5000);
    ice_init(&ice, &ours, &theirs, 0);
    size_t n = make_check(&ours, &theirs, true, request);
    request[n - 20] ^= 1; /* inside MESSAGE-INTEGRITY */
    assert_true(ice_input(&ice, bytes_of(request, n), &a, SEC(20)) < 0);
    assert_true(ice_expired(&ice, SEC(30)));
}

static void a_path_without_checks_for_30_s_is_no_longer_allowed(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), b = path_from("192.0.2.1", 5001);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(1));
    check_succeeds(&ice, &ours, &theirs, &b, false, SEC(20));
    assert_true(ice_allows(&ice, &a));
    check_succeeds(&ice, &ours, &theirs, &b, false, SEC(31));
    assert_false(ice_allows(&ice, &a));
    assert_true(ice_allows(&ice, &b));
    assert_null(ice_selected(&ice)); /* nothing is sent where nobody agrees to it any more */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_nobody_checks_expires_after_30_s),
        cmocka_unit_test(every_valid_check_renews_consent),
        cmocka_unit_test(a_forged_check_does_not_renew_consent),
        cmocka_unit_test(a_path_without_checks_for_30_s_is_no_longer_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
