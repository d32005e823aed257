#include "key/key_frame.h"

#include "key/key_edge.h"
#include "key/key_spread.h"
#include "key/key_wall.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STILL 0.04f /* so small a change of the share is noise: a third of it is taken … */
#define MOVED 0.12f /* … and all of such a one; one that is in between may be slow motion */
#define SOLID 0.5f  /* of the matte: its colour can be told from the wall's */
#define WHOLE 0.97f /* of the matte: taken as it is */
#define CORE 2      /* samples from the edge of what is surely the person … */
#define EDGE 6      /* … and from there to the outer end of their edge */
#define NEAR 3      /* samples around what is neither person nor wall */
#define SPREAD 5    /* samples of two pixels, of the person's colour */
#define FADE_FROM 3 /* … and black behind SPREAD */
#define BLACK 16
#define WHITE 235
#define GREY 128

struct key_frame {
    unsigned width, height, half_width, half_height;
    struct key_wall wall;
    bool has_before;
    /* All of chroma size. */
    float *along, *p; /* chroma in the key's direction; less what is off that direction */
    float *luma;
    float *matte, *before;
    uint8_t *mask, *other;    /* work */
    struct key_spread person; /* `along` of the person, a little outward */
    struct key_spread colour; /* what is shown */
    struct key_edge edge;
    float *wall_p, *wall_luma; /* of one row */
};

static float clampf(float v, float low, float high) {
    v = v < low ? low : v;
    return v > high ? high : v;
}

static uint8_t byte_of(float v) {
    return (uint8_t)clampf(v + 0.5f, 0, 255);
}

/* ---- Making one ---- */

static bool allocate(struct key_frame *k, int colour) {
    size_t n = (size_t)k->half_width * k->half_height;
    float **const planes[] = {&k->along, &k->p, &k->luma, &k->matte, &k->before};
    float **const lines[] = {&k->wall_p, &k->wall_luma};
    bool good = key_wall_init(&k->wall, k->half_width, k->half_height, colour) &&
                key_spread_init(&k->person, k->half_width, k->half_height, 1) &&
                key_spread_init(&k->colour, k->half_width, k->half_height, 3) &&
                key_edge_init(&k->edge, k->half_width, k->half_height);
    for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++) {
        *planes[i] = calloc(n, sizeof(float));
        good = good && *planes[i];
    }
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        *lines[i] = calloc(k->half_width, sizeof(float));
        good = good && *lines[i];
    }
    k->mask = calloc(n, 1);
    k->other = calloc(n, 1);
    return good && k->mask && k->other;
}

struct key_frame *key_frame_new(unsigned width, unsigned height, int colour) {
    struct key_frame *k = NULL;
    struct failure unused = {0};
    if (width < KEY_SIDE_MIN || height < KEY_SIDE_MIN || width > KEY_SIDE_MAX ||
        height > KEY_SIDE_MAX || width % 2 || height % 2 || key_check(colour, &unused) < 0 ||
        !(k = calloc(1, sizeof(*k)))) {
        return NULL;
    }
    k->width = width;
    k->height = height;
    k->half_width = width / 2;
    k->half_height = height / 2;
    if (!allocate(k, colour)) {
        key_frame_free(k);
        return NULL;
    }
    return k;
}

void key_frame_free(struct key_frame *k) {
    if (!k) {
        return;
    }
    float *const planes[] = {k->along, k->p, k->luma, k->matte, k->before, k->wall_p, k->wall_luma};
    for (size_t i = 0; i < sizeof(planes) / sizeof(*planes); i++) {
        free(planes[i]);
    }
    free(k->mask);
    free(k->other);
    key_wall_clear(&k->wall);
    key_spread_clear(&k->person);
    key_spread_clear(&k->colour);
    key_edge_clear(&k->edge);
    free(k);
}

/* ---- What is there ---- */

static void measure_chroma(struct key_frame *k, const struct key_picture *in) {
    float kx = k->wall.x, ky = k->wall.y;
    for (unsigned y = 0; y < k->half_height; y++) {
        const uint8_t *restrict u = in->planes[1] + (size_t)y * in->strides[1];
        const uint8_t *restrict v = in->planes[2] + (size_t)y * in->strides[2];
        float *restrict along = k->along + (size_t)y * k->half_width;
        float *restrict p = k->p + (size_t)y * k->half_width;
        for (unsigned x = 0; x < k->half_width; x++) {
            float a = (float)(u[x] - GREY), b = (float)(v[x] - GREY);
            float in_line = a * kx + b * ky, off = fabsf(a * ky - b * kx) - 0.3f * in_line;
            along[x] = in_line;
            p[x] = in_line - 0.7f * (off > 0 ? off : 0);
        }
    }
}

