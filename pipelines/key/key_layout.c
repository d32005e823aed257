#include "key/key_layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MACROBLOCKS_MAX 3600
#define CHROMA_LEAST 20.0f /* of a wall, from grey */
#define BLACK 16
#define WHITE 235

/* The calm ground: a quiet blue grey. */
static const uint8_t ground[3] = {168, 131, 126};

bool key_colour_parse(const char *text, int *ret) {
    static const char digits[] = "0123456789abcdefABCDEF";
    if (strcmp(text, "auto") == 0) {
        *ret = KEY_COLOUR_AUTO;
        return true;
    }
    if (strlen(text) != 6 || strspn(text, digits) != 6) {
        return false;
    }
    *ret = (int)strtol(text, NULL, 16);
    return true;
}

void key_colour_chroma(int colour, float *ret_u, float *ret_v) {
    float r = (float)(colour >> 16 & 255), g = (float)(colour >> 8 & 255);
    float b = (float)(colour & 255);
    *ret_u = -0.1482f * r - 0.2910f * g + 0.4392f * b;
    *ret_v = 0.4392f * r - 0.3678f * g - 0.0714f * b;
}

int key_check(int colour, struct failure *failure) {
    float u = 0, v = 0;
    key_colour_chroma(colour, &u, &v);
    if (colour == KEY_COLOUR_AUTO || u * u + v * v >= CHROMA_LEAST * CHROMA_LEAST) {
        return 0;
    }
    return failure_set(failure, "bad_key",
                       "The key colour %06X is nearly grey, as clothes and hair are. Give the "
                       "colour of a green or blue wall, or \"auto\".",
                       (unsigned)colour);
}

unsigned key_guard_rows(unsigned height) {
    unsigned rows = (height * 32 / 640 + 8) / 16 * 16;
    return rows < 16 ? 16 : rows;
}

static struct manifest_rectangle part(const struct manifest_matte *m, double x, double y, double w,
                                      double h) {
    return (struct manifest_rectangle){x / m->width, y / m->height, w / m->width, h / m->height};
}

void key_layout(unsigned width, unsigned height, struct manifest_matte *ret) {
    unsigned guard = key_guard_rows(height), patch = width / 4 / 2 * 2;
    struct manifest_matte m = {.width = width, .height = 2 * height + guard};
    m.colour = part(&m, 0, 0, width, height);
    m.guard = part(&m, 0, height, width, guard);
    m.matte = part(&m, 0, height + guard, width, height);
    m.black = part(&m, patch / 2 / 2 * 2, height + guard / 4, patch, guard / 2);
    m.white = part(&m, width - patch - patch / 2 / 2 * 2, height + guard / 4, patch, guard / 2);
    *ret = m;
}

unsigned key_person_height(unsigned stacked_height) {
    unsigned height = stacked_height / 2;
    while (height > 0 && 2 * height + key_guard_rows(height) > stacked_height) {
        height--;
    }
    return height;
}

static unsigned blocks(unsigned pixels) {
    return (pixels + 15) / 16;
}

void key_fit(double width, double height, unsigned *ret_width, unsigned *ret_height) {
    unsigned w = (unsigned)(width / 2 + 0.5) * 2, h = (unsigned)(height / 2 + 0.5) * 2;
    while (w > KEY_SIDE_MIN &&
           (w > KEY_SIDE_MAX || h > KEY_SIDE_MAX ||
            (uint64_t)blocks(w) * blocks(2 * h + key_guard_rows(h)) > MACROBLOCKS_MAX)) {
        w -= 2;
        h = (unsigned)(height * w / width / 2 + 0.5) * 2;
    }
    *ret_width = w;
    *ret_height = h;
}

/* A sample between what is known and the ground by the matte, 0 to 255. */
static uint8_t mixed(unsigned colour, unsigned below, unsigned share) {
    return (uint8_t)((colour * share + below * (255 - share) + 127) / 255);
}

static unsigned share_of(unsigned luma) {
    unsigned v = luma <= BLACK ? 0 : luma >= WHITE ? WHITE - BLACK : luma - BLACK;
    return v * 255 / (WHITE - BLACK);
}

void key_flatten(const struct key_picture *stacked, unsigned width, unsigned height,
                 const struct key_picture *out) {
    const uint8_t *matte =
        stacked->planes[0] + (size_t)(height + key_guard_rows(height)) * stacked->strides[0];
    for (unsigned y = 0; y < height; y++) {
        const uint8_t *a = matte + (size_t)y * stacked->strides[0];
        const uint8_t *from = stacked->planes[0] + (size_t)y * stacked->strides[0];
        uint8_t *to = out->planes[0] + (size_t)y * out->strides[0];
        for (unsigned x = 0; x < width; x++) {
            to[x] = mixed(from[x], ground[0], share_of(a[x]));
        }
    }
    for (int c = 1; c < 3; c++) {
        for (unsigned y = 0; y < height / 2; y++) {
            const uint8_t *a = matte + (size_t)2 * y * stacked->strides[0];
            const uint8_t *b = a + stacked->strides[0];
            const uint8_t *from = stacked->planes[c] + (size_t)y * stacked->strides[c];
            uint8_t *to = out->planes[c] + (size_t)y * out->strides[c];
            for (unsigned x = 0; x < width / 2; x++) {
                to[x] = mixed(from[x], ground[c], share_of((a[2 * x] + b[2 * x] + 1u) / 2));
            }
        }
    }
}
