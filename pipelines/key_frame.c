#include "key_frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16           /* chroma samples a side, of the map of the wall */
#define CHROMA_LEAST 20.0f /* of a wall, from grey */
#define DEAD 0.07f         /* less of a difference is noise … */
#define TRUE_FROM 0.2f     /* … and from here on it is taken as it is */
#define STILL 0.12f        /* less change than this is blended with the frame before */
#define SOLID 0.5f         /* of the matte: its colour can be told from the wall's */
#define CORE 2             /* chroma samples from the edge of what is surely the person … */
#define EDGE 6             /* … and to the outer end of their edge */
#define SPREAD 5           /* rounds of two pixels */
#define FADE_FROM 3
#define BLACK 16
#define WHITE 235
#define GREY 128
#define BINS 32 /* a side, of the histogram that finds the wall */

struct wall {
    float p, y; /* key chroma and luma there; p 0: not known */
};

struct key_frame {
    unsigned width, height, half_width, half_height, blocks_x, blocks_y;
    bool found;
    float x, y, strength; /* direction and length of the key in the plane of chroma */
    bool has_before;
    float *matte, *before; /* of chroma size, as all below */
    float *along;          /* chroma in the key's direction */
    float *p;              /* the same, less what is off that direction */
    float *luma;
    float *person, *next_person; /* `along` of the person, spread outward */
    uint8_t *core, *next_core;   /* surely person, and where `person` is known */
    uint8_t *colour[3], *next[3];
    uint8_t *known, *next_known; /* rounds + 1 from the person; 0 not reached */
    struct wall *walls, *walls_next;
};

static float clampf(float v, float low, float high) {
    return v < low ? low : v > high ? high : v;
}

static uint8_t byte_of(float v) {
    return (uint8_t)clampf(v + 0.5f, 0, 255);
}

static bool set_key(struct key_frame *k, float u, float v) {
    float length = sqrtf(u * u + v * v);
    if (length < CHROMA_LEAST) {
        return false;
    }
    k->x = u / length;
    k->y = v / length;
    k->strength = length;
    return true;
}

/* ---- Making one ---- */

static bool allocate(struct key_frame *k) {
    size_t n = (size_t)k->half_width * k->half_height;
    size_t blocks = (size_t)k->blocks_x * k->blocks_y;
    k->matte = calloc(n, sizeof(float));
    k->before = calloc(n, sizeof(float));
    k->p = calloc(n, sizeof(float));
    k->luma = calloc(n, sizeof(float));
    k->along = calloc(n, sizeof(float));
    k->person = calloc(n, sizeof(float));
    k->next_person = calloc(n, sizeof(float));
    k->core = calloc(n, 1);
    k->next_core = calloc(n, 1);
    k->known = calloc(n, 1);
    k->next_known = calloc(n, 1);
    k->walls = calloc(blocks, sizeof(*k->walls));
    k->walls_next = calloc(blocks, sizeof(*k->walls));
    bool good = k->along && k->person && k->next_person && k->core && k->next_core && k->matte &&
                k->before && k->p && k->luma && k->known && k->next_known && k->walls &&
                k->walls_next;
    for (int i = 0; i < 3; i++) {
        k->colour[i] = calloc(n, 1);
        k->next[i] = calloc(n, 1);
        good = good && k->colour[i] && k->next[i];
    }
    return good;
}

struct key_frame *key_frame_new(unsigned width, unsigned height, int colour) {
    struct key_frame *k = NULL;
    if (width < KEY_SIDE_MIN || height < KEY_SIDE_MIN || width > KEY_SIDE_MAX ||
        height > KEY_SIDE_MAX || width % 2 || height % 2 || !(k = calloc(1, sizeof(*k)))) {
        return NULL;
    }
    k->width = width;
    k->height = height;
    k->half_width = width / 2;
    k->half_height = height / 2;
    k->blocks_x = (k->half_width + BLOCK - 1) / BLOCK;
    k->blocks_y = (k->half_height + BLOCK - 1) / BLOCK;
    bool good = allocate(k);
    if (good && colour != KEY_COLOUR_AUTO) {
        float r = (float)(colour >> 16 & 255), g = (float)(colour >> 8 & 255);
        float b = (float)(colour & 255); /* BT.601, limited range */
        good = k->found = set_key(k, -0.1482f * r - 0.2910f * g + 0.4392f * b,
                                  0.4392f * r - 0.3678f * g - 0.0714f * b);
    }
    if (!good) {
        key_frame_free(k);
        return NULL;
    }
    return k;
}