/* Luma as chroma was sampled: on even columns, between the rows. */
static void measure_luma(struct key_frame *k, const struct key_picture *in) {
    for (unsigned y = 0; y < k->half_height; y++) {
        const uint8_t *restrict l = in->planes[0] + (size_t)2 * y * in->strides[0];
        const uint8_t *restrict m = l + in->strides[0];
        float *restrict luma = k->luma + (size_t)y * k->half_width;
        luma[0] = (float)(l[0] + m[0]) / 2;
        for (unsigned x = 1; x < k->half_width; x++) {
            luma[x] = (float)(l[2 * x - 1] + 2 * l[2 * x] + l[2 * x + 1] + m[2 * x - 1] +
                              2 * m[2 * x] + m[2 * x + 1]) /
                      8;
        }
    }
}

/* ---- Masks ---- */

/* A sample stays (shrink) or becomes (grow) set by its four neighbours. */
static void erode(uint8_t **mask, uint8_t **other, unsigned w, unsigned h) {
    for (unsigned y = 0; y < h; y++) {
        const uint8_t *restrict in = *mask + (size_t)y * w;
        const uint8_t *restrict above = y > 0 ? in - w : in, *restrict below =
                                                                 y + 1 < h ? in + w : in;
        uint8_t *restrict out = *other + (size_t)y * w;
        for (unsigned x = 1; x + 1 < w; x++) {
            out[x] = in[x] & in[x - 1] & in[x + 1] & above[x] & below[x];
        }
        out[0] = in[0] & in[1] & above[0] & below[0];
        out[w - 1] = in[w - 1] & in[w - 2] & above[w - 1] & below[w - 1];
    }
    uint8_t *swap = *mask;
    *mask = *other;
    *other = swap;
}

static void dilate(uint8_t **mask, uint8_t **other, unsigned w, unsigned h) {
    for (unsigned y = 0; y < h; y++) {
        const uint8_t *restrict in = *mask + (size_t)y * w;
        const uint8_t *restrict above = y > 0 ? in - w : in, *restrict below =
                                                                 y + 1 < h ? in + w : in;
        uint8_t *restrict out = *other + (size_t)y * w;
        for (unsigned x = 1; x + 1 < w; x++) {
            out[x] = in[x] | in[x - 1] | in[x + 1] | above[x] | below[x];
        }
        out[0] = in[0] | in[1] | above[0] | below[0];
        out[w - 1] = in[w - 1] | in[w - 2] | above[w - 1] | below[w - 1];
    }
    uint8_t *swap = *mask;
    *mask = *other;
    *other = swap;
}

/* ---- The matte ---- */

/* At the edge a person has the colour that they have just inside it. */
static void find_person(struct key_frame *k) {
    size_t n = (size_t)k->half_width * k->half_height;
    float least = 0.04f * k->wall.strength;
    for (size_t i = 0; i < n; i++) {
        k->mask[i] = k->p[i] <= least;
    }
    for (int round = 0; round < CORE; round++) {
        erode(&k->mask, &k->other, k->half_width, k->half_height);
    }
    memcpy(k->person.known, k->mask, n);
    memcpy(k->person.planes[0], k->along, n * sizeof(float));
    key_spread_run(&k->person, EDGE);
}

/* How much of a change from one frame to the next is taken. */
static float taken(float change) {
    return clampf((1 + 2 * (change - STILL) / (MOVED - STILL)) / 3, 1 / 3.0f, 1);
}

/* The share of the person: 0 as the wall beside it, 1 as the person beside it. */
static void find_share(struct key_frame *k) {
    for (unsigned y = 0; y < k->half_height; y++) {
        size_t row = (size_t)y * k->half_width;
        const uint8_t *restrict known = k->person.known + row;
        const float *restrict person = k->person.planes[0] + row, *restrict p = k->p + row;
        const float *restrict along = k->along + row, *restrict wall = k->wall_p;
        float *restrict before = k->before + row;
        key_wall_row(&k->wall, y, k->wall_p, k->wall_luma);
        for (unsigned x = 0; x < k->half_width; x++) {
            float room = wall[x] - person[x];
            bool edge = known[x] > 1 && room > 0.3f * wall[x];
            float part = edge ? along[x] : p[x], whole = edge ? room : wall[x];
            float a = clampf((wall[x] - part) / whole, 0, 1);
            a = known[x] == 1 ? 1 : a;
            float change = a - before[x];
            before[x] = k->has_before ? before[x] + taken(fabsf(change)) * change : a;
        }
    }
    k->has_before = true;
}

