/* Every picture gets the largest size that fits and is never enlarged. */
#include "harness.h"
#include "input/fit.h"

static void assert_fit(struct picture in, uint32_t width, uint32_t height) {
    struct fit fit;
    if (in.par_n == 0) {
        in.par_n = in.par_d = 1;
    }
    assert_true(fit_picture(&in, &fit));
    assert_int_equal(fit.width, width);
    assert_int_equal(fit.height, height);
}

static void pictures_fit_the_box_in_their_shape(void **state) {
    (void)state;
    assert_fit((struct picture){.width = 1920, .height = 1080}, 1280, 720);
    assert_fit((struct picture){.width = 3840, .height = 2160}, 1280, 720);
    assert_fit((struct picture){.width = 640, .height = 360}, 640, 360);
    assert_fit((struct picture){.width = 641, .height = 361}, 640, 360);
    assert_fit((struct picture){.width = 1080, .height = 1920}, 720, 1280);
    assert_fit((struct picture){.width = 1920, .height = 1080, .turned = true}, 720, 1280);
    assert_fit((struct picture){.width = 1000, .height = 1000}, 720, 720);
    assert_fit((struct picture){.width = 1440, .height = 1080, .par_n = 4, .par_d = 3}, 1280, 720);
    assert_fit((struct picture){.width = 720, .height = 576, .par_n = 64, .par_d = 45}, 1024, 576);
}

static void slivers_are_refused(void **state) {
    (void)state;
    struct fit fit;
    struct picture sliver = {.width = 4000, .height = 20}, none = {0};
    assert_false(fit_picture(&sliver, &fit));
    assert_false(fit_picture(&none, &fit));
}

static void assert_rate(uint32_t n, uint32_t d, uint32_t wanted_n, uint32_t wanted_d) {
    struct picture in = {.width = 640, .height = 360, .fps_n = n, .fps_d = d};
    struct fit fit;
    assert_true(fit_picture(&in, &fit));
    assert_int_equal(fit.fps_n, wanted_n);
    assert_int_equal(fit.fps_d, wanted_d);
}

static void the_rate_is_a_whole_part_of_the_original(void **state) {
    (void)state;
    assert_rate(25, 1, 25, 1);
    assert_rate(30000, 1001, 30000, 1001);
    assert_rate(60, 1, 60, 2);
    assert_rate(50, 1, 50, 2);
    assert_rate(0, 1, 30, 1);
    assert_rate(1, 1, 30, 1);
    assert_rate(90000, 1, 30, 1);
}

/* `sizes` ends with a zero name. */
static void assert_ladder(struct picture in, const struct fit_rung *sizes, size_t small) {
    struct fit_ladder ladder;
    size_t count = 0;
    assert_true(fit_ladder(&in, &ladder));
    while (sizes[count].name != 0) {
        assert_true(count < ladder.count);
        assert_int_equal(ladder.rungs[count].name, sizes[count].name);
        assert_int_equal(ladder.rungs[count].width, sizes[count].width);
        assert_int_equal(ladder.rungs[count].height, sizes[count].height);
        count++;
    }
    assert_int_equal(ladder.count, count);
    assert_int_equal(ladder.small, small);
}

#define LADDER(...) ((const struct fit_rung[]){__VA_ARGS__, {0}})

static void a_ladder_has_the_classes_that_the_source_fills(void **state) {
    (void)state;
    assert_ladder((struct picture){.width = 1920, .height = 1080},
                  LADDER({1080, 1920, 1080}, {720, 1280, 720}, {360, 640, 360}), 1);
    assert_ladder((struct picture){.width = 3840, .height = 2160, .turned = true},
                  LADDER({1080, 1080, 1920}, {720, 720, 1280}, {360, 360, 640}), 1);
    assert_ladder((struct picture){.width = 1920, .height = 800}, /* of the cinema */
                  LADDER({1080, 1920, 800}, {720, 1280, 532}, {360, 640, 266}), 1);
    assert_ladder((struct picture){.width = 1280, .height = 720},
                  LADDER({720, 1280, 720}, {360, 640, 360}), 0);
    assert_ladder((struct picture){.width = 640, .height = 360}, LADDER({360, 640, 360}), 0);
}

static void a_picture_between_two_classes_keeps_its_size(void **state) {
    (void)state;
    assert_ladder((struct picture){.width = 1600, .height = 900},
                  LADDER({1080, 1600, 900}, {720, 1280, 720}, {360, 640, 360}), 1);
    assert_ladder((struct picture){.width = 1366, .height = 768},
                  LADDER({720, 1280, 720}, {360, 640, 360}), 0);
    assert_ladder((struct picture){.width = 720, .height = 576, .par_n = 64, .par_d = 45},
                  LADDER({720, 1024, 576}, {360, 640, 360}), 0);
    assert_ladder((struct picture){.width = 854, .height = 480}, LADDER({360, 854, 480}), 0);
    assert_ladder((struct picture){.width = 321, .height = 181}, LADDER({360, 320, 180}), 0);
    assert_ladder((struct picture){.width = 16, .height = 16}, LADDER({360, 16, 16}), 0);
}

static void a_sliver_has_fewer_rungs_or_none(void **state) {
    (void)state;
    assert_ladder((struct picture){.width = 1920, .height = 40},
                  LADDER({1080, 1920, 40}, {720, 1280, 26}), 1);
    struct fit_ladder ladder;
    struct picture sliver = {.width = 4000, .height = 20}, none = {0};
    assert_false(fit_ladder(&sliver, &ladder));
    assert_false(fit_ladder(&none, &ladder));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_fit_the_box_in_their_shape),
        cmocka_unit_test(slivers_are_refused),
        cmocka_unit_test(a_ladder_has_the_classes_that_the_source_fills),
        cmocka_unit_test(a_picture_between_two_classes_keeps_its_size),
        cmocka_unit_test(a_sliver_has_fewer_rungs_or_none),
        cmocka_unit_test(the_rate_is_a_whole_part_of_the_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
