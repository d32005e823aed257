/* input/loudness.h: how loud sound is (EBU R 128 by way of libebur128), and what to do about it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define LOUDNESS_TARGET (-16.0) /* LUFS */
#define LOUDNESS_CEILING (-2.0) /* dBTP before encoding: what the encoders add stays under −1 */
#define LOUDNESS_GAIN_MAX 20.0  /* dB */
#define LOUDNESS_NONE (-99.0)   /* LUFS of what has none: silence, or less than 0.4 s */

struct loudness; /* stereo at 48 kHz, used by one thread at a time */

/* NULL without memory. */
struct loudness *loudness_new(void);
void loudness_free(struct loudness *l);

/* `frames` × 2 interleaved samples. What is no number counts as silence. */
void loudness_add(struct loudness *l, const float *samples, size_t frames);

/* Integrated loudness so far in LUFS, LOUDNESS_NONE when there is none. */
double loudness_measured(const struct loudness *l);

/* What brings sound of `lufs` to the target, in dB: at most LOUDNESS_GAIN_MAX, and less and less
 * below −50 LUFS, where there is only noise: nothing at −60 and below. */
double loudness_gain(double lufs);
