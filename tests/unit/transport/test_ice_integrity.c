#include "ice_peer.h"

static void is_refused(struct bytes datagram, int error) {
    struct ice ice;
    uint8_t answer[ICE_RESPONSE_MAX];
    struct path a = path_from("192.0.2.1", 5000), to;
    ice_init(&ice, &ours, &theirs, 0);
    assert_int_equal(ice_input(&ice, datagram, &a, SEC(1)), error);
    assert_false(ice_allows(&ice, &a));
    assert_null(ice_selected(&ice));
    assert_true(ice_next_timeout(&ice) == SEC(30));
    assert_int_equal(ice_output(&ice, (struct room){answer, sizeof answer}, &to), 0);
}

static void a_wrong_password_or_name_is_refused_without_an_answer(void **state) {
    (void)state;
    uint8_t request[600];
    struct ice_credentials wrong = ours;
    wrong.pwd[3] ^= 1;
    is_refused(bytes_of(request, make_check(&wrong, &theirs, true, request)), -EACCES);
    wrong = ours;
    wrong.ufrag[0] = 'O';
    is_refused(bytes_of(request, make_check(&wrong, &theirs, true, request)), -EACCES);
    wrong = theirs;
    wrong.ufrag[0] = 'T';
    is_refused(bytes_of(request, make_check(&ours, &wrong, true, request)), -EACCES);
    strcpy(wrong.ufrag, "theirs-and-more");
    is_refused(bytes_of(request, make_check(&ours, &wrong, true, request)), -EACCES);
}

static void empty_credentials_are_never_right(void **state) {
    (void)state;
    /* Before a restart there are no old credentials: ":" must not match them. */
    uint8_t request[600];
    static const struct ice_credentials none = {"", "x"};
    is_refused(bytes_of(request, make_check(&none, &none, true, request)), -EACCES);
}

static void a_probe_without_credentials_is_not_answered(void **state) {
    (void)state;
    static const uint8_t txid[12] = {9};
    uint8_t request[600];
    int n = stun_write_probe((struct room){request, sizeof request}, txid);
    is_refused(bytes_of(request, (size_t)n), -EBADMSG);
}

static void every_cut_and_every_changed_byte_is_refused(void **state) {
    (void)state;
    uint8_t request[600], changed[600];
    size_t n = make_check(&ours, &theirs, true, request);
    for (size_t cut = 0; cut < n; cut++) {
        is_refused(bytes_of(request, cut), -EBADMSG);
    }
    /* All but the type and size of FINGERPRINT, which guards nothing that integrity does not. */
    struct path a = path_from("192.0.2.1", 5000);
    for (size_t i = 0; i < n; i = i == n - 9 ? n - 4 : i + 1) {
        struct ice ice;
        ice_init(&ice, &ours, &theirs, 0);
        memcpy(changed, request, n);
        changed[i] ^= 0x40;
        assert_true(ice_input(&ice, bytes_of(changed, n), &a, SEC(1)) < 0);
        assert_false(ice_allows(&ice, &a));
    }
}

static void responses_are_not_taken_for_checks(void **state) {
    (void)state;
    static const uint8_t txid[12] = {9};
    uint8_t response[600];
    struct path a = path_from("192.0.2.1", 5000);
    int n = stun_write_success((struct room){response, sizeof response}, txid, &a.remote,
                               bytes_of_text(ours.pwd));
    is_refused(bytes_of(response, (size_t)n), -EBADMSG);
}

static void an_unknown_mandatory_attribute_is_answered_420(void **state) {
    (void)state;
    /* ICE-CONTROLLING (0x802a) becomes 0x002a, which nobody knows; then it is signed again. */
    uint8_t request[600], answer[ICE_RESPONSE_MAX];
    size_t n = make_check(&ours, &theirs, true, request);
    struct stun_message m;
    assert_int_equal(stun_parse(bytes_of(request, n), &m), 0);
    static const uint8_t controlling[] = {0x80, 0x2a, 0, 8};
    uint8_t *at = memmem(request, n, controlling, sizeof controlling);
    assert_non_null(at);
    at[0] = 0;
    write_be16(request + 2, (uint16_t)(m.integrity_at + 24 - STUN_HEADER_SIZE));
    struct bytes text = bytes_of(request, m.integrity_at);
    assert_int_equal(hmac_sha1(bytes_of_text(ours.pwd), text, request + m.integrity_at + 4), 0);
    n = m.integrity_at + 24;

    struct ice ice;
    struct path a = path_from("192.0.2.1", 5000), to;
    ice_init(&ice, &ours, &theirs, 0);
    assert_int_equal(ice_input(&ice, bytes_of(request, n), &a, SEC(1)), -EPROTO);
    assert_false(ice_allows(&ice, &a));
    int k = ice_output(&ice, (struct room){answer, sizeof answer}, &to);
    assert_true(k > 0);
    assert_int_equal(stun_parse(bytes_of(answer, (size_t)k), &m), 0);
    assert_int_equal(m.message_class, STUN_ERROR);
    assert_int_equal(m.error_code, 420);
}

static void the_ufrag_is_found_for_routing(void **state) {
    (void)state;
    uint8_t request[600];
    char ufrag[ICE_UFRAG_MAX] = "untouched";
    size_t n = make_check(&ours, &theirs, false, request);
    assert_int_equal(ice_ufrag_of(bytes_of(request, n), ufrag), 0);
    assert_string_equal(ufrag, "ours");
    struct ice_credentials long_name = theirs;
    memset(long_name.ufrag, 'u', 256);
    long_name.ufrag[256] = '\0';
    static const struct ice_credentials short_name = {"x", "y"};
    n = make_check(&long_name, &short_name, false, request);
    assert_int_equal(ice_ufrag_of(bytes_of(request, n), ufrag), 0);
    assert_string_equal(ufrag, long_name.ufrag);
    static const uint8_t txid[12] = {9};
    int k = stun_write_probe((struct room){request, sizeof request}, txid);
    assert_int_equal(ice_ufrag_of(bytes_of(request, (size_t)k), ufrag), -EBADMSG);
    assert_int_equal(ice_ufrag_of(bytes_of("", 0), ufrag), -EBADMSG);
    static const struct ice_credentials nameless = {"", "y"};
    n = make_check(&nameless, &theirs, false, request);
    assert_int_equal(ice_ufrag_of(bytes_of(request, n), ufrag), -EBADMSG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_password_or_name_is_refused_without_an_answer),
        cmocka_unit_test(empty_credentials_are_never_right),
        cmocka_unit_test(a_probe_without_credentials_is_not_answered),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_refused),
        cmocka_unit_test(responses_are_not_taken_for_checks),
        cmocka_unit_test(an_unknown_mandatory_attribute_is_answered_420),
        cmocka_unit_test(the_ufrag_is_found_for_routing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
