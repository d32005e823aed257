#include "key/key_edge.h"

#include <stddef.h>
#include <stdlib.h>

#define ROUNDS 4
#define OUTER 0.09f /* what chroma takes from each row beyond its two, by the camera 0 to 0.125 */
#define LUMA_PULL 0.1f   /* of what luma says, a round; much of it is noise … */
#define LUMA_NOISE 50.0f /* … the more, the less person and wall differ */
#define DEAD 0.02f       /* less than this at either end is none … */
#define TRUE_FROM 0.05f  /* … and from here on it is as it is */

static float clamp01(float v) {
    return v < 0 ? 0 : v > 1 ? 1 : v;
}

bool key_edge_init(struct key_edge *e, unsigned half_width, unsigned half_height) {
    size_t n = (size_t)half_width * half_height;
    *e = (struct key_edge){.half_width = half_width, .half_height = half_height};
    e->matte = calloc(4 * n, sizeof(float));
    e->luma = calloc(4 * n, sizeof(float));
    e->gain = calloc(4 * n, sizeof(float));
    e->rest = calloc(n, sizeof(float));
    return e->matte && e->luma && e->gain && e->rest;
}

void key_edge_clear(struct key_edge *e) {
    free(e->matte);
    free(e->luma);
    free(e->gain);
    free(e->rest);
    *e = (struct key_edge){0};
}

void key_edge_row(struct key_edge *e, unsigned y, const float *wall, const float *person,
                  const uint8_t *known, const uint8_t *const seen[2]) {
    size_t width = 2 * (size_t)e->half_width;
    for (unsigned row = 0; row < 2; row++) {
        float *luma = e->luma + (2 * (size_t)y + row) * width;
        float *gain = e->gain + (2 * (size_t)y + row) * width;
        for (size_t i = 0; i < width; i++) {
            size_t x = i / 2;
            gain[i] = known[x] ? person[x] - wall[x] : 0;
            luma[i] = (float)seen[row][i] - wall[x];
        }
    }
}

/* Outside the mask a share is what was settled. */
static float share_at(const struct key_measured *m, size_t i) {
    return m->mask[i] ? m->share[i] : m->settled[i];
}

/* Between the samples, which lie on even columns between two rows. */
static void begin(struct key_edge *e, const struct key_measured *m) {
    size_t w = e->half_width, width = 2 * w;
    for (size_t y = 0; y < e->half_height; y++) {
        for (size_t x = 0; x < w; x++) {
            size_t i = y * w + x, right = x + 1 < w ? i + 1 : i;
            size_t up = y > 0 ? i - w : i, down = y + 1 < e->half_height ? i + w : i;
            float a = share_at(m, i), b = share_at(m, right);
            for (size_t row = 0; row < 2; row++) {
                float *to = e->matte + (2 * y + row) * width + 2 * x;
                size_t other = row ? down : up;
                if (!m->mask[i]) {
                    to[0] = to[1] = a;
                    continue;
                }
                to[0] = 0.75f * a + 0.25f * share_at(m, other);
                to[1] = (to[0] + 0.75f * b + 0.25f * share_at(m, other + (right - i))) / 2;
            }
        }
    }
}

static float across(const float *a, ptrdiff_t left) {
    return (a[left] + 2 * a[0] + a[1]) / 4;
}

/* What is measured less the matte sampled as chroma is: on even columns, between the rows. */
static void compare(struct key_edge *e, const struct key_measured *m) {
    size_t w = e->half_width, width = 2 * w;
    for (size_t y = 0; y < e->half_height; y++) {
        for (size_t x = 0; x < w; x++) {
            size_t i = y * w + x;
            if (!m->mask[i]) {
                e->rest[i] = 0;
                continue;
            }
            const float *a = e->matte + 2 * y * width + 2 * x;
            ptrdiff_t left = x > 0 ? -1 : 0, up = y > 0 ? -(ptrdiff_t)width : 0;
            ptrdiff_t down = y + 1 < e->half_height ? 2 * (ptrdiff_t)width : (ptrdiff_t)width;
            float inner = across(a, left) + across(a + width, left);
            float outer = across(a + up, left) + across(a + down, left);
            e->rest[i] = m->share[i] - (0.5f - OUTER) * inner - OUTER * outer;
        }
    }
}

static void correct(struct key_edge *e, const struct key_measured *m) {
    size_t w = e->half_width, width = 2 * w;
    for (size_t y = 0; y < e->half_height; y++) {
        for (size_t x = 0; x < w; x++) {
            size_t i = y * w + x, right = x + 1 < w ? i + 1 : i;
            if (!m->mask[i]) {
                continue;
            }
            size_t up = y > 0 ? i - w : i, down = y + 1 < e->half_height ? i + w : i;
            for (size_t row = 0; row < 2; row++) {
                size_t other = row ? down : up;
                size_t at = (2 * y + row) * width + 2 * x;
                float on = 0.75f * e->rest[i] + 0.25f * e->rest[other];
                float next = 0.75f * e->rest[right] + 0.25f * e->rest[other + (right - i)];
                float add[2] = {on, (on + next) / 2};
                for (size_t k = 0; k < 2; k++) {
                    float g = e->gain[at + k], a = e->matte[at + k];
                    float by_luma =
                        g * (e->luma[at + k] - a * g) / (g * g + LUMA_NOISE * LUMA_NOISE);
                    e->matte[at + k] = clamp01(a + add[k] + LUMA_PULL * by_luma);
                }
            }
        }
    }
}

void key_edge_run(struct key_edge *e, const struct key_measured *m) {
    begin(e, m);
    for (int round = 0; round < ROUNDS; round++) {
        compare(e, m);
        correct(e, m);
    }
    size_t n = 4 * (size_t)e->half_width * e->half_height;
    for (size_t i = 0; i < n; i++) {
        float a = e->matte[i], b = a < 0.5f ? a : 1 - a;
        float c = (b - DEAD) * (TRUE_FROM / (TRUE_FROM - DEAD));
        b = b < TRUE_FROM ? (c > 0 ? c : 0) : b;
        e->matte[i] = a < 0.5f ? b : 1 - b;
    }
}
