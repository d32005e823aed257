/* What of a visit is recorded, and what is asked in it. */
#include "visit/visit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define REP_CAMERA 8
#define ADA_CAMERA 7

static char rep_id[ID_MAX], ada_id[ID_MAX];

static const struct visit_join ada = {.actor = {.kind = ACTOR_CUSTOMER, .id = "i"}, .name = "Ada"};

/* A visit with a rep's and a customer's camera; live. */
static struct visit *scene(enum visit_recording recording) {
    const struct visit_join rep = {.actor = {.kind = ACTOR_STAFF, .id = "u"}, .name = "Rep"};
    const struct visit_config config = {
        .id = "v", .summary = {.recording = recording}, .first_seq = 1};
    struct visit *v = visit_new(&config);
    char id[ID_MAX];
    assert_non_null(v);
    assert_int_equal(visit_join(v, &rep, rep_id), 0);
    assert_int_equal(visit_join(v, &ada, ada_id), 0);
    assert_int_equal(visit_add_source(v, ada_id, SOURCE_CAMERA, ADA_CAMERA, true, true, id), 0);
    assert_false(visit_summary(v)->recording_active);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, REP_CAMERA, true, true, id), 0);
    return v;
}

static void assert_recorded(const struct visit *v, bool rep, bool customer) {
    uint64_t media[VISIT_SOURCES_MAX];
    size_t n = visit_recorded(v, media), want = (size_t)rep + (size_t)customer;
    assert_int_equal(n, want);
    assert_int_equal(visit_is_recorded(v, visit_find_media(v, REP_CAMERA)), rep);
    assert_int_equal(visit_is_recorded(v, visit_find_media(v, ADA_CAMERA)), customer);
    assert_int_equal(visit_summary(v)->recording_active, rep || customer);
    for (size_t i = 0; i < n; i++) {
        assert_true((media[i] == REP_CAMERA && rep) || (media[i] == ADA_CAMERA && customer));
    }
}

static void off_records_nothing_whatever_is_agreed(void **state) {
    struct visit *v = scene(RECORDING_OFF);
    (void)state;
    visit_consent(v, ada_id, true, true);
    assert_recorded(v, false, false);
    visit_free(v);
}

static void on_records_the_presenter_but_nobody_who_has_not_agreed(void **state) {
    struct visit *v = scene(RECORDING_ON);
    (void)state;
    assert_recorded(v, true, false);
    visit_consent(v, ada_id, true, true);
    assert_recorded(v, true, true);
    visit_consent(v, ada_id, true, false);
    assert_recorded(v, true, false);
    visit_free(v);
}

static void ask_waits_for_a_customer_who_agrees(void **state) {
    struct visit *v = scene(RECORDING_ASK);
    (void)state;
    assert_recorded(v, false, false);
    visit_consent(v, ada_id, true, false);
    assert_recorded(v, false, false);
    visit_consent(v, ada_id, true, true);
    assert_recorded(v, true, true);
    visit_consent(v, ada_id, true, false);
    assert_recorded(v, false, false);
    visit_free(v);
}

static void a_rep_cannot_agree_for_the_customers(void **state) {
    struct visit *v = scene(RECORDING_ASK);
    (void)state;
    visit_consent(v, rep_id, true, true);
    assert_recorded(v, false, false);
    visit_free(v);
}

static void who_has_left_agrees_no_longer(void **state) {
    struct visit *v = scene(RECORDING_ASK);
    (void)state;
    visit_consent(v, ada_id, true, true);
    visit_lose(v, ada_id, SEC(1)); /* the camera is listed, but nothing comes of it */
    assert_recorded(v, false, true);
    visit_source_alive(v, ADA_CAMERA, true, true); /* only the WebSocket broke */
    assert_recorded(v, true, true);
    visit_leave(v, ada_id);
    assert_recorded(v, false, false);
    visit_free(v);
}

static void one_word_counts_for_all_connections_of_a_customer(void **state) {
    struct visit *v = scene(RECORDING_ON);
    char second[ID_MAX];
    (void)state;
    visit_consent(v, ada_id, true, true);
    assert_int_equal(visit_join(v, &ada, second), 0);
    assert_recorded(v, true, true); /* the second one has said nothing yet */
    visit_consent(v, second, true, false);
    assert_recorded(v, true, false);
    assert_false(visit_find_participant(v, ada_id)->consented_recording);
    visit_free(v);
}

static void nothing_is_recorded_before_the_start_and_after_the_end(void **state) {
    const struct visit_config config = {
        .id = "v", .summary = {.recording = RECORDING_ON}, .first_seq = 1};
    struct visit *v = visit_new(&config);
    (void)state;
    visit_join(v, &ada, ada_id);
    visit_consent(v, ada_id, true, true);
    assert_false(visit_summary(v)->recording_active);
    visit_start(v);
    assert_true(visit_summary(v)->recording_active);
    visit_end(v);
    assert_false(visit_summary(v)->recording_active);
    visit_free(v);
}

