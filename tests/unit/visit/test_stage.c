/* Which source feeds which slot. */
#include "visit/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REP_CAMERA(m)                                                                              \
    { m, SOURCE_CAMERA, true, true, true }
#define REP_SCREEN(m)                                                                              \
    { m, SOURCE_SCREEN, true, false, true }
#define CUSTOMER_CAMERA(m)                                                                         \
    { m, SOURCE_CAMERA, false, true, true }

static void nothing_gives_a_dark_stage(void **state) {
    (void)state;
    struct stage stage, dark = {0};
    stage_arrange(NULL, 0, 0, &stage);
    assert_true(stage_equal(&stage, &dark));
}

static void the_presenter_is_first_and_main(void **state) {
    (void)state;
    const struct stage_source s[] = {CUSTOMER_CAMERA(5), REP_CAMERA(9)};
    struct stage stage;
    stage_arrange(s, 2, 0, &stage);
    assert_int_equal(stage.video[0], 9);
    assert_int_equal(stage.video[1], 0);
    assert_int_equal(stage.video[2], 5);
    assert_int_equal(stage.main_video, 9);
    assert_int_equal(stage.main_audio, 9);
    assert_int_equal(stage.audio[0], 9);
    assert_int_equal(stage.audio[2], 5);
}

static void a_person_goes_before_a_camera_of_the_presenter(void **state) {
    (void)state;
    const struct stage_source s[] = {
        {1, SOURCE_PERSON, true, false, true}, REP_CAMERA(2), REP_CAMERA(3)};
    struct stage stage;
    stage_arrange(s, 3, 0, &stage);
    assert_int_equal(stage.video[0], 1);
    assert_int_equal(stage.video[2], 2);
    assert_int_equal(stage.audio[0], 3); /* the newest camera speaks */
}

static void shared_content_becomes_main_and_a_silent_one_leaves_the_rep_speaking(void **state) {
    (void)state;
    const struct stage_source s[] = {REP_CAMERA(1), REP_SCREEN(2)};
    struct stage stage;
    stage_arrange(s, 2, 0, &stage);
    assert_int_equal(stage.video[0], 1);
    assert_int_equal(stage.video[1], 2);
    assert_int_equal(stage.main_video, 2);
    assert_int_equal(stage.main_audio, 1);
    assert_int_equal(stage.audio[1], 0);
}

static void a_film_with_sound_speaks_for_itself(void **state) {
    (void)state;
    const struct stage_source s[] = {REP_CAMERA(1), {2, SOURCE_CONTENT, true, true, true}};
    struct stage stage;
    stage_arrange(s, 2, 0, &stage);
    assert_int_equal(stage.main_video, 2);
    assert_int_equal(stage.main_audio, 2);
    assert_int_equal(stage.audio[1], 2);
}

static void the_newest_content_wins_unless_another_is_chosen(void **state) {
    (void)state;
    const struct stage_source s[] = {REP_SCREEN(1), REP_SCREEN(2)};
    struct stage stage;
    stage_arrange(s, 2, 0, &stage);
    assert_int_equal(stage.video[1], 2);
    stage_arrange(s, 2, 1, &stage);
    assert_int_equal(stage.video[1], 1);
    assert_int_equal(stage.main_video, 1);
    stage_arrange(s, 2, 77, &stage); /* gone */
    assert_int_equal(stage.main_video, 2);
}

static void the_rep_may_choose_a_face_over_the_screen(void **state) {
    (void)state;
    const struct stage_source s[] = {REP_CAMERA(1), REP_SCREEN(2), CUSTOMER_CAMERA(3)};
    struct stage stage;
    stage_arrange(s, 3, 1, &stage);
    assert_int_equal(stage.main_video, 1);
    assert_int_equal(stage.video[1], 2); /* the screen keeps its slot */
    stage_arrange(s, 3, 3, &stage);
    assert_int_equal(stage.main_video, 3);
    assert_int_equal(stage.main_audio, 3);
}

static void a_source_without_picture_takes_no_video_slot(void **state) {
    (void)state;
    const struct stage_source s[] = {{1, SOURCE_CAMERA, true, true, false}, CUSTOMER_CAMERA(2)};
    struct stage stage;
    stage_arrange(s, 2, 1, &stage);
    assert_int_equal(stage.video[0], 0);
    assert_int_equal(stage.video[2], 2);
    assert_int_equal(stage.main_video, 2); /* better than black */
    assert_int_equal(stage.audio[0], 1);
}

static void more_customers_than_slots_are_left_out_in_order(void **state) {
    (void)state;
    struct stage_source s[12];
    struct stage stage;
    for (unsigned i = 0; i < 12; i++) {
        s[i] = (struct stage_source)CUSTOMER_CAMERA(i + 1);
    }
    stage_arrange(s, 12, 0, &stage);
    for (unsigned i = 2; i < STAGE_SLOTS; i++) {
        assert_int_equal(stage.video[i], i - 1);
        assert_int_equal(stage.audio[i], i - 1);
    }
}

static void kinds_have_names(void **state) {
    (void)state;
    enum source_kind kind;
    assert_true(source_kind_parse("content", &kind));
    assert_int_equal(kind, SOURCE_CONTENT);
    assert_false(source_kind_parse("", &kind));
    assert_string_equal(source_kind_name(SOURCE_PERSON), "person");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_gives_a_dark_stage),
        cmocka_unit_test(the_presenter_is_first_and_main),
        cmocka_unit_test(a_person_goes_before_a_camera_of_the_presenter),
        cmocka_unit_test(shared_content_becomes_main_and_a_silent_one_leaves_the_rep_speaking),
        cmocka_unit_test(a_film_with_sound_speaks_for_itself),
        cmocka_unit_test(the_newest_content_wins_unless_another_is_chosen),
        cmocka_unit_test(the_rep_may_choose_a_face_over_the_screen),
        cmocka_unit_test(a_source_without_picture_takes_no_video_slot),
        cmocka_unit_test(more_customers_than_slots_are_left_out_in_order),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
