#include "replay/mix_limiter.h"

#include <math.h>

#define REACH (MIX_LIMITER_REACH / MIX_LIMITER_STEP)

static float needed_gain(const float *samples, size_t n) {
    float peak = 0;
    for (size_t i = 0; i < n; i++) {
        float v = fabsf(samples[i]);
        peak = v > peak ? v : peak;
    }
    return peak > MIX_LIMITER_CEILING ? MIX_LIMITER_CEILING / peak : 1;
}

/* Over the steps from i − REACH to i + REACH. */
static float least(const float *g, size_t count, size_t i) {
    float v = 1;
    for (size_t k = i > REACH ? i - REACH : 0; k <= i + REACH && k < count; k++) {
        v = g[k] < v ? g[k] : v;
    }
    return v;
}

static float average(const float *g, size_t count, size_t i) {
    float sum = 0;
    size_t n = 0;
    for (size_t k = i > REACH ? i - REACH : 0; k <= i + REACH && k < count; k++, n++) {
        sum += g[k];
    }
    return n > 0 ? sum / (float)n : 1;
}

/* The least over the reach, averaged over the reach: every term has the peak in its reach, so the
 * average is low enough for it; and between two steps the lower one counts. */
void mix_limit(float *samples, size_t frames, unsigned channels, float *gains) {
    size_t count = frames / MIX_LIMITER_STEP, step = (size_t)MIX_LIMITER_STEP * channels;
    float *low = gains + count + 1;
    float loudest = 1;
    for (size_t i = 0; i < count; i++) {
        gains[i] = needed_gain(samples + i * step, step);
        loudest = gains[i] < loudest ? gains[i] : loudest;
    }
    if (loudest >= 1) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        low[i] = least(gains, count, i);
    }
    for (size_t i = 0; i < count; i++) {
        gains[i] = average(low, count, i);
    }
    /* Linear between the middles of edges: at the edge of two steps the lower of both. */
    for (size_t i = 0; i < count; i++) {
        float here = gains[i];
        float before = i > 0 && gains[i - 1] < here ? gains[i - 1] : here;
        float after = i + 1 < count && gains[i + 1] < here ? gains[i + 1] : here;
        for (size_t k = 0; k < MIX_LIMITER_STEP; k++) {
            float x = (float)k / MIX_LIMITER_STEP;
            float gain =
                x < 0.5f ? before + (here - before) * 2 * x : here + (after - here) * (2 * x - 1);
            for (unsigned c = 0; c < channels; c++) {
                samples[i * step + k * channels + c] *= gain;
            }
        }
    }
}
