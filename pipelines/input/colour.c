#include "input/colour.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The table: values of Y lie together. 425 KB, so that it stays in a core's own cache. */
#define STEPS_Y 64
#define STEPS_C 32
#define ROW (STEPS_Y + 1)
#define NODES ((STEPS_C + 1) * (STEPS_C + 1) * ROW)
#define INDEX_BITS                                                                                 \
    16 /* a sample in the table: steps, then a fraction of 16 bits less the steps'                 \
        */

#define WHITE_OUT 203.0  /* cd/m²: what becomes the white of paper */
#define PEAK 1000.0      /* the brightest that is kept apart from white */
#define PQ_MAX 10000.0   /* SMPTE ST 2084 */
#define HLG_GAMMA 1.2    /* BT.2100: of a screen with a peak of 1,000 cd/m² */
#define KNEE 0.6         /* up to here light stays as it is */
#define SCREEN_GAMMA 2.4 /* BT.1886 */
#define OUT_KR 0.299
#define OUT_KB 0.114
#define FIXED 14

struct colour_map {
    struct colour_coding in;
    bool table;
    int32_t matrix[3][3], offset[3]; /* when there is no table; in 2^-FIXED */
    int16_t node[3][NODES];          /* when there is: 1/64 of an 8-bit step */
};

static double clamp(double v, double low, double high) {
    return v < low ? low : v > high ? high : v;
}

/* Y in 0..1 and Cb, Cr in -0.5..0.5 to R'G'B'. */
static void to_rgb(double kr, double kb, const double yuv[3], double rgb[3]) {
    double kg = 1 - kr - kb;
    rgb[0] = yuv[0] + 2 * (1 - kr) * yuv[2];
    rgb[2] = yuv[0] + 2 * (1 - kb) * yuv[1];
    rgb[1] = (yuv[0] - kr * rgb[0] - kb * rgb[2]) / kg;
}

static void to_yuv(const double rgb[3], double yuv[3]) {
    yuv[0] = OUT_KR * rgb[0] + (1 - OUT_KR - OUT_KB) * rgb[1] + OUT_KB * rgb[2];
    yuv[1] = (rgb[2] - yuv[0]) / (2 * (1 - OUT_KB));
    yuv[2] = (rgb[0] - yuv[0]) / (2 * (1 - OUT_KR));
}

/* SMPTE ST 2084 §5: cd/m². */
static double pq_light(double v) {
    const double m1 = 0.1593017578125, m2 = 78.84375, c1 = 0.8359375, c2 = 18.8515625, c3 = 18.6875;
    double p = pow(clamp(v, 0, 1), 1 / m2);
    return PQ_MAX * pow(fmax(p - c1, 0) / (c2 - c3 * p), 1 / m1);
}

/* BT.2100 table 5: light of the scene, 0..1. */
static double hlg_scene(double v) {
    const double a = 0.17883277, b = 0.28466892, c = 0.55991073;
    v = clamp(v, 0, 1);
    return v <= 0.5 ? v * v / 3 : (exp((v - c) / a) + b) / 12;
}

/* Light where 1 is the white of paper. */
static void to_light(enum colour_transfer transfer, double rgb[3]) {
    switch (transfer) {
    case COLOUR_PQ:
        for (int i = 0; i < 3; i++) {
            rgb[i] = pq_light(rgb[i]) / WHITE_OUT;
        }
        break;
    case COLOUR_HLG:
        for (int i = 0; i < 3; i++) {
            rgb[i] = hlg_scene(rgb[i]);
        }
        double y = 0.2627 * rgb[0] + 0.678 * rgb[1] + 0.0593 * rgb[2];
        double gain = y > 0 ? pow(y, HLG_GAMMA - 1) * PEAK / WHITE_OUT : 0;
        for (int i = 0; i < 3; i++) {
            rgb[i] *= gain;
        }
        break;
    case COLOUR_SDR:
        for (int i = 0; i < 3; i++) {
            rgb[i] = pow(clamp(rgb[i], 0, 1), SCREEN_GAMMA);
        }
        break;
    }
}

