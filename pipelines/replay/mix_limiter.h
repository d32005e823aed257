/* replay/mix_limiter.h: keeps a mix below full scale without clipping: gain comes down smoothly
 * before a peak and goes up again after it. Each output depends on the 2 × MIX_LIMITER_REACH
 * samples around it alone, so that pieces that overlap by that much give the same (limiter.h, which
 * finds peaks between samples too, goes from start to end). */
#pragma once
#include <stddef.h>

#define MIX_LIMITER_STEP 120 /* samples that share a gain */
#define MIX_LIMITER_REACH (16 * MIX_LIMITER_STEP)
#define MIX_LIMITER_CEILING 0.89f /* −1 dBFS */

/* `frames` × `channels` interleaved, in place; `frames` a multiple of MIX_LIMITER_STEP. `gains` is
 * working memory for 2 × (frames / MIX_LIMITER_STEP + 1) numbers. */
void mix_limit(float *samples, size_t frames, unsigned channels, float *gains);