void key_frame_free(struct key_frame *k) {
    if (!k) {
        return;
    }
    for (int i = 0; i < 3; i++) {
        free(k->colour[i]);
        free(k->next[i]);
    }
    free(k->matte);
    free(k->before);
    free(k->p);
    free(k->along);
    free(k->person);
    free(k->next_person);
    free(k->core);
    free(k->next_core);
    free(k->luma);
    free(k->known);
    free(k->next_known);
    free(k->walls);
    free(k->walls_next);
    free(k);
}

/* ---- Layout ---- */

static unsigned guard_rows(unsigned height) {
    unsigned rows = (height * 32 / 640 + 8) / 16 * 16;
    return rows < 16 ? 16 : rows;
}

static struct manifest_rectangle part(const struct manifest_matte *m, double x, double y, double w,
                                      double h) {
    return (struct manifest_rectangle){x / m->width, y / m->height, w / m->width, h / m->height};
}

void key_layout(unsigned width, unsigned height, struct manifest_matte *ret) {
    unsigned guard = guard_rows(height), patch = width / 4 / 2 * 2;
    struct manifest_matte m = {.width = width, .height = 2 * height + guard};
    m.colour = part(&m, 0, 0, width, height);
    m.guard = part(&m, 0, height, width, guard);
    m.matte = part(&m, 0, height + guard, width, height);
    m.black = part(&m, patch / 2 / 2 * 2, height + guard / 4, patch, guard / 2);
    m.white = part(&m, width - patch - patch / 2 / 2 * 2, height + guard / 4, patch, guard / 2);
    *ret = m;
}

/* ---- The wall ---- */

/* Upper edge and both sides: a person comes from below. */
static bool find_wall(struct key_frame *k, const struct key_picture *in) {
    static const unsigned step = 256 / BINS;
    unsigned counts[BINS][BINS] = {{0}}, best = 0, best_u = 0, best_v = 0;
    float u = 0, v = 0, n = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (unsigned y = 0; y < k->half_height; y++) {
            bool top = y < k->half_height / 8;
            for (unsigned x = 0; x < k->half_width; x++) {
                bool side = x < k->half_width / 10 || x >= k->half_width - k->half_width / 10;
                if (!top && !side) {
                    continue;
                }
                unsigned a = in->planes[1][y * in->strides[1] + x];
                unsigned b = in->planes[2][y * in->strides[2] + x];
                if (pass == 0) {
                    unsigned count = ++counts[a / step][b / step];
                    if (count > best) {
                        best = count;
                        best_u = a;
                        best_v = b;
                    }
                } else if (abs((int)a - (int)best_u) <= 12 && abs((int)b - (int)best_v) <= 12) {
                    u += (float)a - GREY;
                    v += (float)b - GREY;
                    n++;
                }
            }
        }
    }
    size_t border = (size_t)k->half_width * k->half_height / 4;
    return n > (float)border / 4 && set_key(k, u / n, v / n);
}

