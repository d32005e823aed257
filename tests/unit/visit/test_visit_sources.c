/* Sources come on stage and go. */
#include "visit/visit.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char rep_id[ID_MAX], customer_id[ID_MAX];

static int setup(void **state) {
    const struct visit_join rep = {.actor = {.kind = ACTOR_STAFF, .id = "u"}, .name = "Rep"};
    const struct visit_join customer = {.actor = {.kind = ACTOR_CUSTOMER, .id = "i"}, .name = "C"};
    struct visit_config config = {.id = "v", .sources_max = 3, .first_seq = 1};
    struct visit *v = visit_new(&config);
    *state = v;
    return v && visit_join(v, &rep, rep_id) == 0 && visit_join(v, &customer, customer_id) == 0 ? 0
                                                                                               : -1;
}

static int teardown(void **state) {
    visit_free(*state);
    return 0;
}

static void a_presenter_who_sends_makes_the_visit_live(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    assert_int_equal(visit_add_source(v, customer_id, SOURCE_CAMERA, 7, true, true, id), 0);
    assert_int_equal(visit_state(v), VISIT_LOBBY);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 8, true, true, id), 0);
    assert_int_equal(visit_state(v), VISIT_LIVE);
    assert_int_equal(visit_media_stage(v)->video[0], 8);
    assert_int_equal(visit_media_stage(v)->video[2], 7);
    assert_string_equal(visit_stage(v)->video[0], id);
    assert_string_equal(visit_stage(v)->main, id);
}

static void a_stage_event_follows_every_change_and_only_then(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    uint64_t seq = visit_seq(v);
    visit_add_source(v, rep_id, SOURCE_CAMERA, 8, true, true, id);
    const struct visit_event *e = visit_event_after(v, seq);
    assert_int_equal(e->type, VISIT_EVENT_SOURCE_ADDED);
    e = visit_event_after(v, e->seq);
    assert_int_equal(e->type, VISIT_EVENT_STAGE);
    assert_string_equal(e->stage.main, id);
    seq = visit_seq(v);
    visit_source_alive(v, 8, true, true);
    visit_source_alive(v, 8, true, true);
    assert_int_equal(visit_seq(v), seq + 1); /* alive does not move the stage */
    assert_true(visit_event_after(v, seq)->source.alive);
}

static void a_matte_is_told_when_it_changes(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    const struct matte plain = {0};
    struct matte matte = {.laid_out = true,
                          .layout = {.width = 512, .height = 1280, .colour = {0, 0, 1, 0.46875}}};
    visit_add_source(v, rep_id, SOURCE_PERSON, 8, true, true, id);
    uint64_t seq = visit_seq(v);
    assert_int_equal(visit_set_matte(v, 9, &matte), -ENOENT);
    assert_int_equal(visit_set_matte(v, 8, &plain), 0);
    assert_int_equal(visit_seq(v), seq);
    assert_int_equal(visit_set_matte(v, 8, &matte), 0);
    matte.layout.colour.h += 1e-9; /* only rounded otherwise */
    assert_int_equal(visit_set_matte(v, 8, &matte), 0);
    assert_int_equal(visit_seq(v), seq + 1);
    const struct visit_event *e = visit_event_after(v, seq);
    assert_int_equal(e->type, VISIT_EVENT_SOURCE_CHANGED);
    assert_true(e->source.matte.laid_out);
    assert_int_equal(e->source.matte.layout.height, 1280);
    visit_source_returns(v, 8, 10);
    assert_true(visit_find_media(v, 10)->matte.laid_out);
}

static void a_source_that_returns_keeps_its_id_and_its_place(void **state) {
    struct visit *v = *state;
    char camera[ID_MAX], film[ID_MAX];
    visit_add_source(v, rep_id, SOURCE_CAMERA, 8, true, true, camera);
    visit_add_source(v, rep_id, SOURCE_CONTENT, 9, true, true, film);
    assert_int_equal(visit_set_main(v, film), 0);
    assert_int_equal(visit_source_returns(v, 7, 10), -ENOENT);
    assert_int_equal(visit_source_returns(v, 9, 8), -EEXIST);
    assert_int_equal(visit_source_returns(v, 9, 10), 0);
    assert_int_equal(visit_media_stage(v)->video[1], 10);
    assert_int_equal(visit_media_stage(v)->main_video, 10);
    assert_string_equal(visit_stage(v)->main, film);
    assert_non_null(visit_find_media(v, 10));
    assert_null(visit_find_media(v, 9));
}

