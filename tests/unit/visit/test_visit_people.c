/* People come, lose their connection, come back and leave. */
#include "visit/visit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct actor rep = {.kind = ACTOR_STAFF, .role = ROLE_REP, .id = "user"};
static const struct actor customer = {.kind = ACTOR_CUSTOMER, .id = "invite", .visit = "v"};

static int setup(void **state) {
    struct visit_config config = {.id = "v",
                                  .summary = {.title = "A visit", .state = VISIT_PLANNED},
                                  .participants_max = 3,
                                  .sources_max = 4,
                                  .first_seq = 1000};
    *state = visit_new(&config);
    return *state ? 0 : -1;
}

static int teardown(void **state) {
    visit_free(*state);
    return 0;
}

static int join(struct visit *v, const struct actor *actor, const char *again, char *id) {
    struct visit_join j = {.actor = *actor, .name = "Ada", .again = again};
    return visit_join(v, &j, id);
}

static void the_first_one_opens_the_lobby(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    assert_int_equal(join(v, &customer, NULL, id), 0);
    assert_int_equal(visit_state(v), VISIT_LOBBY);
    const struct visit_event *e = visit_event_after(v, 999);
    assert_int_equal(e->type, VISIT_EVENT_PARTICIPANT_JOINED);
    assert_string_equal(e->participant.id, id);
    assert_int_equal(e->participant.role, PARTICIPANT_CUSTOMER);
    e = visit_event_after(v, e->seq);
    assert_int_equal(e->type, VISIT_EVENT_VISIT);
    assert_int_equal(e->summary.state, VISIT_LOBBY);
    assert_int_equal(visit_seq(v), e->seq);
}

static void states_go_forward_only(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    assert_int_equal(visit_start(v), 0);
    assert_int_equal(visit_start(v), 0);
    assert_int_equal(visit_state(v), VISIT_LIVE);
    uint64_t seq = visit_seq(v);
    visit_end(v);
    visit_end(v);
    assert_int_equal(visit_seq(v), seq + 1);
    assert_int_equal(visit_start(v), -EPERM);
    assert_int_equal(join(v, &rep, NULL, id), -EPERM);
}

static void who_comes_back_is_who_it_was(void **state) {
    struct visit *v = *state;
    char id[ID_MAX], again[ID_MAX];
    join(v, &customer, NULL, id);
    visit_lose(v, id, SEC(10));
    assert_int_equal(visit_present(v), 0);
    assert_int_equal(join(v, &customer, id, again), 0);
    assert_string_equal(id, again);
    assert_int_equal(visit_present(v), 1);
    assert_int_equal(visit_next_timeout(v), USEC_NEVER);
}

static void nobody_becomes_somebody_else(void **state) {
    struct visit *v = *state;
    char id[ID_MAX], other[ID_MAX];
    join(v, &rep, NULL, id);
    visit_lose(v, id, SEC(10));
    assert_int_equal(join(v, &customer, id, other), 0);
    assert_string_not_equal(id, other);
    assert_int_equal(visit_find_participant(v, other)->role, PARTICIPANT_CUSTOMER);
}

static void the_absent_are_forgotten_after_their_grace(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    join(v, &customer, NULL, id);
    visit_lose(v, id, SEC(10));
    assert_int_equal(visit_next_timeout(v), SEC(10) + VISIT_GRACE);
    visit_timeout(v, SEC(10) + VISIT_GRACE - 1);
    assert_non_null(visit_find_participant(v, id));
    visit_timeout(v, SEC(10) + VISIT_GRACE);
    assert_null(visit_find_participant(v, id));
    assert_true(visit_is_empty(v));
}

static void a_full_visit_says_so(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(join(v, &customer, NULL, id), 0);
    }
    assert_int_equal(join(v, &rep, NULL, id), -ENOSPC);
    visit_leave(v, id);
    assert_int_equal(join(v, &rep, NULL, id), 0);
}

static void names_are_cut_between_characters_and_cleaned(void **state) {
    struct visit *v = *state;
    char id[ID_MAX], name[200];
    join(v, &customer, NULL, id);
    memset(name, 'x', sizeof(name));
    memcpy(name, "a\nb\x7f", 4);
    memcpy(name + VISIT_NAME_MAX - 2, "\xe2\x82\xac", 3); /* € over the end */
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(visit_rename(v, id, name), 0);
    const char *got = visit_find_participant(v, id)->name;
    assert_int_equal(strlen(got), VISIT_NAME_MAX - 2);
    assert_memory_equal(got, "a b x", 5);
    assert_int_equal(visit_rename(v, "p99", "x"), -ENOENT);
}

static void consent_is_told_once(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    join(v, &customer, NULL, id);
    uint64_t seq = visit_seq(v);
    assert_int_equal(visit_consent(v, id, true, false), 0);
    assert_int_equal(visit_consent(v, id, true, false), 0);
    assert_int_equal(visit_seq(v), seq + 1);
    assert_true(visit_event_after(v, seq)->participant.consented);
    assert_false(visit_event_after(v, seq)->participant.consented_recording);
    assert_int_equal(visit_consent(v, "", true, true), -ENOENT);
}

static void an_opened_invite_is_for_staff_only(void **state) {
    struct visit *v = *state;
    visit_invite_opened(v, "i", "Sam");
    const struct visit_event *e = visit_event_after(v, 0);
    assert_true(e->staff_only);
    assert_string_equal(e->invite.name, "Sam");
}

static void a_new_title_is_told_an_old_one_is_not(void **state) {
    struct visit *v = *state;
    visit_describe(v, "A visit", RECORDING_OFF);
    assert_null(visit_event_after(v, 0));
    visit_describe(v, "Another", RECORDING_ASK);
    assert_string_equal(visit_event_after(v, 0)->summary.title, "Another");
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_first_one_opens_the_lobby),
        T(states_go_forward_only),
        T(who_comes_back_is_who_it_was),
        T(nobody_becomes_somebody_else),
        T(the_absent_are_forgotten_after_their_grace),
        T(a_full_visit_says_so),
        T(names_are_cut_between_characters_and_cleaned),
        T(consent_is_told_once),
        T(an_opened_invite_is_for_staff_only),
        T(a_new_title_is_told_an_old_one_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