static void measure(struct key_frame *k, const struct key_picture *in) {
    for (unsigned y = 0; y < k->half_height; y++) {
        const uint8_t *u = in->planes[1] + y * in->strides[1];
        const uint8_t *v = in->planes[2] + y * in->strides[2];
        const uint8_t *l = in->planes[0] + 2 * y * in->strides[0], *m = l + in->strides[0];
        float *line = k->along + (size_t)y * k->half_width;
        float *p = k->p + (size_t)y * k->half_width, *luma = k->luma + (size_t)y * k->half_width;
        for (unsigned x = 0; x < k->half_width; x++) {
            float a = (float)u[x] - GREY, b = (float)v[x] - GREY;
            float along = a * k->x + b * k->y, across = fabsf(a * k->y - b * k->x);
            line[x] = along;
            p[x] = along - 0.7f * (across > 0.3f * along ? across - 0.3f * along : 0);
            luma[x] = 0.25f * (float)(l[2 * x] + l[2 * x + 1] + m[2 * x] + m[2 * x + 1]);
        }
    }
}

static struct wall measure_block(const struct key_frame *k, unsigned bx, unsigned by) {
    unsigned x0 = bx * BLOCK, y0 = by * BLOCK;
    unsigned x1 = x0 + BLOCK < k->half_width ? x0 + BLOCK : k->half_width;
    unsigned y1 = y0 + BLOCK < k->half_height ? y0 + BLOCK : k->half_height;
    float most = 0, sum = 0, luma = 0;
    unsigned n = 0;
    for (unsigned y = y0; y < y1; y++) {
        for (unsigned x = x0; x < x1; x++) {
            most = fmaxf(most, k->p[(size_t)y * k->half_width + x]);
        }
    }
    float least = fmaxf(0.82f * most, 0.35f * k->strength);
    for (unsigned y = y0; y < y1; y++) {
        for (unsigned x = x0; x < x1; x++) {
            size_t i = (size_t)y * k->half_width + x;
            if (k->p[i] > least) {
                sum += k->p[i];
                luma += k->luma[i];
                n++;
            }
        }
    }
    bool wall = 2 * n >= (x1 - x0) * (y1 - y0);
    return wall ? (struct wall){sum / (float)n, luma / (float)n} : (struct wall){0, 0};
}

/* Behind the person the wall goes on as it is around. */
static void fill_walls(struct key_frame *k) {
    size_t n = (size_t)k->blocks_x * k->blocks_y;
    for (unsigned round = 0; round < k->blocks_x + k->blocks_y; round++) {
        bool missing = false;
        memcpy(k->walls_next, k->walls, n * sizeof(*k->walls));
        for (unsigned y = 0; y < k->blocks_y; y++) {
            for (unsigned x = 0; x < k->blocks_x; x++) {
                size_t i = (size_t)y * k->blocks_x + x;
                struct wall sum = {0, 0};
                float count = 0;
                if (k->walls[i].p > 0) {
                    continue;
                }
                missing = true;
                const size_t around[] = {i - 1, i + 1, i - k->blocks_x, i + k->blocks_x};
                const bool there[] = {x > 0, x + 1 < k->blocks_x, y > 0, y + 1 < k->blocks_y};
                for (int j = 0; j < 4; j++) {
                    if (there[j] && k->walls[around[j]].p > 0) {
                        sum.p += k->walls[around[j]].p;
                        sum.y += k->walls[around[j]].y;
                        count++;
                    }
                }
                if (count > 0) {
                    k->walls_next[i] = (struct wall){sum.p / count, sum.y / count};
                }
            }
        }
        struct wall *swap = k->walls;
        k->walls = k->walls_next;
        k->walls_next = swap;
        if (!missing) {
            return;
        }
    }
}

static void map_wall(struct key_frame *k) {
    for (unsigned y = 0; y < k->blocks_y; y++) {
        for (unsigned x = 0; x < k->blocks_x; x++) {
            k->walls[(size_t)y * k->blocks_x + x] = measure_block(k, x, y);
        }
    }
    fill_walls(k);
    for (size_t i = 0; i < (size_t)k->blocks_x * k->blocks_y; i++) {
        if (k->walls[i].p <= 0) { /* no wall in sight at all */
            k->walls[i] = (struct wall){k->strength, 128};
        }
    }
}

