#include "key/key_wall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16           /* samples a side, of the map */
#define CHROMA_LEAST 16.0f /* of a wall, from grey */
#define GREY 128
#define BINS 32         /* a side, of the histogram that finds the wall */
#define STEP 2          /* samples, when looking */
#define SHARE_NEW 0.2f  /* of the border, to take a colour for the wall's */
#define SHARE_OLD 0.05f /* … and to believe that it is still there */
#define SMOOTHING 24    /* rounds, of the light behind a person */
#define PATIENCE 25     /* pictures without it until it is looked for anew */

bool key_wall_init(struct key_wall *w, unsigned width, unsigned height, int hint) {
    *w = (struct key_wall){.width = width, .height = height, .hint = hint};
    w->blocks_x = (width + BLOCK - 1) / BLOCK;
    w->blocks_y = (height + BLOCK - 1) / BLOCK;
    w->lights = calloc((size_t)w->blocks_x * w->blocks_y, sizeof(*w->lights));
    w->next = calloc((size_t)w->blocks_x * w->blocks_y, sizeof(*w->next));
    w->line = calloc(w->blocks_x, sizeof(*w->line));
    return w->lights && w->next && w->line;
}

void key_wall_clear(struct key_wall *w) {
    free(w->lights);
    free(w->next);
    free(w->line);
    *w = (struct key_wall){0};
}

/* ---- Its colour ---- */

struct sums {
    float u, v;
    unsigned wall, all;
};

/* Whether a chroma lies in the direction of the key, and is strong enough to be the wall's. */
static bool alike(float a, float b, float x, float y, float least) {
    float along = a * x + b * y;
    return along > least && fabsf(a * y - b * x) < 0.4f * along;
}

/* Calls for each sample of the upper edge and both sides: a person comes from below. */
#define EACH_BORDER_SAMPLE(w, in, a, b, code)                                                      \
    for (unsigned row = 0; row < (w)->height; row += STEP) {                                       \
        const uint8_t *us = (in)->planes[1] + (size_t)row * (in)->strides[1];                      \
        const uint8_t *vs = (in)->planes[2] + (size_t)row * (in)->strides[2];                      \
        unsigned side = (w)->width / 10;                                                           \
        for (unsigned col = 0; col < (w)->width; col += STEP) {                                    \
            if (row >= (w)->height / 8 && col >= side && col + side < (w)->width) {                \
                col = (w)->width - side;                                                           \
            }                                                                                      \
            int a = us[col] - GREY, b = vs[col] - GREY;                                            \
            code                                                                                   \
        }                                                                                          \
    }

static struct sums count_alike(const struct key_wall *w, const struct key_picture *in, float x,
                               float y, float least) {
    struct sums sums = {0};
    EACH_BORDER_SAMPLE(w, in, a, b, {
        sums.all++;
        if (alike((float)a, (float)b, x, y, least)) {
            sums.u += (float)a;
            sums.v += (float)b;
            sums.wall++;
        }
    })
    return sums;
}

/* The commonest colour that a screen has: from yellowish green to blue, not skin's. */
static bool guess(const struct key_wall *w, const struct key_picture *in, float *ret_u,
                  float *ret_v) {
    unsigned counts[BINS][BINS] = {{0}}, best = 0;
    EACH_BORDER_SAMPLE(w, in, a, b, {
        unsigned *count = &counts[(a + GREY) * BINS / 256][(b + GREY) * BINS / 256];
        bool screen =
            b < 0 && -10 * b >= abs(a) && (float)(a * a + b * b) >= CHROMA_LEAST * CHROMA_LEAST;
        if (screen && ++*count > best) {
            best = *count;
            *ret_u = (float)a;
            *ret_v = (float)b;
        }
    })
    return best > 0;
}

static bool learn(struct key_wall *w, const struct key_picture *in) {
    float u = 0, v = 0;
    if (w->hint != KEY_COLOUR_AUTO) {
        key_colour_chroma(w->hint, &u, &v);
    } else if (!guess(w, in, &u, &v)) {
        return false;
    }
    for (int pass = 0; pass < 2; pass++) {
        float length = sqrtf(u * u + v * v);
        float least = fmaxf(CHROMA_LEAST, (pass == 0 ? 0.2f : 0.35f) * length);
        struct sums sums = count_alike(w, in, u / length, v / length, least);
        if ((float)sums.wall < SHARE_NEW * (float)sums.all) {
            return false;
        }
        u = sums.u / (float)sums.wall;
        v = sums.v / (float)sums.wall;
    }
    w->strength = sqrtf(u * u + v * v);
    w->x = u / w->strength;
    w->y = v / w->strength;
    return true;
}

bool key_wall_look(struct key_wall *w, const struct key_picture *in) {
    if (!w->found) {
        w->missed = 0;
        return w->found = learn(w, in);
    }
    struct sums sums = count_alike(w, in, w->x, w->y, 0.35f * w->strength);
    if ((float)sums.wall >= SHARE_OLD * (float)sums.all) {
        w->missed = 0;
        return true;
    }
    w->found = ++w->missed < PATIENCE;
    return false;
}

/* ---- Its light ---- */

