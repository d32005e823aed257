#include "input/loudness.h"

#include <ebur128.h>
#include <math.h>
#include <stdlib.h>

#define NOISE (-50.0)
#define SILENCE (-60.0)
#define CHUNK 1024

struct loudness {
    ebur128_state *state;
};

struct loudness *loudness_new(void) {
    struct loudness *l = calloc(1, sizeof(*l));
    /* the histogram keeps memory constant however long it lasts */
    if (l && !(l->state = ebur128_init(2, 48000, EBUR128_MODE_I | EBUR128_MODE_HISTOGRAM))) {
        free(l);
        l = NULL;
    }
    return l;
}

void loudness_free(struct loudness *l) {
    if (l) {
        ebur128_destroy(&l->state);
        free(l);
    }
}

void loudness_add(struct loudness *l, const float *samples, size_t frames) {
    float clean[CHUNK * 2];
    while (frames > 0) {
        size_t n = frames < CHUNK ? frames : CHUNK;
        for (size_t i = 0; i < 2 * n; i++) {
            clean[i] = isfinite(samples[i]) ? samples[i] : 0;
        }
        ebur128_add_frames_float(l->state, clean, n);
        samples += 2 * n;
        frames -= n;
    }
}

double loudness_measured(const struct loudness *l) {
    double lufs;
    if (ebur128_loudness_global(l->state, &lufs) != EBUR128_SUCCESS || !isfinite(lufs) ||
        lufs < LOUDNESS_NONE) {
        return LOUDNESS_NONE;
    }
    return lufs;
}

double loudness_gain(double lufs) {
    double most = LOUDNESS_GAIN_MAX;
    if (lufs < NOISE) {
        most = lufs > SILENCE ? most * (lufs - SILENCE) / (NOISE - SILENCE) : 0;
    }
    return fmin(LOUDNESS_TARGET - lufs, most);
}