/* Between the middles of the blocks. */
static struct wall wall_at(const struct key_frame *k, unsigned x, unsigned y) {
    float fx = clampf(((float)x + 0.5f) / BLOCK - 0.5f, 0, (float)(k->blocks_x - 1));
    float fy = clampf(((float)y + 0.5f) / BLOCK - 0.5f, 0, (float)(k->blocks_y - 1));
    unsigned ix = (unsigned)fx, iy = (unsigned)fy;
    unsigned jx = ix + 1 < k->blocks_x ? ix + 1 : ix, jy = iy + 1 < k->blocks_y ? iy + 1 : iy;
    float ax = fx - (float)ix, ay = fy - (float)iy;
    const struct wall *a = k->walls + (size_t)iy * k->blocks_x;
    const struct wall *b = k->walls + (size_t)jy * k->blocks_x;
    return (struct wall){
        (a[ix].p * (1 - ax) + a[jx].p * ax) * (1 - ay) + (b[ix].p * (1 - ax) + b[jx].p * ax) * ay,
        (a[ix].y * (1 - ax) + a[jx].y * ax) * (1 - ay) + (b[ix].y * (1 - ax) + b[jx].y * ax) * ay};
}

/* ---- The matte ---- */

/* Quiet at both ends, true in between. */
static float shape(float a) {
    float b = a < 0.5f ? a : 1 - a;
    b = b <= DEAD ? 0 : b < TRUE_FROM ? (b - DEAD) * TRUE_FROM / (TRUE_FROM - DEAD) : b;
    return a < 0.5f ? b : 1 - b;
}

/* The colour of the person without the wall behind and its light upon them. */
static void unmix(struct key_frame *k, const struct key_picture *in, unsigned x, unsigned y,
                  float a, const struct wall *wall) {
    size_t i = (size_t)y * k->half_width + x;
    float u = (float)in->planes[1][y * in->strides[1] + x] - GREY;
    float v = (float)in->planes[2][y * in->strides[2] + x] - GREY;
    u = (u - (1 - a) * wall->p * k->x) / a;
    v = (v - (1 - a) * wall->p * k->y) / a;
    float spill = u * k->x + v * k->y;
    if (spill > 0) {
        u -= spill * k->x;
        v -= spill * k->y;
    }
    k->colour[0][i] = byte_of((k->luma[i] - (1 - a) * wall->y) / a);
    k->colour[1][i] = byte_of(u + GREY);
    k->colour[2][i] = byte_of(v + GREY);
}

/* What is person without doubt, two samples off the edge. */
static void find_core(struct key_frame *k) {
    unsigned w = k->half_width, h = k->half_height;
    for (unsigned y = 0; y < h; y++) {
        for (unsigned x = 0; x < w; x++) {
            size_t i = (size_t)y * w + x;
            k->core[i] = k->p[i] <= 0.04f * k->strength;
        }
    }
    for (int round = 0; round < CORE; round++) {
        for (unsigned y = 0; y < h; y++) {
            for (unsigned x = 0; x < w; x++) {
                size_t i = (size_t)y * w + x;
                k->next_core[i] = k->core[i] && (x == 0 || k->core[i - 1]) &&
                                  (x + 1 == w || k->core[i + 1]) && (y == 0 || k->core[i - w]) &&
                                  (y + 1 == h || k->core[i + w]);
            }
        }
        uint8_t *swap = k->core;
        k->core = k->next_core;
        k->next_core = swap;
    }
    memcpy(k->person, k->along, (size_t)w * h * sizeof(float));
}

