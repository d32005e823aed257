#include "live/test_card.h"

#include <math.h>

#define CELLS 32
#define WHITE 235
#define BLACK 16

struct colour {
    uint8_t y, u, v;
};

static const struct colour wall_top = {196, 118, 136}, wall_low = {150, 114, 142};
static const struct colour floor_top = {104, 112, 148}, floor_low = {64, 116, 144};
static const struct colour glow = {228, 108, 140}, ink = {44, 124, 132};
static const struct colour patches[3] = {{81, 90, 240}, {145, 54, 34}, {41, 240, 110}};

static void fill(const struct test_card_planes *to, int x, int y, int w, int h, struct colour c) {
    const uint8_t values[3] = {c.y, c.u, c.v};
    for (int plane = 0; plane < 3; plane++) {
        int half = plane > 0 ? 1 : 0;
        int x0 = x >> half, x1 = (x + w + half) >> half;
        for (int row = y >> half; row < (y + h + half) >> half; row++) {
            memset(to->data[plane] + (ptrdiff_t)row * to->stride[plane] + x0, values[plane],
                   (size_t)(x1 - x0));
        }
    }
}

static uint8_t mix(uint8_t a, uint8_t b, double t) {
    return (uint8_t)(a + (b - a) * t + 0.5);
}

static void draw_room(const struct test_card_planes *to) {
    int horizon = to->height * 2 / 3 & ~1;
    for (int y = 0; y < to->height; y += 2) {
        bool wall = y < horizon;
        double t = wall ? (double)y / horizon : (double)(y - horizon) / (to->height - horizon);
        struct colour a = wall ? wall_top : floor_top, b = wall ? wall_low : floor_low;
        fill(to, 0, y, to->width, 2,
             (struct colour){mix(a.y, b.y, t), mix(a.u, b.u, t), mix(a.v, b.v, t)});
    }
}

static void draw_lamp(const struct test_card_planes *to, double seconds) {
    int radius = to->height / 9;
    double swing = sin(seconds * 2 * M_PI / 4);
    int cx = (int)(to->width * (0.45 + 0.25 * swing)), cy = to->height * 2 / 5;
    fill(to, cx & ~1, cy, 4, to->height / 2, ink);
    for (int y = -radius; y < radius; y += 2) {
        int half = (int)sqrt((double)radius * radius - (double)y * y);
        fill(to, (cx - half) & ~1, (cy + y) & ~1, half * 2 & ~1, 2, glow);
    }
}

static uint32_t strip_bits(uint32_t frame) {
    frame &= 0xffffff;
    uint32_t check = 0;
    for (int i = 0; i < 24; i += 4) {
        check ^= frame >> i & 15;
    }
    return 0xa0000000u | frame << 4 | check;
}

static bool in_flash(double seconds) {
    return seconds - floor(seconds) < TEST_CARD_FLASH_MS / 1000.0;
}

void test_card_draw(const struct test_card_planes *to, uint32_t frame, double seconds) {
    int strip = to->height / 12 & ~1, square = to->height / 4 & ~1;
    draw_room(to);
    draw_lamp(to, seconds);
    uint32_t bits = strip_bits(frame);
    for (int i = 0; i < CELLS; i++) {
        int x = to->width * i / CELLS, end = to->width * (i + 1) / CELLS;
        uint8_t luma = bits >> (CELLS - 1 - i) & 1 ? WHITE : BLACK;
        fill(to, x, 0, end - x, strip, (struct colour){luma, 128, 128});
    }
    for (int i = 0; i < 3; i++) {
        fill(to, to->width * i / 8 & ~1, strip, to->width / 8 & ~1, strip, patches[i]);
    }
    uint8_t luma = in_flash(seconds + 0.0005) ? WHITE : BLACK;
    fill(to, to->width - square, to->height - square, square, square,
         (struct colour){luma, 128, 128});
}

int64_t test_card_read(const uint8_t *luma, int stride, int width, int height) {
    uint32_t bits = 0;
    const uint8_t *row = luma + (ptrdiff_t)(height / 24) * stride;
    for (int i = 0; i < CELLS; i++) {
        bits = bits << 1 | (row[width * (2 * i + 1) / (2 * CELLS)] > 128);
    }
    uint32_t frame = bits >> 4 & 0xffffff;
    return strip_bits(frame) == bits ? (int64_t)frame : -1;
}

bool test_card_flashes(const uint8_t *luma, int stride, int width, int height) {
    return luma[(ptrdiff_t)(height - height / 8) * stride + width - height / 8] > 128;
}

void test_card_sound(int16_t *to, size_t frames, uint64_t first) {
    for (size_t i = 0; i < frames; i++) {
        uint64_t in_second = (first + i) % 48000;
        bool beep = in_second < 48 * TEST_CARD_FLASH_MS;
        double v = beep ? 16000 * sin((double)in_second * 2 * M_PI / 48) : 0;
        to[2 * i] = to[2 * i + 1] = (int16_t)v;
    }
}