/* Quiet at both ends, true in between. Far from any edge what is little is noise. */
static void settle(struct key_frame *k) {
    size_t n = (size_t)k->half_width * k->half_height;
    for (size_t i = 0; i < n; i++) {
        k->mask[i] = k->before[i] > 0.2f && k->before[i] < 0.8f;
    }
    for (int round = 0; round < NEAR; round++) {
        dilate(&k->mask, &k->other, k->half_width, k->half_height);
    }
    for (size_t i = 0; i < n; i++) {
        float a = k->before[i], b = a < 0.5f ? a : 1 - a;
        float dead = k->mask[i] ? 0.02f : 0.07f, from = k->mask[i] ? 0.05f : 0.2f;
        float c = (b - dead) * (from / (from - dead));
        c = c > 0 ? c : 0;
        b = b < from ? c : b;
        k->matte[i] = a < 0.5f ? b : 1 - b;
    }
}

/* ---- The colour ---- */

/* The person's colour without the wall behind and its light upon them, where that can be told. */
static void unmix(struct key_frame *k, const struct key_picture *in) {
    float kx = k->wall.x, ky = k->wall.y;
    for (unsigned y = 0; y < k->half_height; y++) {
        size_t row = (size_t)y * k->half_width;
        const uint8_t *restrict us = in->planes[1] + (size_t)y * in->strides[1];
        const uint8_t *restrict vs = in->planes[2] + (size_t)y * in->strides[2];
        const float *restrict matte = k->matte + row, *restrict luma = k->luma + row;
        const float *restrict wall_p = k->wall_p, *restrict wall_luma = k->wall_luma;
        float *restrict out_y = k->colour.planes[0] + row;
        float *restrict out_u = k->colour.planes[1] + row;
        float *restrict out_v = k->colour.planes[2] + row;
        uint8_t *restrict known = k->colour.known + row;
        key_wall_row(&k->wall, y, k->wall_p, k->wall_luma);
        for (unsigned x = 0; x < k->half_width; x++) {
            float a = matte[x] > SOLID ? matte[x] : SOLID, rest = 1 - a;
            float u = ((float)(us[x] - GREY) - rest * wall_p[x] * kx) / a;
            float v = ((float)(vs[x] - GREY) - rest * wall_p[x] * ky) / a;
            float spill = u * kx + v * ky;
            spill = spill > 0 ? spill : 0;
            bool solid = matte[x] >= SOLID;
            float l = clampf((luma[x] - rest * wall_luma[x]) / a, BLACK, WHITE);
            out_y[x] = solid ? l : BLACK;
            out_u[x] = solid ? u - spill * kx + GREY : GREY;
            out_v[x] = solid ? v - spill * ky + GREY : GREY;
            known[x] = solid;
        }
    }
}

static void fade(struct key_frame *k) {
    static const float nothing[3] = {BLACK, GREY, GREY};
    size_t n = (size_t)k->half_width * k->half_height;
    for (size_t i = 0; i < n; i++) {
        unsigned rounds = k->colour.known[i];
        if (rounds > 1 + FADE_FROM) {
            float share = (float)(SPREAD + 2 - rounds) / (SPREAD + 2 - FADE_FROM);
            for (int c = 0; c < 3; c++) {
                float *to = &k->colour.planes[c][i];
                *to = nothing[c] + share * (*to - nothing[c]);
            }
        }
    }
}

/* ---- The stacked picture ---- */

static uint8_t colour_at(const struct key_frame *k, unsigned x, size_t i, float a, uint8_t seen) {
    if (a >= WHOLE) {
        return seen;
    }
    if (a >= SOLID) {
        return byte_of(clampf(((float)seen - (1 - a) * k->wall_luma[x]) / a, BLACK, WHITE));
    }
    return byte_of(k->colour.planes[0][i]);
}

/* The matte of pixels, where it matters. */
static void refine(struct key_frame *k, const struct key_picture *in) {
    for (unsigned y = 0; y < k->half_height; y++) {
        size_t row = (size_t)y * k->half_width;
        const uint8_t *first = in->planes[0] + (size_t)2 * y * in->strides[0];
        const uint8_t *const seen[2] = {first, first + in->strides[0]};
        key_wall_row(&k->wall, y, k->wall_p, k->wall_luma);
        key_edge_row(&k->edge, y, k->wall_luma, k->colour.planes[0] + row, k->colour.known + row,
                     seen);
    }
    const struct key_measured measured = {k->mask, k->before, k->matte};
    key_edge_run(&k->edge, &measured);
}

