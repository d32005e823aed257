/* input/limiter.h: gain for stereo sound that lets no peak pass a ceiling, not even one between
 * samples (ITU-R BS.1770-4 annex 2). It looks ahead: the gain falls before a peak comes, so that
 * nothing is clipped. Sans-IO. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define LIMITER_WINDOW 256 /* samples of one channel; 5.3 ms at 48 kHz */
#define LIMITER_TAPS 12
#define LIMITER_DELAY (LIMITER_WINDOW + LIMITER_TAPS / 2 - 2) /* output is this much behind */

struct limiter {
    float gain, ceiling;
    float recent[2][LIMITER_TAPS];       /* the last samples of each channel, for the peak */
    float delayed[2][LIMITER_DELAY + 1]; /* ring */
    float wanted[LIMITER_WINDOW];        /* ring of the reduction each sample needs */
    float held[LIMITER_WINDOW];          /* ring of the reductions that are averaged */
    double held_sum;
    float lowest, last_held;
    size_t lowest_age, at, delayed_at, recent_at;
};

/* `gain` and `ceiling` are factors, not dB. */
void limiter_init(struct limiter *l, double gain, double ceiling);

/* Sound in place, `frames` × 2 interleaved samples. What comes out is LIMITER_DELAY frames late:
 * the first so many are silence. What is no number becomes silence. */
void limiter_run(struct limiter *l, float *samples, size_t frames);
