#include "input/limiter.h"

#include <math.h>
#include <string.h>

#define RELEASE 0.0003f /* of the way back to 1, each sample: 70 ms at 48 kHz */
#define NEAR 0.5f       /* below this share of the ceiling no peak between samples can pass it */

/* ITU-R BS.1770-4 annex 2: the filter that makes four samples of one; phases 1 to 3 (0 adds little
 * to the sample itself). */
static const float phases[4][LIMITER_TAPS] = {
    {0.0017089843750f, 0.0109863281250f, -0.0196533203125f, 0.0332031250000f, -0.0594482421875f,
     0.1373291015625f, 0.9721679687500f, -0.1022949218750f, 0.0476074218750f, -0.0266113281250f,
     0.0148925781250f, -0.0083007812500f},
    {-0.0291748046875f, 0.0292968750000f, -0.0517578125000f, 0.0891113281250f, -0.1665039062500f,
     0.4650878906250f, 0.7797851562500f, -0.2003173828125f, 0.1015625000000f, -0.0582275390625f,
     0.0330810546875f, -0.0189208984375f},
    {-0.0189208984375f, 0.0330810546875f, -0.0582275390625f, 0.1015625000000f, -0.2003173828125f,
     0.7797851562500f, 0.4650878906250f, -0.1665039062500f, 0.0891113281250f, -0.0517578125000f,
     0.0292968750000f, -0.0291748046875f},
    {-0.0083007812500f, 0.0148925781250f, -0.0266113281250f, 0.0476074218750f, -0.1022949218750f,
     0.9721679687500f, 0.1373291015625f, -0.0594482421875f, 0.0332031250000f, -0.0196533203125f,
     0.0109863281250f, 0.0017089843750f},
};

void limiter_init(struct limiter *l, double gain, double ceiling) {
    memset(l, 0, sizeof(*l));
    l->gain = (float)gain;
    l->ceiling = (float)ceiling;
    for (size_t i = 0; i < LIMITER_WINDOW; i++) {
        l->wanted[i] = l->held[i] = 1;
    }
    l->held_sum = LIMITER_WINDOW;
    l->lowest = l->last_held = 1;
}

/* The largest value around the middle of the last samples, also between them. */
static float peak_of(const struct limiter *l, const float *recent) {
    float peak = 0;
    for (size_t i = 0; i < LIMITER_TAPS; i++) {
        peak = fmaxf(peak, fabsf(recent[i]));
    }
    if (peak < l->ceiling * NEAR) {
        return peak;
    }
    peak = fabsf(recent[(l->recent_at + LIMITER_TAPS / 2) % LIMITER_TAPS]);
    for (size_t phase = 0; phase < 4; phase++) {
        float sum = 0;
        for (size_t i = 0; i < LIMITER_TAPS; i++) {
            sum += phases[phase][i] * recent[(l->recent_at + i) % LIMITER_TAPS];
        }
        peak = fmaxf(peak, fabsf(sum));
    }
    return peak;
}

/* Smallest of the last LIMITER_WINDOW reductions. */
static float lowest_wanted(struct limiter *l, float now) {
    l->wanted[l->at] = now;
    l->lowest_age++;
    if (now <= l->lowest) {
        l->lowest = now;
        l->lowest_age = 0;
    } else if (l->lowest_age >= LIMITER_WINDOW) {
        l->lowest = 2;
        for (size_t i = 1; i <= LIMITER_WINDOW; i++) { /* oldest first */
            size_t k = (l->at + i) % LIMITER_WINDOW;
            if (l->wanted[k] <= l->lowest) {
                l->lowest = l->wanted[k];
                l->lowest_age = LIMITER_WINDOW - i;
            }
        }
    }
    return l->lowest;
}

/* The reduction falls to the lowest at once and rises slowly; its average over the window falls
 * evenly and has arrived when the peak itself comes out. */
static float reduction(struct limiter *l, float peak) {
    float lowest = lowest_wanted(l, peak > l->ceiling ? l->ceiling / peak : 1);
    float risen = l->last_held + (1 - l->last_held) * RELEASE;
    float held = fminf(lowest, risen);
    l->held_sum += (double)held - (double)l->held[l->at];
    l->held[l->at] = held;
    l->last_held = held;
    l->at = (l->at + 1) % LIMITER_WINDOW;
    return (float)(l->held_sum / LIMITER_WINDOW);
}

void limiter_run(struct limiter *l, float *samples, size_t frames) {
    for (size_t i = 0; i < frames; i++) {
        float peak = 0;
        l->delayed_at = (l->delayed_at + 1) % (LIMITER_DELAY + 1);
        for (size_t c = 0; c < 2; c++) {
            float in = samples[2 * i + c] * l->gain;
            in = isfinite(in) ? in : 0;
            l->recent[c][l->recent_at] = in;
            l->delayed[c][l->delayed_at] = in;
        }
        l->recent_at = (l->recent_at + 1) % LIMITER_TAPS;
        for (size_t c = 0; c < 2; c++) {
            peak = fmaxf(peak, peak_of(l, l->recent[c]));
        }
        float factor = reduction(l, peak);
        size_t oldest = (l->delayed_at + 1) % (LIMITER_DELAY + 1);
        for (size_t c = 0; c < 2; c++) {
            samples[2 * i + c] = l->delayed[c][oldest] * factor;
        }
    }
}
