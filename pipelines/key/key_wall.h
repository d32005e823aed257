/* key/key_wall.h: the wall behind a person: its colour, and how light it is where. Works on chroma
 * samples and luma of their size. Sans GStreamer. */
#pragma once
#include "key/key_layout.h"

struct key_wall {
    unsigned width, height, blocks_x, blocks_y;
    int hint;             /* KEY_COLOUR_AUTO or 0xRRGGBB */
    bool found;           /* and so: */
    float x, y, strength; /* direction and length of the key in the plane of chroma */
    unsigned missed;      /* pictures since it was in sight */
    struct key_light {
        float p, y; /* key chroma and luma there; p 0: not known */
        bool seen;  /* not behind the person */
    } * lights, *next, *line;
};

/* Width and height in chroma samples. False without memory. */
bool key_wall_init(struct key_wall *w, unsigned width, unsigned height, int hint);
void key_wall_clear(struct key_wall *w);

/* Looks along the border of a picture, learning the colour when it is not known (any more). False:
 * no wall in sight. */
bool key_wall_look(struct key_wall *w, const struct key_picture *in);

/* Measures the light from the picture's key chroma and luma; behind the person it goes on as it is
 * around. */
void key_wall_map(struct key_wall *w, const float *p, const float *luma);

/* The wall's key chroma and luma along a row of samples. */
void key_wall_row(const struct key_wall *w, unsigned y, float *ret_p, float *ret_luma);
