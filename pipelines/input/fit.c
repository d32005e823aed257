#include "input/fit.h"

#include "key/key_layout.h"

#define SIDE_MIN 16
#define SIDE_MAX 32768

/* A box, and from which size on a picture between it and the next smaller one fills it by itself.
 */
static const struct {
    unsigned name;
    double long_side, short_side, from;
} boxes[FIT_LADDER_MAX] = {{1080, 1920, 1080, 900}, {720, 1280, 720, 540}, {360, 640, 360, 0}};

enum { BOX_720 = 1 };

static uint32_t even(double v) {
    return (uint32_t)(v / 2 + 0.5) * 2;
}

static void fit_rate(const struct picture *in, uint32_t *ret_n, uint32_t *ret_d) {
    double fps = in->fps_d > 0 ? (double)in->fps_n / in->fps_d : 0;
    *ret_n = 30;
    *ret_d = 1;
    if (fps >= 5 && fps <= 480) {
        uint32_t divisor = 1;
        while (fps / divisor > 30.5) {
            divisor++;
        }
        *ret_n = in->fps_n;
        *ret_d = in->fps_d * divisor;
    }
}

/* As it is shown: square pixels, upright. */
static bool displayed(const struct picture *in, double *ret_width, double *ret_height) {
    if (in->width == 0 || in->height == 0 || in->width > SIDE_MAX || in->height > SIDE_MAX) {
        return false;
    }
    double width = in->width, height = in->height;
    if (in->par_n > 0 && in->par_d > 0) {
        width = width * in->par_n / in->par_d;
    }
    *ret_width = in->turned ? height : width;
    *ret_height = in->turned ? width : height;
    return true;
}

static bool fit_box(double width, double height, double long_side, double short_side,
                    uint32_t *ret_width, uint32_t *ret_height) {
    double scale = 1;
    double by_long = long_side / (width > height ? width : height);
    double by_short = short_side / (width > height ? height : width);
    scale = by_long < scale ? by_long : scale;
    scale = by_short < scale ? by_short : scale;
    uint32_t w = even(width * scale), h = even(height * scale);
    /* Rounding must not enlarge an odd side. */
    w -= w > width * scale + 0.5 ? 2 : 0;
    h -= h > height * scale + 0.5 ? 2 : 0;
    if (w < SIDE_MIN || h < SIDE_MIN) {
        return false;
    }
    *ret_width = w;
    *ret_height = h;
    return true;
}

bool fit_picture(const struct picture *in, struct fit *ret) {
    double width, height;
    struct fit fit;
    if (!displayed(in, &width, &height) ||
        !fit_box(width, height, boxes[BOX_720].long_side, boxes[BOX_720].short_side, &fit.width,
                 &fit.height)) {
        return false;
    }
    fit_rate(in, &fit.fps_n, &fit.fps_d);
    *ret = fit;
    return true;
}

/* The short side of the smallest 16:9 box around the picture. */
static double size_of(double width, double height) {
    double longer = width > height ? width : height, shorter = width > height ? height : width;
    double by_long = longer * 9 / 16;
    return by_long > shorter ? by_long : shorter;
}

bool fit_ladder(const struct picture *in, struct fit_ladder *ret) {
    double width, height;
    if (!displayed(in, &width, &height)) {
        return false;
    }
    struct fit_ladder ladder = {0};
    double size = size_of(width, height);
    for (size_t i = 0; i < FIT_LADDER_MAX; i++) {
        if (size < boxes[i].from) {
            continue;
        }
        struct fit_rung *rung = &ladder.rungs[ladder.count];
        rung->name = boxes[i].name;
        /* Under 540 the only rung has the picture's own size. */
        bool own = i + 1 == FIT_LADDER_MAX && ladder.count == 0;
        double long_side = own ? SIDE_MAX : boxes[i].long_side;
        double short_side = own ? SIDE_MAX : boxes[i].short_side;
        if (!fit_box(width, height, long_side, short_side, &rung->width, &rung->height)) {
            if (ladder.count == 0) {
                return false;
            }
            break; /* a sliver has no smaller ones */
        }
        ladder.small = i == BOX_720 ? ladder.count : ladder.small;
        ladder.count++;
    }
    fit_rate(in, &ladder.fps_n, &ladder.fps_d);
    *ret = ladder;
    return true;
}

bool fit_keyed_ladder(const struct picture *in, struct fit_ladder *ret) {
    double width, height;
    struct picture small = {.par_n = 1, .par_d = 1, .fps_n = in->fps_n, .fps_d = in->fps_d};
    if (!displayed(in, &width, &height)) {
        return false;
    }
    key_fit(width, height, &small.width, &small.height);
    return fit_ladder(&small, ret);
}
