#include "fit.h"

#define LONG_SIDE 1280.0
#define SHORT_SIDE 720.0
#define SIDE_MIN 16

static uint32_t even(double v) {
    return (uint32_t)(v / 2 + 0.5) * 2;
}

static void fit_rate(const struct picture *in, struct fit *ret) {
    double fps = in->fps_d > 0 ? (double)in->fps_n / in->fps_d : 0;
    ret->fps_n = 30;
    ret->fps_d = 1;
    if (fps >= 5 && fps <= 480) {
        uint32_t divisor = 1;
        while (fps / divisor > 30.5) {
            divisor++;
        }
        ret->fps_n = in->fps_n;
        ret->fps_d = in->fps_d * divisor;
    }
}

bool fit_picture(const struct picture *in, struct fit *ret) {
    if (in->width == 0 || in->height == 0 || in->width > 32768 || in->height > 32768) {
        return false;
    }
    double width = in->width, height = in->height;
    if (in->par_n > 0 && in->par_d > 0) {
        width = width * in->par_n / in->par_d;
    }
    if (in->turned) {
        double swap = width;
        width = height;
        height = swap;
    }
    double scale = 1;
    double by_long = LONG_SIDE / (width > height ? width : height);
    double by_short = SHORT_SIDE / (width > height ? height : width);
    scale = by_long < scale ? by_long : scale;
    scale = by_short < scale ? by_short : scale;
    struct fit fit = {.width = even(width * scale), .height = even(height * scale)};
    /* Rounding must not enlarge an odd side. */
    if (fit.width > width * scale + 0.5) {
        fit.width -= 2;
    }
    if (fit.height > height * scale + 0.5) {
        fit.height -= 2;
    }
    if (fit.width < SIDE_MIN || fit.height < SIDE_MIN) {
        return false;
    }
    fit_rate(in, &fit);
    *ret = fit;
    return true;
}