static void a_track_that_was_not_announced_takes_its_slot_when_it_comes(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    visit_add_source(v, rep_id, SOURCE_SCREEN, 8, false, true, id);
    assert_int_equal(visit_media_stage(v)->audio[1], 0);
    assert_int_equal(visit_source_alive(v, 8, false, true), 0);
    assert_int_equal(visit_media_stage(v)->audio[1], 8);
    assert_int_equal(visit_source_alive(v, 9, false, true), -ENOENT);
}

static void a_chosen_main_lasts_until_its_source_goes(void **state) {
    struct visit *v = *state;
    char camera[ID_MAX], screen[ID_MAX];
    visit_add_source(v, rep_id, SOURCE_CAMERA, 1, true, true, camera);
    visit_add_source(v, rep_id, SOURCE_SCREEN, 2, false, true, screen);
    assert_string_equal(visit_stage(v)->main, screen);
    assert_int_equal(visit_set_main(v, camera), 0);
    assert_string_equal(visit_stage(v)->main, camera);
    assert_int_equal(visit_set_main(v, "s99"), -ENOENT);
    assert_string_equal(visit_stage(v)->main, camera);
    assert_int_equal(visit_remove_source(v, 1), 0);
    assert_string_equal(visit_stage(v)->main, screen);
    assert_int_equal(visit_remove_source(v, 1), -ENOENT);
}

static void an_encoder_leaves_with_its_last_source(void **state) {
    struct visit *v = *state;
    const struct visit_join obs = {.actor = {.kind = ACTOR_ENCODER, .id = "v"}, .name = "OBS"};
    char id[ID_MAX], source[ID_MAX];
    assert_int_equal(visit_join(v, &obs, id), 0);
    assert_int_equal(visit_present(v), 2); /* an encoder is no person */
    visit_add_source(v, id, SOURCE_CAMERA, 1, true, true, source);
    visit_add_source(v, id, SOURCE_SCREEN, 2, true, true, source);
    visit_remove_source(v, 1);
    assert_non_null(visit_find_participant(v, id));
    visit_remove_source(v, 2);
    assert_null(visit_find_participant(v, id));
    assert_non_null(visit_find_participant(v, rep_id));
}

static void sources_are_bounded_and_unique(void **state) {
    struct visit *v = *state;
    char id[ID_MAX];
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 1, true, true, id), 0);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 1, true, true, id), -EEXIST);
    assert_int_equal(visit_add_source(v, "p99", SOURCE_CAMERA, 2, true, true, id), -ENOENT);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 2, true, true, id), 0);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 3, true, true, id), 0);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 4, true, true, id), -ENOSPC);
    visit_end(v);
    visit_remove_source(v, 1);
    assert_int_equal(visit_add_source(v, rep_id, SOURCE_CAMERA, 5, true, true, id), -EPERM);
}

static void the_newest_present_participant_answers_for_a_credential(void **state) {
    struct visit *v = *state;
    const struct visit_join twin = {.actor = {.kind = ACTOR_CUSTOMER, .id = "i"}, .name = "C2"};
    char second[ID_MAX];
    visit_join(v, &twin, second);
    assert_string_equal(visit_find_credential(v, "i")->id, second);
    visit_lose(v, second, SEC(1));
    assert_string_equal(visit_find_credential(v, "i")->id, customer_id);
    assert_null(visit_find_credential(v, "nobody"));
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_presenter_who_sends_makes_the_visit_live),
        T(a_stage_event_follows_every_change_and_only_then),
        T(a_matte_is_told_when_it_changes),
        T(a_source_that_returns_keeps_its_id_and_its_place),
        T(a_track_that_was_not_announced_takes_its_slot_when_it_comes),
        T(a_chosen_main_lasts_until_its_source_goes),
        T(an_encoder_leaves_with_its_last_source),
        T(sources_are_bounded_and_unique),
        T(the_newest_present_participant_answers_for_a_credential),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
