/* Colours come out as an ordinary screen shows them. */
#include "harness.h"
#include "input/colour.h"

#include <stdlib.h>

enum { SIDE = 16 };

/* A flat picture of one coded colour through the map; 8-bit Y, Cb, Cr of its middle. */
static void map_colour(const struct colour_coding *in, const unsigned colour[3], uint8_t ret[3]) {
    static uint8_t from[3][SIDE * SIDE * 2], to[3][SIDE * SIDE];
    struct colour_map *map = colour_map_new(in);
    assert_non_null(map);
    struct colour_planes a, b;
    size_t bytes = in->depth > 8 ? 2 : 1;
    for (size_t p = 0; p < 3; p++) {
        size_t side = p == 0 ? SIDE : SIDE / 2;
        for (size_t i = 0; i < side * side; i++) {
            from[p][i * bytes] = (uint8_t)colour[p];
            from[p][i * bytes + bytes - 1] =
                bytes == 2 ? (uint8_t)(colour[p] >> 8) : (uint8_t)colour[p];
        }
        a.data[p] = from[p];
        b.data[p] = to[p];
        a.stride[p] = side * bytes;
        b.stride[p] = side;
    }
    colour_map_picture(map, &a, &b, SIDE, SIDE);
    for (size_t p = 0; p < 3; p++) {
        size_t side = p == 0 ? SIDE : SIDE / 2;
        ret[p] = to[p][side * side / 2 + side / 2];
        assert_int_equal(to[p][0], ret[p]);
        assert_int_equal(to[p][side * side - 1], ret[p]);
    }
    colour_map_free(map);
}

static void assert_colour(const struct colour_coding *in, const unsigned colour[3],
                          const int wanted[3], int tolerance) {
    uint8_t seen[3];
    map_colour(in, colour, seen);
    for (size_t i = 0; i < 3; i++) {
        if (abs(seen[i] - wanted[i]) > tolerance) {
            fail_msg("%u,%u,%u became %u,%u,%u, not %d,%d,%d", colour[0], colour[1], colour[2],
                     seen[0], seen[1], seen[2], wanted[0], wanted[1], wanted[2]);
        }
    }
}

static const struct colour_coding bt601 = {.kr = 0.299, .kb = 0.114, .depth = 8};
static const struct colour_coding bt709 = {.kr = 0.2126, .kb = 0.0722, .depth = 8};

static void bt601_stays(void **state) {
    (void)state;
    struct colour_map *map = colour_map_new(&bt601);
    assert_true(colour_map_is_identity(map));
    colour_map_free(map);
    assert_colour(&bt601, (const unsigned[]){81, 90, 240}, (const int[]){81, 90, 240}, 0);
    map = colour_map_new(&bt709);
    assert_false(colour_map_is_identity(map));
    colour_map_free(map);
}

/* BT.709 and BT.601 codes of the same pure colours, from the two recommendations. */
static void bt709_becomes_bt601(void **state) {
    (void)state;
    assert_colour(&bt709, (const unsigned[]){63, 102, 240}, (const int[]){81, 90, 240}, 1);
    assert_colour(&bt709, (const unsigned[]){173, 42, 26}, (const int[]){145, 54, 34}, 1);
    assert_colour(&bt709, (const unsigned[]){32, 240, 118}, (const int[]){41, 240, 110}, 1);
    assert_colour(&bt709, (const unsigned[]){235, 128, 128}, (const int[]){235, 128, 128}, 0);
    assert_colour(&bt709, (const unsigned[]){16, 128, 128}, (const int[]){16, 128, 128}, 0);
}

static void depth_and_range_are_heeded(void **state) {
    (void)state;
    struct colour_coding deep = bt709, full = bt601;
    deep.depth = 10;
    full.full_range = true;
    assert_colour(&deep, (const unsigned[]){252, 408, 960}, (const int[]){81, 90, 240}, 1);
    assert_colour(&full, (const unsigned[]){255, 128, 128}, (const int[]){235, 128, 128}, 1);
    assert_colour(&full, (const unsigned[]){0, 128, 128}, (const int[]){16, 128, 128}, 1);
}

/* 10-bit limited codes of a grey whose transfer code is `share`. */
static unsigned code(double share) {
    return (unsigned)(64 + 876 * share + 0.5);
}

/* BT.2408: the white of paper at 203 cd/m² has PQ 0.581 and HLG 0.75. */
static void high_contrast_keeps_its_middle(void **state) {
    (void)state;
    for (int hlg = 0; hlg < 2; hlg++) {
        struct colour_coding in = {.kr = 0.2627,
                                   .kb = 0.0593,
                                   .depth = 10,
                                   .wide = true,
                                   .transfer = hlg ? COLOUR_HLG : COLOUR_PQ};
        uint8_t black[3], grey[3], paper[3], bright[3];
        map_colour(&in, (const unsigned[]){64, 512, 512}, black);
        map_colour(&in, (const unsigned[]){code(hlg ? 0.38 : 0.378), 512, 512}, grey);
        map_colour(&in, (const unsigned[]){code(hlg ? 0.75 : 0.581), 512, 512}, paper);
        map_colour(&in, (const unsigned[]){code(hlg ? 1 : 0.752), 512, 512}, bright);
        assert_in_range(black[0], 15, 18);
        assert_in_range(grey[0], 100, 118);  /* 26 cd/m² */
        assert_in_range(paper[0], 205, 225); /* light, with room above */
        assert_in_range(bright[0], 232, 235);
        assert_in_range(grey[1], 126, 130);
        assert_in_range(paper[2], 126, 130);
    }
}

/* A curve of light must not turn back, nor have steps that show. */
static void light_only_rises(void **state) {
    (void)state;
    struct colour_coding in = {
        .kr = 0.2627, .kb = 0.0593, .depth = 10, .wide = true, .transfer = COLOUR_PQ};
    int before = 0;
    for (unsigned y = 64; y <= 940; y += 4) {
        uint8_t seen[3];
        map_colour(&in, (const unsigned[]){y, 512, 512}, seen);
        assert_true(seen[0] >= before - 1);
        assert_true(y == 64 || seen[0] - before <= 6);
        before = seen[0];
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bt601_stays),
        cmocka_unit_test(bt709_becomes_bt601),
        cmocka_unit_test(depth_and_range_are_heeded),
        cmocka_unit_test(high_contrast_keeps_its_middle),
        cmocka_unit_test(light_only_rises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