/* BT.2087: primaries of BT.2020 to BT.709. What those cannot show is cut off, so that what was a
 * strong colour stays one. */
static void narrow(double rgb[3]) {
    const double r = rgb[0], g = rgb[1], b = rgb[2];
    rgb[0] = fmax(1.6605 * r - 0.5876 * g - 0.0728 * b, 0);
    rgb[1] = fmax(-0.1246 * r + 1.1329 * g - 0.0083 * b, 0);
    rgb[2] = fmax(-0.0182 * r - 0.1006 * g + 1.1187 * b, 0);
}

/* The highlights: a curve that leaves the line at KNEE with its slope and reaches 1 at PEAK
 * (a + b / (x + c), as in the "Möbius" operator). The colour stays: the largest of three is moved,
 * the others with it. */
static void roll_off(double rgb[3]) {
    const double peak = PEAK / WHITE_OUT, k = KNEE;
    const double a = -k * k * (peak - 1) / (k * k - 2 * k + peak);
    const double b = (k * k - 2 * k * peak + peak) / fmax(peak - 1, 1e-6);
    double top = fmax(rgb[0], fmax(rgb[1], rgb[2]));
    if (top <= k) {
        return;
    }
    double x = fmin(top, peak);
    double to = (b * b + 2 * b * k + k * k) / (b - a) * (x + a) / (x + b);
    for (int i = 0; i < 3; i++) {
        rgb[i] *= to / top;
    }
}

/* One coded colour (as to_rgb takes it) to 8-bit Y, Cb and Cr, not yet rounded. */
static void convert(const struct colour_coding *in, const double coded[3], double ret[3]) {
    double rgb[3], yuv[3];
    to_rgb(in->kr, in->kb, coded, rgb);
    to_light(in->transfer, rgb);
    if (in->wide) {
        narrow(rgb);
    }
    if (in->transfer != COLOUR_SDR) {
        roll_off(rgb);
    }
    for (int i = 0; i < 3; i++) {
        rgb[i] = pow(clamp(rgb[i], 0, 1), 1 / SCREEN_GAMMA);
    }
    to_yuv(rgb, yuv);
    ret[0] = 16 + 219 * yuv[0];
    ret[1] = 128 + 224 * yuv[1];
    ret[2] = 128 + 224 * yuv[2];
}

/* What an 8-bit range of codes stands for: `v` = (code - zero) / span. */
static double zero_of(const struct colour_coding *in, bool luma) {
    return luma ? (in->full_range ? 0 : 16) : 128;
}

static double span_of(const struct colour_coding *in, bool luma) {
    return in->full_range ? 255 : luma ? 219 : 224;
}

static void make_table(struct colour_map *map) {
    const struct colour_coding *in = &map->in;
    size_t n = 0;
    for (int u = 0; u <= STEPS_C; u++) {
        for (int v = 0; v <= STEPS_C; v++) {
            for (int y = 0; y <= STEPS_Y; y++, n++) {
                const double coded[] = {
                    (y * 256.0 / STEPS_Y - zero_of(in, true)) / span_of(in, true),
                    (u * 256.0 / STEPS_C - zero_of(in, false)) / span_of(in, false),
                    (v * 256.0 / STEPS_C - zero_of(in, false)) / span_of(in, false)};
                double out[3];
                convert(in, coded, out);
                for (int i = 0; i < 3; i++) {
                    map->node[i][n] = (int16_t)lround(clamp(out[i], 0, 255) * 64);
                }
            }
        }
    }
}