static void a_server_that_cannot_record_says_so(void **state) {
    struct visit *v = scene(RECORDING_ON);
    (void)state;
    const uint64_t seq = visit_seq(v);
    visit_block_recording(v, "disk_full");
    assert_recorded(v, false, false);
    const struct visit_event *e = visit_event_after(v, seq);
    assert_int_equal(e->type, VISIT_EVENT_VISIT);
    assert_string_equal(e->summary.recording_problem, "disk_full");
    assert_false(e->summary.recording_active);
    visit_block_recording(v, "disk_full");
    assert_null(visit_event_after(v, e->seq));
    visit_block_recording(v, "");
    assert_recorded(v, true, false);
    visit_free(v);
}

static void a_change_of_the_setting_is_told_once(void **state) {
    struct visit *v = scene(RECORDING_OFF);
    (void)state;
    const uint64_t seq = visit_seq(v);
    visit_describe(v, "", RECORDING_ON);
    const struct visit_event *e = visit_event_after(v, seq);
    assert_int_equal(e->type, VISIT_EVENT_VISIT);
    assert_true(e->summary.recording_active);
    assert_null(visit_event_after(v, e->seq));
    visit_free(v);
}

/* ---- Questions ---- */

static void a_question_is_an_event_and_part_of_the_state(void **state) {
    struct visit *v = scene(RECORDING_OFF);
    (void)state;
    const uint64_t seq = visit_seq(v);
    assert_int_equal(visit_ask(v, ada_id, "  Is it\nloud?", SEC(5), 1234), 0);
    const struct visit_event *e = visit_event_after(v, seq);
    assert_int_equal(e->type, VISIT_EVENT_QUESTION);
    const struct question *q = visit_find_question(v, e->question);
    assert_ptr_equal(q, visit_question(v, 0));
    assert_string_equal(q->text, "Is it loud?");
    assert_string_equal(q->name, "Ada");
    assert_string_equal(q->participant, ada_id);
    assert_int_equal(q->asked, 1234);
    visit_leave(v, ada_id);
    assert_string_equal(visit_question(v, 0)->name, "Ada");
    assert_null(visit_question(v, 1));
    visit_free(v);
}

static void questions_have_bounds(void **state) {
    struct visit *v = scene(RECORDING_OFF);
    char text[4 * QUESTION_CHARACTERS_MAX + 3] = "";
    (void)state;
    for (size_t i = 0; i < QUESTION_CHARACTERS_MAX; i++) {
        memcpy(text + 4 * i, "\xf0\x9f\x91\x8d", 5);
    }
    assert_int_equal(visit_ask(v, ada_id, "", SEC(5), 1), -EINVAL);
    assert_int_equal(visit_ask(v, ada_id, " \n\t ", SEC(5), 1), -EINVAL);
    assert_int_equal(visit_ask(v, "p99", "?", SEC(5), 1), -ENOENT);
    assert_int_equal(visit_ask(v, ada_id, text, SEC(5), 1), 0);
    assert_string_equal(visit_question(v, 0)->text, text);
    strcat(text, "x");
    assert_int_equal(visit_ask(v, ada_id, text, SEC(7), 1), -EMSGSIZE);
    assert_int_equal(visit_ask(v, ada_id, "?", SEC(5) + VISIT_ASK_EVERY - 1, 1), -EAGAIN);
    assert_int_equal(visit_ask(v, rep_id, "?", SEC(5), 1), 0); /* others may */
    visit_end(v);
    assert_int_equal(visit_ask(v, ada_id, "?", SEC(9), 1), -EPERM);
    visit_free(v);
}

static void the_last_hundred_questions_are_kept(void **state) {
    struct visit *v = scene(RECORDING_OFF);
    char text[16];
    (void)state;
    const uint64_t before = visit_seq(v);
    for (unsigned i = 0; i < QUESTIONS_MAX; i++) {
        snprintf(text, sizeof(text), "%u", i);
        assert_int_equal(visit_ask(v, ada_id, text, SEC(2 * i + 2), i), 0);
    }
    assert_true(visit_can_resume(v, before));
    const struct visit_event *first = visit_event_after(v, before);
    const uint64_t number = first->question, seq = first->seq;
    assert_int_equal(visit_ask(v, ada_id, "one more", SEC(900), 1), 0);
    assert_null(visit_find_question(v, number));
    assert_false(visit_can_resume(v, before)); /* or its first question would be missed */
    assert_true(visit_can_resume(v, seq));
    assert_string_equal(visit_question(v, 0)->text, "1");
    assert_string_equal(visit_question(v, QUESTIONS_MAX - 1)->text, "one more");
    assert_null(visit_question(v, QUESTIONS_MAX));
    visit_free(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_records_nothing_whatever_is_agreed),
        cmocka_unit_test(on_records_the_presenter_but_nobody_who_has_not_agreed),
        cmocka_unit_test(ask_waits_for_a_customer_who_agrees),
        cmocka_unit_test(a_rep_cannot_agree_for_the_customers),
        cmocka_unit_test(who_has_left_agrees_no_longer),
        cmocka_unit_test(one_word_counts_for_all_connections_of_a_customer),
        cmocka_unit_test(nothing_is_recorded_before_the_start_and_after_the_end),
        cmocka_unit_test(a_server_that_cannot_record_says_so),
        cmocka_unit_test(a_change_of_the_setting_is_told_once),
        cmocka_unit_test(a_question_is_an_event_and_part_of_the_state),
        cmocka_unit_test(questions_have_bounds),
        cmocka_unit_test(the_last_hundred_questions_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
