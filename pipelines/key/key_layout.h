/* key/key_layout.h: the stacked picture of a keyed film: where its parts are, how large it may be,
 * and the person before a calm ground made from it. I420, limited range. Pure. */
#pragma once
#include "presentation/manifest.h"

#include <stdbool.h>
#include <stdint.h>

#define KEY_SIDE_MIN 64 /* of the person's picture */
#define KEY_SIDE_MAX 2048
#define KEY_COLOUR_AUTO (-1)
#define KEY_COLOUR_NONE (-2) /* of options: not keyed */

struct key_picture {
    uint8_t *planes[3];
    unsigned strides[3];
};

/* "auto" or RRGGBB. False: neither. */
bool key_colour_parse(const char *text, int *ret);
/* 0, or -1 and `bad_key` for a colour that cannot be told from people: one that is nearly grey. */
int key_check(int colour, struct failure *failure);
/* Chroma of 0xRRGGBB, from grey: BT.601, limited range. */
void key_colour_chroma(int colour, float *ret_u, float *ret_v);

/* Rows of the guard band for a picture of this height: a multiple of 16. */
unsigned key_guard_rows(unsigned height);
/* Where the parts of the stacked picture are; its size is in there too. */
void key_layout(unsigned width, unsigned height, struct manifest_matte *ret);
/* The height of the person's picture in a stacked one of this height. */
unsigned key_person_height(unsigned stacked_height);
/* The largest shape like this one, not enlarged, both sides even, whose stacked picture is one of
 * H.264 level 3.1 (3,600 macroblocks, H.264 table A-1). */
void key_fit(double width, double height, unsigned *ret_width, unsigned *ret_height);

/* The person before a calm ground: `out` has the size of one half. */
void key_flatten(const struct key_picture *stacked, unsigned width, unsigned height,
                 const struct key_picture *out);