/* The picture's three values as 8-bit codes (10 bits: divided by 4) times the matrix. */
static void make_matrix(struct colour_map *map) {
    const struct colour_coding *in = &map->in;
    const double one = (double)(1 << FIXED), depth = (double)(1u << (in->depth - 8));
    double column[3][3];
    for (int c = 0; c < 3; c++) {
        double coded[3] = {0}, rgb[3], yuv[3];
        coded[c] = 1;
        to_rgb(in->kr, in->kb, coded, rgb);
        to_yuv(rgb, yuv);
        for (int r = 0; r < 3; r++) {
            column[c][r] = yuv[r] * (r == 0 ? 219 : 224) / span_of(in, c == 0);
        }
    }
    for (int r = 0; r < 3; r++) {
        double offset = r == 0 ? 16 : 128;
        for (int c = 0; c < 3; c++) {
            map->matrix[r][c] = (int32_t)lround(column[c][r] * one / depth);
            offset -= column[c][r] * zero_of(in, c == 0);
        }
        map->offset[r] = (int32_t)lround((offset + 0.5) * one);
    }
}

struct colour_map *colour_map_new(const struct colour_coding *in) {
    struct colour_map *map = calloc(1, sizeof(*map));
    if (!map) {
        return NULL;
    }
    map->in = *in;
    map->table = in->transfer != COLOUR_SDR || in->wide;
    if (map->table) {
        make_table(map);
    } else {
        make_matrix(map);
    }
    return map;
}

void colour_map_free(struct colour_map *map) {
    free(map);
}

bool colour_map_is_identity(const struct colour_map *map) {
    return !map->table && map->in.depth == 8 && !map->in.full_range &&
           fabs(map->in.kr - OUT_KR) < 0.001 && fabs(map->in.kb - OUT_KB) < 0.001;
}

