/* The matte of a person before a green wall, against the truth that made the picture. */
#include "key/key_frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness.h"

#define W 320
#define H 360

static unsigned seed = 7;

/* About normal, deviation 1. */
static float noise(void) {
    float sum = 0;
    for (int i = 0; i < 12; i++) {
        seed = seed * 1664525u + 1013904223u;
        sum += (float)(seed >> 8) / (1 << 24);
    }
    return sum - 6;
}

struct scene {
    float truth[H][W];
    uint8_t luma[H * W], u[H * W / 4], v[H * W / 4];
    uint8_t out_luma[W * (2 * H + 32)], out_u[W * (2 * H + 32) / 4], out_v[W * (2 * H + 32) / 4];
};

static float clamp01(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

/* A head and shoulders with an edge `soft` pixels wide. */
static float person_at(float x, float y, float soft) {
    float head = 1 - hypotf((x - W / 2.0f) / 52, (y - 110) / 66);
    float body = 1 - hypotf((x - W / 2.0f) / 110, (y - 380) / 210);
    return clamp01(fmaxf(head * 55, body * 120) / soft + 0.5f);
}

/* The person's colour, with hair, skin and a striped shirt. */
static void person_colour(int x, int y, float rgb[3]) {
    static const float skin[3] = {205, 160, 135}, hair[3] = {60, 45, 40}, shirt[3] = {50, 60, 120};
    const float *c = y < 75 ? hair : y < 185 ? skin : shirt;
    float stripe = y >= 185 && (x / 6) % 2 ? 1.3f : 1;
    for (int i = 0; i < 3; i++) {
        rgb[i] = c[i] * stripe;
    }
}

static void paint(struct scene *s, float sigma, float soft) {
    static float y4[H][W], u4[H][W], v4[H][W];
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            float light = 0.65f + 0.4f * (float)x / W + 0.1f * (float)y / H, rgb[3];
            const float wall[3] = {45 * light, 190 * light, 60 * light};
            float a = s->truth[y][x] = person_at((float)x, (float)y, soft);
            person_colour(x, y, rgb);
            for (int i = 0; i < 3; i++) {
                rgb[i] = a * rgb[i] + (1 - a) * wall[i];
            }
            y4[y][x] = 16 + 0.2568f * rgb[0] + 0.5041f * rgb[1] + 0.0979f * rgb[2];
            u4[y][x] = 128 - 0.1482f * rgb[0] - 0.2910f * rgb[1] + 0.4392f * rgb[2];
            v4[y][x] = 128 + 0.4392f * rgb[0] - 0.3678f * rgb[1] - 0.0714f * rgb[2];
        }
    }
    for (int y = 0; y < H; y++) {
        for (int x = 0; x < W; x++) {
            s->luma[y * W + x] = (uint8_t)(y4[y][x] + sigma * noise() + 0.5f);
        }
    }
    for (int y = 0; y < H / 2; y++) {
        for (int x = 0; x < W / 2; x++) {
            float sum_u = 0, sum_v = 0;
            for (int row = 0; row < 2; row++) { /* left-sited */
                int left = x > 0 ? 2 * x - 1 : 0;
                const float *a = u4[2 * y + row], *b = v4[2 * y + row];
                sum_u += 0.25f * a[left] + 0.5f * a[2 * x] + 0.25f * a[2 * x + 1];
                sum_v += 0.25f * b[left] + 0.5f * b[2 * x] + 0.25f * b[2 * x + 1];
            }
            s->u[y * W / 2 + x] = (uint8_t)(sum_u / 2 + sigma * 0.6f * noise() + 0.5f);
            s->v[y * W / 2 + x] = (uint8_t)(sum_v / 2 + sigma * 0.6f * noise() + 0.5f);
        }
    }
}

static bool apply(struct key_frame *k, struct scene *s) {
    const struct key_picture in = {{s->luma, s->u, s->v}, {W, W / 2, W / 2}};
    const struct key_picture out = {{s->out_luma, s->out_u, s->out_v}, {W, W / 2, W / 2}};
    return key_frame_apply(k, &in, &out);
}

static unsigned matte_row(void) {
    struct manifest_matte m;
    key_layout(W, H, &m);
    return (unsigned)(m.matte.y * m.height + 0.5);
}

struct errors {
    double inside, outside, edge;
};

static struct errors judge(const struct scene *s) {
    double sum[3] = {0}, n[3] = {0};
    unsigned row = matte_row();
    for (unsigned y = 0; y < H; y++) {
        for (unsigned x = 0; x < W; x++) {
            float a = s->truth[y][x];
            int kind = a >= 1 ? 0 : a <= 0 ? 1 : 2;
            double got = (s->out_luma[(row + y) * W + x] - 16) * 255.0 / 219;
            sum[kind] += fabs(got - a * 255.0);
            n[kind]++;
        }
    }
    return (struct errors){sum[0] / n[0], sum[1] / n[1], sum[2] / n[2]};
}

