/* The test source's picture and sound can be read back. */
#include "harness.h"
#include "live/test_card.h"

#include <stdlib.h>

static void assert_reads_back(int width, int height) {
    size_t luma = (size_t)width * height;
    uint8_t *p = malloc(luma * 3 / 2);
    assert_non_null(p);
    struct test_card_planes planes = {.data = {p, p + luma, p + luma * 5 / 4},
                                      .stride = {width, width / 2, width / 2},
                                      .width = width,
                                      .height = height};
    static const uint32_t frames[] = {0, 1, 29, 30, 4711, 0xabcdef, 0xffffff};
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        test_card_draw(&planes, frames[i], frames[i] / 30.0);
        assert_int_equal(test_card_read(p, width, width, height), frames[i]);
        assert_int_equal(test_card_flashes(p, width, width, height), frames[i] % 30 < 3);
    }
    memset(p, 90, luma);
    assert_int_equal(test_card_read(p, width, width, height), -1);
    free(p);
}

static void pictures_read_back(void **state) {
    (void)state;
    assert_reads_back(640, 360);
    assert_reads_back(1280, 720);
    assert_reads_back(160, 120);
    assert_reads_back(426, 240);
}

static void beeps_while_it_flashes(void **state) {
    (void)state;
    static int16_t sound[48000 * 2];
    test_card_sound(sound, 48000, 48000 * 7);
    int loud = 0;
    for (int i = 0; i < 48000; i++) {
        bool quiet = sound[2 * i] == 0;
        loud += abs(sound[2 * i]) > 8000;
        assert_true(i < 4800 || quiet);
    }
    assert_in_range(loud, 2400, 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_read_back),
        cmocka_unit_test(beeps_while_it_flashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