/* At the edge a person has the colour that they have just inside it. */
static void spread_person(struct key_frame *k) {
    unsigned w = k->half_width, h = k->half_height;
    memcpy(k->next_core, k->core, (size_t)w * h);
    memcpy(k->next_person, k->person, (size_t)w * h * sizeof(float));
    for (unsigned y = 0; y < h; y++) {
        for (unsigned x = 0; x < w; x++) {
            size_t i = (size_t)y * w + x;
            float sum = 0, count = 0;
            if (k->core[i]) {
                continue;
            }
            const size_t around[] = {i - 1, i + 1, i - w, i + w};
            const bool there[] = {x > 0, x + 1 < w, y > 0, y + 1 < h};
            for (int j = 0; j < 4; j++) {
                if (there[j] && k->core[around[j]]) {
                    sum += k->person[around[j]];
                    count++;
                }
            }
            if (count > 0) {
                k->next_person[i] = sum / count;
                k->next_core[i] = 2;
            }
        }
    }
    uint8_t *swap = k->core;
    k->core = k->next_core;
    k->next_core = swap;
    float *person = k->person;
    k->person = k->next_person;
    k->next_person = person;
}

/* The share of the person: 0 as the wall beside it, 1 as the person beside it. */
static float share_at(const struct key_frame *k, size_t i, const struct wall *wall) {
    if (k->core[i] == 1) {
        return 1;
    }
    float room = wall->p - k->person[i];
    if (k->core[i] == 2 && room > 0.3f * wall->p) {
        return clampf((wall->p - k->along[i]) / room, 0, 1);
    }
    return clampf(1 - k->p[i] / wall->p, 0, 1);
}

static void cut_out(struct key_frame *k, const struct key_picture *in) {
    for (unsigned y = 0; y < k->half_height; y++) {
        for (unsigned x = 0; x < k->half_width; x++) {
            size_t i = (size_t)y * k->half_width + x;
            struct wall wall = wall_at(k, x, y);
            float a = share_at(k, i, &wall), change = a - k->before[i];
            if (k->has_before && fabsf(change) < STILL) {
                a = k->before[i] + change / 3;
            }
            k->before[i] = a;
            a = k->matte[i] = shape(a);
            k->known[i] = a >= SOLID;
            if (k->known[i]) {
                unmix(k, in, x, y, a, &wall);
            }
        }
    }
    k->has_before = true;
}

/* Gives samples beside known ones their mean colour. */
static void spread_once(struct key_frame *k, unsigned round) {
    size_t n = (size_t)k->half_width * k->half_height;
    memcpy(k->next_known, k->known, n);
    for (int c = 0; c < 3; c++) {
        memcpy(k->next[c], k->colour[c], n);
    }
    for (unsigned y = 0; y < k->half_height; y++) {
        for (unsigned x = 0; x < k->half_width; x++) {
            size_t i = (size_t)y * k->half_width + x;
            if (k->known[i]) {
                continue;
            }
            const size_t around[] = {i - 1, i + 1, i - k->half_width, i + k->half_width};
            const bool there[] = {x > 0, x + 1 < k->half_width, y > 0, y + 1 < k->half_height};
            unsigned sum[3] = {0}, count = 0;
            for (int j = 0; j < 4; j++) {
                if (there[j] && k->known[around[j]]) {
                    for (int c = 0; c < 3; c++) {
                        sum[c] += k->colour[c][around[j]];
                    }
                    count++;
                }
            }
            if (count > 0) {
                for (int c = 0; c < 3; c++) {
                    k->next[c][i] = (uint8_t)(sum[c] / count);
                }
                k->next_known[i] = (uint8_t)(round + 1);
            }
        }
    }
    for (int c = 0; c < 3; c++) {
        uint8_t *swap = k->colour[c];
        k->colour[c] = k->next[c];
        k->next[c] = swap;
    }
    uint8_t *swap = k->known;
    k->known = k->next_known;
    k->next_known = swap;
}

static void fade(struct key_frame *k) {
    static const uint8_t nothing[3] = {BLACK, GREY, GREY};
    size_t n = (size_t)k->half_width * k->half_height;
    for (size_t i = 0; i < n; i++) {
        unsigned rounds = k->known[i];
        if (rounds > 0 && rounds <= 1 + FADE_FROM) {
            continue;
        }
        float share = rounds == 0 ? 0 : (float)(SPREAD + 2 - rounds) / (SPREAD + 2 - FADE_FROM);
        for (int c = 0; c < 3; c++) {
            k->colour[c][i] = byte_of(nothing[c] + share * ((float)k->colour[c][i] - nothing[c]));
        }
    }
}