static struct scene *scene(void) {
    struct scene *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    return s;
}

static void the_matte_is_true(void **state) {
    (void)state;
    struct scene *s = scene();
    static const int colours[] = {KEY_COLOUR_AUTO, 0x2dbe3c};
    for (size_t i = 0; i < 2; i++) {
        struct key_frame *k = key_frame_new(W, H, colours[i]);
        for (int frame = 0; frame < 3; frame++) {
            paint(s, 2, 4);
            assert_true(apply(k, s));
        }
        struct errors e = judge(s);
        print_message("inside %.3f, outside %.3f, edge %.2f of 255\n", e.inside, e.outside, e.edge);
        assert_true(e.inside <= 1);
        assert_true(e.outside <= 1);
        assert_true(e.edge <= 6.5); /* 4 pixels wide, chroma of half the size, with noise */
        key_frame_free(k);
    }
    free(s);
}

/* Nothing green is left in the colour half, and nothing of the room beyond the spread. */
static void the_wall_does_not_shine_through(void **state) {
    (void)state;
    struct scene *s = scene();
    struct key_frame *k = key_frame_new(W, H, KEY_COLOUR_AUTO);
    paint(s, 2, 4);
    assert_true(apply(k, s));
    unsigned green = 0, lit = 0, far = 0;
    for (int y = 0; y < H / 2; y++) {
        for (int x = 0; x < W / 2; x++) {
            int u = s->out_u[y * W / 2 + x] - 128, v = s->out_v[y * W / 2 + x] - 128;
            green += u < -12 && v < -12;
            if (person_at(2 * (float)x, 2 * (float)y, 60) <= 0) { /* at least 30 pixels away */
                far++;
                lit += s->out_luma[4 * y * W / 2 + 2 * x] != 16 || u || v;
            }
        }
    }
    assert_int_equal(green, 0);
    assert_true(far > 1000);
    assert_int_equal(lit, 0);
    key_frame_free(k);
    free(s);
}

static void a_still_picture_does_not_flicker(void **state) {
    (void)state;
    struct scene *s = scene();
    struct key_frame *k = key_frame_new(W, H, KEY_COLOUR_AUTO);
    static uint8_t before[W * H];
    double change = 0;
    unsigned row = matte_row();
    for (int frame = 0; frame < 6; frame++) {
        paint(s, 3, 4);
        assert_true(apply(k, s));
        for (int i = 0; frame == 5 && i < W * H; i++) {
            change += abs(s->out_luma[row * W + i] - before[i]);
        }
        memcpy(before, s->out_luma + (size_t)row * W, sizeof(before));
    }
    assert_true(change / (W * H) < 0.25);
    key_frame_free(k);
    free(s);
}

static void the_guard_calibrates(void **state) {
    (void)state;
    struct scene *s = scene();
    struct manifest_matte m;
    struct key_frame *k = key_frame_new(W, H, KEY_COLOUR_AUTO);
    paint(s, 2, 4);
    assert_true(apply(k, s));
    key_layout(W, H, &m);
    assert_int_equal(m.width, W);
    assert_int_equal(m.height % 16, 0);
    unsigned x = (unsigned)((m.white.x + m.white.w / 2) * m.width);
    unsigned y = (unsigned)((m.white.y + m.white.h / 2) * m.height);
    assert_int_equal(s->out_luma[y * W + x], 235);
    x = (unsigned)((m.black.x + m.black.w / 2) * m.width);
    assert_int_equal(s->out_luma[y * W + x], 16);
    assert_true(m.guard.y >= m.colour.y + m.colour.h && m.matte.y >= m.guard.y + m.guard.h - 1e-9);
    assert_true(fabs(m.matte.y + m.matte.h - 1) < 1e-9);
    key_frame_free(k);
    free(s);
}

static void a_grey_room_has_no_wall(void **state) {
    (void)state;
    struct scene *s = scene();
    struct key_frame *k = key_frame_new(W, H, KEY_COLOUR_AUTO);
    memset(s->luma, 120, sizeof(s->luma));
    memset(s->u, 126, sizeof(s->u));
    memset(s->v, 131, sizeof(s->v));
    assert_false(apply(k, s));
    key_frame_free(k);
    assert_null(key_frame_new(W, H, 0x808080));
    assert_null(key_frame_new(W + 1, H, KEY_COLOUR_AUTO));
    assert_null(key_frame_new(2, 2, KEY_COLOUR_AUTO));
    assert_null(key_frame_new(60000, 60000, KEY_COLOUR_AUTO));
    free(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matte_is_true),
        cmocka_unit_test(the_wall_does_not_shine_through),
        cmocka_unit_test(a_still_picture_does_not_flicker),
        cmocka_unit_test(the_guard_calibrates),
        cmocka_unit_test(a_grey_room_has_no_wall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
