#include "ice_peer.h"

static const struct ice_credentials new_ours = {"ours2", "our-new-password-of-enough-length"};
static const struct ice_credentials new_theirs = {"theirs2", "their-new-password-of-enough-length"};
static const struct ice_credentials newer_ours = {"ours3", "our-newer-password-of-enough-length"};

static void refused(struct ice *ice, const struct ice_credentials *local,
                    const struct ice_credentials *remote, const struct path *path) {
    uint8_t request[600];
    size_t n = make_check(local, remote, true, request);
    assert_int_equal(ice_input(ice, bytes_of(request, n), path, SEC(9)), -EACCES);
}

static void old_credentials_are_good_until_the_new_ones_are_used(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), b = path_from("192.0.2.1", 5001);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(1));
    ice_restart(&ice, &new_ours, &new_theirs, SEC(2));
    assert_true(path_equal(ice_selected(&ice), &a)); /* media goes on meanwhile */
    check_succeeds(&ice, &ours, &theirs, &a, false, SEC(3));
    check_succeeds(&ice, &new_ours, &new_theirs, &b, false, SEC(4));
    refused(&ice, &ours, &theirs, &a);
    assert_true(path_equal(ice_selected(&ice), &a));
    check_succeeds(&ice, &new_ours, &new_theirs, &b, true, SEC(5));
    assert_true(path_equal(ice_selected(&ice), &b));
}

static void a_second_restart_keeps_the_credentials_in_use(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(1));
    ice_restart(&ice, &new_ours, &new_theirs, SEC(2));
    ice_restart(&ice, &newer_ours, &new_theirs, SEC(3));
    check_succeeds(&ice, &ours, &theirs, &a, false, SEC(4));
    refused(&ice, &new_ours, &new_theirs, &a); /* superseded before it was ever used */
    check_succeeds(&ice, &newer_ours, &new_theirs, &a, false, SEC(5));
    refused(&ice, &ours, &theirs, &a);
}

static void credentials_of_two_generations_do_not_mix(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000);
    struct ice_credentials mixed = new_ours;
    ice_init(&ice, &ours, &theirs, 0);
    ice_restart(&ice, &new_ours, &new_theirs, SEC(2));
    strcpy(mixed.pwd, ours.pwd);
    refused(&ice, &mixed, &new_theirs, &a);
    refused(&ice, &new_ours, &theirs, &a);
    refused(&ice, &ours, &new_theirs, &a);
}

static void a_restart_gives_the_peer_30_s_again(void **state) {
    (void)state;
    struct ice ice;
    ice_init(&ice, &ours, &theirs, 0);
    ice_restart(&ice, &new_ours, &new_theirs, SEC(25));
    assert_false(ice_expired(&ice, SEC(54)));
    assert_true(ice_expired(&ice, SEC(55)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_credentials_are_good_until_the_new_ones_are_used),
        cmocka_unit_test(a_second_restart_keeps_the_credentials_in_use),
        cmocka_unit_test(credentials_of_two_generations_do_not_mix),
        cmocka_unit_test(a_restart_gives_the_peer_30_s_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
