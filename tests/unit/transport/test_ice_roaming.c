#include "ice_peer.h"

static void a_peer_that_changes_network_is_followed(void **state) {
    (void)state;
    struct ice ice;
    struct path wifi = path_from("192.0.2.1", 5000), mobile = path_from("198.51.100.7", 40000);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &wifi, true, SEC(1));
    check_succeeds(&ice, &ours, &theirs, &mobile, true, SEC(10));
    assert_true(path_equal(ice_selected(&ice), &mobile));
    assert_true(ice_allows(&ice, &wifi)); /* late packets still come */
    check_succeeds(&ice, &ours, &theirs, &mobile, true, SEC(35));
    assert_false(ice_allows(&ice, &wifi));
    assert_true(path_equal(ice_selected(&ice), &mobile));
}

static void of_many_paths_the_eight_newest_and_the_selected_stay(void **state) {
    (void)state;
    struct ice ice;
    struct path paths[20];
    ice_init(&ice, &ours, &theirs, 0);
    for (uint16_t i = 0; i < 20; i++) {
        paths[i] = path_from("192.0.2.1", (uint16_t)(5000 + i));
        check_succeeds(&ice, &ours, &theirs, &paths[i], i == 0, SEC(1) + i);
    }
    assert_true(path_equal(ice_selected(&ice), &paths[0]));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(ice_allows(&ice, &paths[i]), i == 0 || i >= 13);
    }
}

static void another_local_address_is_another_path(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), b = a;
    assert_int_equal(address_parse("10.0.0.2", 7000, &b.local), 0);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(1));
    assert_false(ice_allows(&ice, &b));
    check_succeeds(&ice, &ours, &theirs, &b, true, SEC(2));
    assert_true(path_equal(ice_selected(&ice), &b));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_changes_network_is_followed),
        cmocka_unit_test(of_many_paths_the_eight_newest_and_the_selected_stay),
        cmocka_unit_test(another_local_address_is_another_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