static struct key_light measure(const struct key_wall *w, const float *p, const float *luma,
                                unsigned bx, unsigned by) {
    unsigned x0 = bx * BLOCK, y0 = by * BLOCK;
    unsigned nx = x0 + BLOCK < w->width ? BLOCK : w->width - x0;
    unsigned ny = y0 + BLOCK < w->height ? BLOCK : w->height - y0;
    float most = 0, sum = 0, bright = 0, count = 0;
    for (unsigned y = 0; y < ny; y++) {
        const float *line = p + (size_t)(y0 + y) * w->width + x0;
        for (unsigned x = 0; x < nx; x++) {
            most = line[x] > most ? line[x] : most;
        }
    }
    float least = fmaxf(0.82f * most, 0.35f * w->strength);
    for (unsigned y = 0; y < ny; y++) {
        const float *line = p + (size_t)(y0 + y) * w->width + x0;
        const float *light = luma + (size_t)(y0 + y) * w->width + x0;
        for (unsigned x = 0; x < nx; x++) {
            float in = line[x] > least ? 1 : 0;
            sum += in * line[x];
            bright += in * light[x];
            count += in;
        }
    }
    bool wall = 2 * count >= (float)(nx * ny);
    return wall ? (struct key_light){sum / count, bright / count, true}
                : (struct key_light){0, 0, false};
}

/* What a block without a wall takes from those around it. */
static struct key_light borrow(const struct key_wall *w, unsigned x, unsigned y) {
    size_t i = (size_t)y * w->blocks_x + x;
    const size_t around[] = {i - 1, i + 1, i - w->blocks_x, i + w->blocks_x};
    const bool there[] = {x > 0, x + 1 < w->blocks_x, y > 0, y + 1 < w->blocks_y};
    struct key_light sum = {0, 0, false};
    float count = 0;
    for (int j = 0; j < 4; j++) {
        if (there[j] && w->lights[around[j]].p > 0) {
            sum.p += w->lights[around[j]].p;
            sum.y += w->lights[around[j]].y;
            count++;
        }
    }
    return count > 0 ? (struct key_light){sum.p / count, sum.y / count, false} : sum;
}

/* Hands light on to blocks that have none; or evens it out between those that were seen. */
static bool fill_once(struct key_wall *w, bool smooth) {
    bool missing = false;
    for (unsigned y = 0; y < w->blocks_y; y++) {
        for (unsigned x = 0; x < w->blocks_x; x++) {
            size_t i = (size_t)y * w->blocks_x + x;
            bool keep = w->lights[i].seen || (!smooth && w->lights[i].p > 0);
            w->next[i] = keep ? w->lights[i] : borrow(w, x, y);
            missing = missing || w->next[i].p <= 0;
        }
    }
    struct key_light *swap = w->lights;
    w->lights = w->next;
    w->next = swap;
    return missing;
}

void key_wall_map(struct key_wall *w, const float *p, const float *luma) {
    for (unsigned y = 0; y < w->blocks_y; y++) {
        for (unsigned x = 0; x < w->blocks_x; x++) {
            w->lights[(size_t)y * w->blocks_x + x] = measure(w, p, luma, x, y);
        }
    }
    for (unsigned round = 0; round < w->blocks_x + w->blocks_y && fill_once(w, false); round++) {
    }
    for (int round = 0; round < SMOOTHING; round++) {
        fill_once(w, true);
    }
    for (size_t i = 0; i < (size_t)w->blocks_x * w->blocks_y; i++) {
        if (w->lights[i].p <= 0) { /* none in sight at all */
            w->lights[i] = (struct key_light){w->strength, 128, false};
        }
    }
}

/* Between the middles of the blocks. */
void key_wall_row(const struct key_wall *w, unsigned y, float *ret_p, float *ret_luma) {
    float fy = fminf(fmaxf(((float)y + 0.5f) / BLOCK - 0.5f, 0), (float)(w->blocks_y - 1));
    unsigned iy = (unsigned)fy, jy = iy + 1 < w->blocks_y ? iy + 1 : iy;
    float ay = fy - (float)iy;
    const struct key_light *a = w->lights + (size_t)iy * w->blocks_x;
    const struct key_light *b = w->lights + (size_t)jy * w->blocks_x;
    for (unsigned i = 0; i < w->blocks_x; i++) {
        w->line[i] = (struct key_light){a[i].p * (1 - ay) + b[i].p * ay,
                                        a[i].y * (1 - ay) + b[i].y * ay, true};
    }
    const struct key_light *line = w->line;
    for (unsigned from = 0, i = 0; from < w->width; i++) {
        unsigned end = i * BLOCK + BLOCK / 2 < w->width ? i * BLOCK + BLOCK / 2 : w->width;
        unsigned l = i > 0 ? i - 1 : 0, r = i < w->blocks_x ? i : w->blocks_x - 1;
        float step_p = (line[r].p - line[l].p) / BLOCK, step_y = (line[r].y - line[l].y) / BLOCK;
        for (unsigned x = from; x < end; x++) { /* 0.5: the middle of a sample */
            float d = (float)(x + BLOCK / 2 - i * BLOCK) + 0.5f;
            ret_p[x] = line[l].p + d * step_p;
            ret_luma[x] = line[l].y + d * step_y;
        }
        from = end;
    }
}
