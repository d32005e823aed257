/* The gain is applied, and no peak passes the ceiling, not even one between samples. */
#include "harness.h"
#include "input/limiter.h"
#include "input/loudness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 48000

/* The highest value of a finely drawn curve through the samples (windowed sinc). */
static double true_peak(const float *s, size_t frames) {
    double peak = 0;
    for (size_t i = 16; i + 16 < frames; i++) {
        for (int part = 0; part < 8; part++) {
            double sum = 0;
            for (int k = -15; k <= 16; k++) {
                double x = part / 8.0 - k;
                double sinc = x == 0 ? 1 : sin(M_PI * x) / (M_PI * x);
                sum += (double)s[2 * ((size_t)((long)i + k))] * sinc * cos(M_PI * x / 33);
            }
            peak = fmax(peak, fabs(sum));
        }
    }
    return peak;
}

static void quiet_sound_only_gains(void **state) {
    (void)state;
    float *s = calloc(FRAMES * 2, sizeof(*s)), *before = calloc(FRAMES * 2, sizeof(*s));
    struct limiter l;
    for (size_t i = 0; i < FRAMES; i++) {
        before[2 * i] = (float)(0.1 * sin((double)i * 0.05));
        before[2 * i + 1] = (float)(0.05 * sin((double)i * 0.11));
    }
    memcpy(s, before, FRAMES * 2 * sizeof(*s));
    limiter_init(&l, 3, 0.79);
    limiter_run(&l, s, 1000); /* in parts, as buffers come */
    limiter_run(&l, s + 2000, FRAMES - 1000);
    for (size_t i = 0; i < LIMITER_DELAY * 2; i++) {
        assert_true(s[i] == 0);
    }
    for (size_t i = 0; i < (FRAMES - LIMITER_DELAY) * 2; i++) {
        assert_true(fabsf(s[i + LIMITER_DELAY * 2] - 3 * before[i]) < 1e-5f);
    }
    free(s);
    free(before);
}

static void no_peak_passes_the_ceiling(void **state) {
    (void)state;
    float *s = calloc(FRAMES * 2, sizeof(*s));
    struct limiter l;
    double noise = 0;
    srand(7);
    for (size_t i = 0; i < FRAMES; i++) {
        /* a quarter of the sample rate with its peaks between samples; clicks; bursts of noise */
        double v = i < 12000 ? 0.7 * sin(M_PI * (double)i / 2 + M_PI / 4) : 0;
        v = i >= 12000 && i < 24000 && i % 3000 == 0 ? 0.9 : v;
        noise = 0.5 * noise + 0.5 * ((double)rand() / RAND_MAX - 0.5); /* little near 24 kHz */
        v = i >= 24000 && i / 2000 % 2 ? noise : v;
        s[2 * i] = (float)v;
        s[2 * i + 1] = (float)(i >= 36000 ? 0.5 * sin((double)i * 0.3) : 0);
    }
    limiter_init(&l, 8, 0.7943);
    limiter_run(&l, s, FRAMES);
    for (size_t i = 0; i < FRAMES * 2; i++) {
        assert_true(fabsf(s[i]) <= 0.795f);
    }
    double peak = true_peak(s, FRAMES);
    assert_true(peak > 0.6);
    assert_true(20 * log10(peak) < -1); /* asked for was -2; near 24 kHz the filter sees less */
    free(s);
}

static void rubbish_becomes_silence(void **state) {
    (void)state;
    float s[2 * 2000];
    struct limiter l;
    for (size_t i = 0; i < 4000; i++) {
        s[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : 0.1f;
    }
    limiter_init(&l, 1, 0.8);
    limiter_run(&l, s, 2000);
    for (size_t i = 0; i < 4000; i++) {
        assert_true(isfinite(s[i]));
    }
}

static void loudness_is_measured_and_noise_left_alone(void **state) {
    (void)state;
    float *s = calloc(FRAMES * 2, sizeof(*s));
    struct loudness *l = loudness_new();
    assert_true(loudness_measured(l) == LOUDNESS_NONE);
    for (size_t i = 0; i < FRAMES; i++) {
        s[2 * i] = s[2 * i + 1] = (float)(0.1 * sin(2 * M_PI * 1000 * (double)i / 48000));
    }
    for (int i = 0; i < 3; i++) {
        loudness_add(l, s, FRAMES);
    }
    assert_true(fabs(loudness_measured(l) + 20) <
                0.1); /* EBU Tech 3341: 1 kHz at −20 dBFS in both */
    loudness_free(l);
    free(s);
    assert_true(fabs(loudness_gain(-23) - 7) < 1e-9);
    assert_true(fabs(loudness_gain(-6) + 10) < 1e-9);
    assert_true(fabs(loudness_gain(-45) - LOUDNESS_GAIN_MAX) < 1e-9);
    assert_true(fabs(loudness_gain(-55) - LOUDNESS_GAIN_MAX / 2) < 1e-9);
    assert_true(loudness_gain(-60) == 0);
    assert_true(loudness_gain(LOUDNESS_NONE) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quiet_sound_only_gains),
        cmocka_unit_test(no_peak_passes_the_ceiling),
        cmocka_unit_test(rubbish_becomes_silence),
        cmocka_unit_test(loudness_is_measured_and_noise_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
