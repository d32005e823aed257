/* key_frame.h: a person before a green (or blue) wall becomes colour above matte, one picture that
 * every codec carries. Works on I420, BT.601 limited range, chroma left-sited as H.264 and VP8 have
 * it. Sans GStreamer, no clock; one thread owns it.
 *
 * The matte is the share of the wall's chroma that is missing, measured against the wall beside it,
 * so that uneven light makes no difference. */
#pragma once
#include "manifest.h"

#include <stdbool.h>
#include <stdint.h>

#define KEY_COLOUR_AUTO (-1)
#define KEY_SIDE_MIN 64
#define KEY_SIDE_MAX 2048

struct key_picture {
    uint8_t *planes[3];
    unsigned strides[3];
};

struct key_frame;

/* Sizes are even. `colour` is 0xRRGGBB, or KEY_COLOUR_AUTO: what the picture's border shows most.
 * NULL without memory, for other sizes, and for a colour that is nearly grey. */
struct key_frame *key_frame_new(unsigned width, unsigned height, int colour);
void key_frame_free(struct key_frame *k);

/* Where the parts of the stacked picture are; its size is in there too. */
void key_layout(unsigned width, unsigned height, struct manifest_matte *ret);

/* Writes the stacked picture of the next frame. False: AUTO has not found a wall yet, `out` is
 * untouched. */
bool key_frame_apply(struct key_frame *k, const struct key_picture *in,
                     const struct key_picture *out);