static uint8_t byte_of(int32_t v) {
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One row of pairs by the matrix: two rows of Y, one of Cb and Cr, as bytes. */
static void multiply_row8(const struct colour_map *map, const uint8_t *restrict u,
                          const uint8_t *restrict v, const uint8_t *restrict y0,
                          const uint8_t *restrict y1, uint8_t *restrict out0,
                          uint8_t *restrict out1, uint8_t *restrict out_u, uint8_t *restrict out_v,
                          size_t pairs) {
    const int32_t m00 = map->matrix[0][0], m01 = map->matrix[0][1], m02 = map->matrix[0][2];
    const int32_t m11 = map->matrix[1][1], m12 = map->matrix[1][2];
    const int32_t m21 = map->matrix[2][1], m22 = map->matrix[2][2];
    for (size_t i = 0; i < pairs; i++) {
        int32_t add = m01 * u[i] + m02 * v[i] + map->offset[0];
        out0[2 * i] = byte_of((m00 * y0[2 * i] + add) >> FIXED);
        out0[2 * i + 1] = byte_of((m00 * y0[2 * i + 1] + add) >> FIXED);
        out1[2 * i] = byte_of((m00 * y1[2 * i] + add) >> FIXED);
        out1[2 * i + 1] = byte_of((m00 * y1[2 * i + 1] + add) >> FIXED);
        out_u[i] = byte_of((m11 * u[i] + m12 * v[i] + map->offset[1]) >> FIXED);
        out_v[i] = byte_of((m21 * u[i] + m22 * v[i] + map->offset[2]) >> FIXED);
    }
}

/* Where one (Cb, Cr) lies in the table: the first of four nodes around it and their weights. */
struct place {
    size_t at;
    int32_t weight[4]; /* of 256 in all */
};

static struct place place_of(uint32_t u, uint32_t v, unsigned depth) {
    /* 5 bits choose the step of 32, 4 more the weight. */
    u = u << (INDEX_BITS - depth) >> (INDEX_BITS - 9);
    v = v << (INDEX_BITS - depth) >> (INDEX_BITS - 9);
    uint32_t iu = u >> 4, iv = v >> 4;
    int32_t fu = u & 15, fv = v & 15;
    return (struct place){
        .at = ((size_t)iu * (STEPS_C + 1) + iv) * ROW,
        .weight = {(16 - fu) * (16 - fv), (16 - fu) * fv, fu * (16 - fv), fu * fv}};
}

/* Between the eight nodes around a colour; nodes are in 1/64. */
static uint8_t look_up(const int16_t *node, const struct place *p, uint32_t y, unsigned depth) {
    y = y << (INDEX_BITS - depth) >> (INDEX_BITS - 12); /* 6 bits the step of 64, 6 the weight */
    const int16_t *n = node + p->at + (y >> 6);
    const int32_t f = y & 63;
    static const size_t step[] = {0, ROW, (size_t)ROW * (STEPS_C + 1),
                                  (size_t)ROW * (STEPS_C + 1) + ROW};
    int32_t sum = 0;
    for (int k = 0; k < 4; k++) {
        sum += p->weight[k] * ((n[step[k]] * (64 - f) + n[step[k] + 1] * f) >> 6);
    }
    return byte_of((sum + (1 << 13)) >> 14);
}

static uint32_t sample(const uint8_t *row, size_t i, unsigned depth) {
    return depth == 8 ? row[i] : (uint32_t)(row[2 * i] | row[2 * i + 1] << 8);
}

struct rows {
    const uint8_t *y[2], *u, *v;
    uint8_t *out_y[2], *out_u, *out_v;
};

static void look_up_rows(const struct colour_map *map, const struct rows *r, size_t pairs) {
    const unsigned depth = map->in.depth;
    const uint32_t most = (1u << depth) - 1;
    for (size_t i = 0; i < pairs; i++) {
        struct place p =
            place_of(sample(r->u, i, depth) & most, sample(r->v, i, depth) & most, depth);
        uint32_t sum = 2;
        for (int row = 0; row < 2; row++) {
            for (size_t k = 2 * i; k < 2 * i + 2; k++) {
                uint32_t y = sample(r->y[row], k, depth) & most;
                r->out_y[row][k] = look_up(map->node[0], &p, y, depth);
                sum += y;
            }
        }
        r->out_u[i] = look_up(map->node[1], &p, sum / 4 & most, depth);
        r->out_v[i] = look_up(map->node[2], &p, sum / 4 & most, depth);
    }
}

static void multiply_rows(const struct colour_map *map, const struct rows *r, size_t pairs) {
    const unsigned depth = map->in.depth;
    for (size_t i = 0; i < pairs; i++) {
        int32_t u = (int32_t)sample(r->u, i, depth), v = (int32_t)sample(r->v, i, depth);
        int32_t add = map->matrix[0][1] * u + map->matrix[0][2] * v + map->offset[0];
        for (int row = 0; row < 2; row++) {
            for (size_t k = 2 * i; k < 2 * i + 2; k++) {
                int32_t y = (int32_t)sample(r->y[row], k, depth);
                r->out_y[row][k] = byte_of((map->matrix[0][0] * y + add) >> FIXED);
            }
        }
        r->out_u[i] =
            byte_of((map->matrix[1][1] * u + map->matrix[1][2] * v + map->offset[1]) >> FIXED);
        r->out_v[i] =
            byte_of((map->matrix[2][1] * u + map->matrix[2][2] * v + map->offset[2]) >> FIXED);
    }
}

void colour_map_picture(const struct colour_map *map, const struct colour_planes *in,
                        const struct colour_planes *out, uint32_t width, uint32_t height) {
    for (size_t pair = 0; pair < height / 2; pair++) {
        struct rows r = {.u = in->data[1] + pair * in->stride[1],
                         .v = in->data[2] + pair * in->stride[2],
                         .out_u = out->data[1] + pair * out->stride[1],
                         .out_v = out->data[2] + pair * out->stride[2]};
        for (size_t row = 0; row < 2; row++) {
            r.y[row] = in->data[0] + (2 * pair + row) * in->stride[0];
            r.out_y[row] = out->data[0] + (2 * pair + row) * out->stride[0];
        }
        if (map->table) {
            look_up_rows(map, &r, width / 2);
        } else if (map->in.depth == 8) {
            multiply_row8(map, r.u, r.v, r.y[0], r.y[1], r.out_y[0], r.out_y[1], r.out_u, r.out_v,
                          width / 2);
        } else {
            multiply_rows(map, &r, width / 2);
        }
    }
}