/* ---- The stacked picture ---- */

/* The matte at a pixel of the luma: chroma lies on even columns, between rows. */
static float matte_at(const struct key_frame *k, unsigned x, unsigned y) {
    unsigned i = x / 2, j = y / 2, i2 = i + (x & 1);
    unsigned j2 = y & 1 ? j + 1 : j > 0 ? j - 1 : 0;
    i2 = i2 < k->half_width ? i2 : k->half_width - 1;
    j2 = j2 < k->half_height ? j2 : k->half_height - 1;
    const float *a = k->matte + (size_t)j * k->half_width;
    const float *b = k->matte + (size_t)j2 * k->half_width;
    return 0.375f * (a[i] + a[i2]) + 0.125f * (b[i] + b[i2]);
}

static void write_luma(struct key_frame *k, const struct key_picture *in,
                       const struct key_picture *out, unsigned matte_row) {
    for (unsigned y = 0; y < k->height; y++) {
        const uint8_t *from = in->planes[0] + (size_t)y * in->strides[0];
        uint8_t *colour = out->planes[0] + (size_t)y * out->strides[0];
        uint8_t *matte = out->planes[0] + (size_t)(matte_row + y) * out->strides[0];
        for (unsigned x = 0; x < k->width; x++) {
            float a = matte_at(k, x, y);
            size_t i = (size_t)(y / 2) * k->half_width + x / 2;
            matte[x] = (uint8_t)(BLACK + (WHITE - BLACK) * a + 0.5f);
            colour[x] = a >= 0.97f ? from[x] : k->colour[0][i];
            if (a >= SOLID && a < 0.97f) {
                struct wall wall = wall_at(k, x / 2, y / 2);
                colour[x] = byte_of(clampf(((float)from[x] - (1 - a) * wall.y) / a, BLACK, WHITE));
            }
        }
    }
}

static void write_chroma(struct key_frame *k, const struct key_picture *out) {
    unsigned rows = k->height + guard_rows(k->height) / 2;
    for (int c = 1; c < 3; c++) {
        for (unsigned y = 0; y < rows; y++) {
            uint8_t *to = out->planes[c] + (size_t)y * out->strides[c];
            if (y < k->half_height) {
                memcpy(to, k->colour[c] + (size_t)y * k->half_width, k->half_width);
            } else {
                memset(to, GREY, k->half_width);
            }
        }
    }
}

static void write_guard(const struct key_frame *k, const struct key_picture *out) {
    struct manifest_matte m;
    key_layout(k->width, k->height, &m);
    unsigned guard = guard_rows(k->height);
    unsigned x0 = (unsigned)(m.white.x * m.width + 0.5), w = (unsigned)(m.white.w * m.width + 0.5);
    for (unsigned y = 0; y < guard; y++) {
        uint8_t *to = out->planes[0] + (size_t)(k->height + y) * out->strides[0];
        memset(to, BLACK, k->width);
        if (y >= guard / 4 && y < guard / 4 + guard / 2) {
            memset(to + x0, WHITE, w);
        }
    }
}

bool key_frame_apply(struct key_frame *k, const struct key_picture *in,
                     const struct key_picture *out) {
    k->found = k->found || find_wall(k, in);
    if (!k->found) {
        return false;
    }
    measure(k, in);
    map_wall(k);
    find_core(k);
    for (unsigned round = 0; round < EDGE; round++) {
        spread_person(k);
    }
    cut_out(k, in);
    for (unsigned round = 1; round <= SPREAD; round++) {
        spread_once(k, round);
    }
    fade(k);
    write_luma(k, in, out, k->height + guard_rows(k->height));
    write_chroma(k, out);
    write_guard(k, out);
    return true;
}
