/* fit.h: the size and frame rate of a rung. Pure. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct picture {
    uint32_t width, height; /* as stored */
    uint32_t par_n, par_d;  /* shape of a pixel */
    bool turned;            /* shown rotated by 90 or 270 degrees */
    uint32_t fps_n, fps_d;  /* 0/1 when it varies */
};

struct fit {
    uint32_t width, height; /* square pixels, both even */
    uint32_t fps_n, fps_d;
};

/* The displayed shape inside 1280×720 (upright: 720×1280), never enlarged; at most 30 frames a
 * second. False when a side would be under 16 pixels. */
bool fit_picture(const struct picture *in, struct fit *ret);
