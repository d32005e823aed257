/* input/fit.h: the sizes and the frame rate of rungs. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIT_LADDER_MAX 3

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

/* One step of a ladder, named after the short side of its 16:9 box: 1080, 720 or 360. */
struct fit_rung {
    unsigned name;
    uint32_t width, height;
};

struct fit_ladder {
    size_t count; /* 1 to FIT_LADDER_MAX; the largest first */
    struct fit_rung rungs[FIT_LADDER_MAX];
    size_t small; /* the first that lies inside 1280×720 (upright: 720×1280) */
    uint32_t fps_n, fps_d;
};

/* The displayed shape inside 1280×720 (upright: 720×1280), never enlarged; at most 30 frames a
 * second. False when a side would be under 16 pixels. */
bool fit_picture(const struct picture *in, struct fit *ret);

/* The rungs for a picture. Boxes are 1920×1080, 1280×720 and 640×360 (or upright); a picture gets
 * each that it fills. One that lies between two boxes gets a rung of its own size too when it is at
 * least 1.25 (below 720: 1.5) times the box under it; under 540 it has its own size alone. Never
 * enlarged. False when a side would be under 16 pixels. */
bool fit_ladder(const struct picture *in, struct fit_ladder *ret);

/* The same for a keyed film: the sizes of the person's picture, so small that colour above matte is
 * a picture of H.264 level 3.1 (key_layout.h). */
bool fit_keyed_ladder(const struct picture *in, struct fit_ladder *ret);
