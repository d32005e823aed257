/* key/key_frame.h: a person before a green (or blue) wall becomes colour above matte, one picture
 * that every codec carries. Works on I420, BT.601 limited range, chroma left-sited as H.264 and VP8
 * have it. Sans GStreamer, no clock; one thread owns it.
 *
 * The matte is the share of the wall's chroma that is missing, measured against the wall beside it,
 * so that uneven light makes no difference. */
#pragma once
#include "key/key_layout.h"

#include <stdbool.h>
#include <stdint.h>

struct key_frame;

/* Sizes are even. `colour` is 0xRRGGBB, or KEY_COLOUR_AUTO: what the picture's border shows most.
 * NULL without memory, for other sizes, and for a colour that is nearly grey. */
struct key_frame *key_frame_new(unsigned width, unsigned height, int colour);
void key_frame_free(struct key_frame *k);

/* Writes the stacked picture of the next frame. False: no wall of the colour is in sight, at least
 * a twentieth of the border; then nobody is shown. */
bool key_frame_apply(struct key_frame *k, const struct key_picture *in,
                     const struct key_picture *out);
