#include "ice_peer.h"

static void a_check_allows_its_path_but_does_not_select_it(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), b = path_from("192.0.2.1", 5001);
    ice_init(&ice, &ours, &theirs, SEC(1));
    assert_false(ice_allows(&ice, &a));
    check_succeeds(&ice, &ours, &theirs, &a, false, SEC(2));
    assert_true(ice_allows(&ice, &a));
    assert_false(ice_allows(&ice, &b));
    assert_null(ice_selected(&ice));
}

static void the_newest_nominated_path_is_selected(void **state) {
    (void)state;
    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), b = path_from("2001:db8::1", 5000);
    ice_init(&ice, &ours, &theirs, 0);
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(1));
    assert_true(path_equal(ice_selected(&ice), &a));
    check_succeeds(&ice, &ours, &theirs, &b, false, SEC(2));
    assert_true(path_equal(ice_selected(&ice), &a));
    check_succeeds(&ice, &ours, &theirs, &b, true, SEC(3));
    assert_true(path_equal(ice_selected(&ice), &b));
    check_succeeds(&ice, &ours, &theirs, &a, false, SEC(4)); /* keeps the other one warm */
    assert_true(path_equal(ice_selected(&ice), &b));
    check_succeeds(&ice, &ours, &theirs, &a, true, SEC(5));
    assert_true(path_equal(ice_selected(&ice), &a));
}

static void an_answer_waits_for_enough_room(void **state) {
    (void)state;
    struct ice ice;
    uint8_t request[600], answer[ICE_RESPONSE_MAX];
    struct path a = path_from("192.0.2.1", 5000), to;
    ice_init(&ice, &ours, &theirs, 0);
    size_t n = make_check(&ours, &theirs, true, request);
    assert_int_equal(ice_input(&ice, bytes_of(request, n), &a, 0), 0);
    assert_int_equal(ice_output(&ice, (struct room){answer, 100}, &to), -ENOSPC);
    assert_true(ice_output(&ice, (struct room){answer, sizeof answer}, &to) > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_allows_its_path_but_does_not_select_it),
        cmocka_unit_test(the_newest_nominated_path_is_selected),
        cmocka_unit_test(an_answer_waits_for_enough_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