static void write_edge(const struct key_frame *k, const uint8_t *from, unsigned x, size_t i,
                       const float *fine, uint8_t *colour, uint8_t *matte) {
    for (unsigned to = 2 * x; to < 2 * x + 2; to++) {
        matte[to] = byte_of(BLACK + (WHITE - BLACK) * fine[to]);
        colour[to] = colour_at(k, x, i, fine[to], from[to]);
    }
}

static void write_luma(struct key_frame *k, const struct key_picture *in,
                       const struct key_picture *out) {
    unsigned matte_row = k->height + key_guard_rows(k->height);
    for (unsigned y = 0; y < k->height; y++) {
        const uint8_t *from = in->planes[0] + (size_t)y * in->strides[0];
        uint8_t *colour = out->planes[0] + (size_t)y * out->strides[0];
        uint8_t *matte = out->planes[0] + (size_t)(matte_row + y) * out->strides[0];
        size_t row = (size_t)(y / 2) * k->half_width;
        if (y % 2 == 0) {
            key_wall_row(&k->wall, y / 2, k->wall_p, k->wall_luma);
        }
        const float *fine = k->edge.matte + (size_t)y * k->width;
        for (unsigned x = 0; x < k->half_width; x++) {
            if (k->mask[row + x]) {
                write_edge(k, from, x, row + x, fine, colour, matte);
                continue;
            }
            float a = k->matte[row + x];
            bool whole = a >= WHOLE;
            uint8_t other = (uint8_t)k->colour.planes[0][row + x];
            colour[2 * x] = whole ? from[2 * x] : other;
            colour[2 * x + 1] = whole ? from[2 * x + 1] : other;
            matte[2 * x] = matte[2 * x + 1] = (uint8_t)(BLACK + (WHITE - BLACK) * a + 0.5f);
        }
    }
}

static void write_chroma(struct key_frame *k, const struct key_picture *out) {
    unsigned rows = k->height + key_guard_rows(k->height) / 2;
    for (int c = 1; c < 3; c++) {
        for (unsigned y = 0; y < rows; y++) {
            uint8_t *restrict to = out->planes[c] + (size_t)y * out->strides[c];
            if (y >= k->half_height) {
                memset(to, GREY, k->half_width);
                continue;
            }
            const float *restrict from = k->colour.planes[c] + (size_t)y * k->half_width;
            for (unsigned x = 0; x < k->half_width; x++) {
                to[x] = (uint8_t)clampf(from[x] + 0.5f, 0, 255);
            }
        }
    }
}

static void write_guard(const struct key_frame *k, const struct key_picture *out) {
    struct manifest_matte m;
    key_layout(k->width, k->height, &m);
    unsigned guard = key_guard_rows(k->height);
    unsigned x0 = (unsigned)(m.white.x * m.width + 0.5), w = (unsigned)(m.white.w * m.width + 0.5);
    for (unsigned y = 0; y < guard; y++) {
        uint8_t *to = out->planes[0] + (size_t)(k->height + y) * out->strides[0];
        memset(to, BLACK, k->width);
        if (y >= guard / 4 && y < guard / 4 + guard / 2) {
            memset(to + x0, WHITE, w);
        }
    }
}

static void write_nobody(const struct key_frame *k, const struct key_picture *out) {
    unsigned rows = 2 * k->height + key_guard_rows(k->height);
    for (int c = 0; c < 3; c++) {
        for (unsigned y = 0; y < (c ? rows / 2 : rows); y++) {
            memset(out->planes[c] + (size_t)y * out->strides[c], c ? GREY : BLACK,
                   c ? k->half_width : k->width);
        }
    }
    write_guard(k, out);
}

bool key_frame_apply(struct key_frame *k, const struct key_picture *in,
                     const struct key_picture *out) {
    if (!key_wall_look(&k->wall, in)) {
        k->has_before = false;
        write_nobody(k, out);
        return false;
    }
    measure_chroma(k, in);
    measure_luma(k, in);
    key_wall_map(&k->wall, k->p, k->luma);
    find_person(k);
    find_share(k);
    settle(k);
    unmix(k, in);
    key_spread_run(&k->colour, SPREAD);
    refine(k, in);
    fade(k);
    write_luma(k, in, out);
    write_chroma(k, out);
    write_guard(k, out);
    return true;
}
