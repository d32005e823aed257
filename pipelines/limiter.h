/* limiter.h: keeps a mix below full scale without clipping: gain comes down smoothly LIMITER_REACH
 * samples before a peak and goes up again after it. Each output depends on the 2 × LIMITER_REACH
 * samples around it alone, so that pieces that overlap by that much give the same. */
#pragma once
#include <stddef.h>

#define LIMITER_STEP 120 /* samples that share a gain */
#define LIMITER_REACH (16 * LIMITER_STEP)
#define LIMITER_CEILING 0.89f /* −1 dBFS */

/* `frames` × `channels` interleaved, in place; `frames` a multiple of LIMITER_STEP. `gains` is
 * working memory for 2 × (frames / LIMITER_STEP + 1) numbers. */
void limiter_apply(float *samples, size_t frames, unsigned channels, float *gains);
