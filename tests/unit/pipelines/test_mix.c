/* Voices lie where they were captured, whatever their clocks do; the mix does not clip. */
#include "harness.h"
#include "replay/mix_limiter.h"
#include "replay/voice.h"

#include <math.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/parlour-mix-XXXXXX";

/* A tone, `seconds` long; the publisher's clock is `drift` fast, and its first report comes after
 * `late` seconds, until when capture is told by arrival, 50 ms too late. */
static void make_track(double seconds, double drift, double late, unsigned skip_from,
                       unsigned skip_count) {
    const struct track_format format = {
        .kind = MEDIA_AUDIO, .codec = CODEC_OPUS, .clock_rate = 48000, .source = 1};
    uint8_t header[TRACK_HEADER_SIZE], rtp[1500] = {0x80, 111}, entry[TRACK_ENTRY_MAX];
    float samples[960];
    int error;
    OpusEncoder *e = opus_encoder_create(48000, 1, OPUS_APPLICATION_AUDIO, &error);
    FILE *f = fopen(path, "wb");
    track_header_write(header, &format);
    fwrite(header, 1, sizeof(header), f);
    for (unsigned i = 0; i < seconds * 50; i++) {
        for (unsigned k = 0; k < 960; k++) {
            samples[k] = 0.4f * (float)sin(2 * M_PI * 500 * (i * 960 + k) / 48000.0);
        }
        int n = opus_encode_float(e, samples, 960, rtp + 12, 1400);
        if (i >= skip_from && i < skip_from + skip_count) {
            continue;
        }
        double real = 10 + i * 0.02 / (1 + drift);
        bool exact = real - 10 >= late;
        /* The server's line to the publisher's clock keeps the least delay: it follows a clock that
         * is fast and lets a slow one fall behind. */
        double capture = (drift > 0 ? real : 10 + i * 0.02) + (exact ? 0 : 0.05);
        write_be16(rtp + 2, (uint16_t)i);
        write_be32(rtp + 4, 0xfffff000u + i * 960);
        struct track_packet p = {.capture = llround(capture * 1e6),
                                 .arrival = llround((real + 0.03 + (i % 7) * 0.002) * 1e6),
                                 .flags = exact ? TRACK_FLAG_EXACT : 0,
                                 .rtp = bytes_of(rtp, 12 + (size_t)n)};
        int size = track_entry_write((struct room){entry, sizeof(entry)}, &p);
        fwrite(entry, 1, (size_t)size, f);
    }
    fclose(f);
    opus_encoder_destroy(e);
}

static void scan(struct track_scan *t) {
    struct track_scan *all[] = {t};
    assert_int_equal(track_scan_file(path, 0, t), 0);
    track_scan_fit(all, 1);
}

static void a_drifting_clock_is_followed(void **state) {
    (void)state;
    const double drifts[] = {0, 100e-6, -100e-6, 300e-6};
    for (size_t i = 0; i < 4; i++) {
        struct track_scan t;
        make_track(120, drifts[i], 4, 0, 0);
        scan(&t);
        int64_t first = t.points[0].ticks;
        for (double s = 0; s < 120; s += 10) {
            int64_t place = voice_place(&t, 10e6, first + llround(s * 48000 * (1 + drifts[i])));
            assert_true(fabs((double)place / 48000 - s) < 0.012);
        }
        track_scan_clear(&t);
    }
}

static double level(const float *p, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)p[i] * p[i];
    }
    return sqrt(sum / (double)n);
}

static void pieces_are_the_whole(void **state) {
    (void)state;
    struct track_scan t;
    static float whole[48000 * 4], piece[48000];
    make_track(6, 200e-6, 0, 0, 0);
    scan(&t);
    memset(whole, 0, sizeof(whole));
    assert_int_equal(voice_render(&t, 10e6, 48000, 48000 * 5, 1, 1, whole), 0);
    for (unsigned i = 0; i < 4; i++) {
        memset(piece, 0, sizeof(piece));
        voice_render(&t, 10e6, 48000 * (i + 1), 48000 * (i + 2), 1, 1, piece);
        for (unsigned k = 0; k < 48000; k++) {
            piece[k] -= whole[48000 * i + k];
        }
        assert_true(level(piece, 48000) < 0.002);
    }
    assert_true(fabs(level(whole, 48000 * 4) - 0.4 / sqrt(2)) < 0.02);
    track_scan_clear(&t);
}

static void loss_is_concealed_and_silence_stays_silent(void **state) {
    (void)state;
    struct track_scan t;
    static float out[48000 * 4];
    make_track(4, 0, 0, 50, 2);
    scan(&t);
    memset(out, 0, sizeof(out));
    voice_render(&t, 10e6, 0, 48000 * 4, 1, 1, out);
    assert_true(level(out + 48000, 1920) > 0.1); /* 40 ms are filled */
    track_scan_clear(&t);
    make_track(4, 0, 0, 50, 50);
    scan(&t);
    memset(out, 0, sizeof(out));
    voice_render(&t, 10e6, 0, 48000 * 4, 1, 1, out);
    assert_true(level(out + 48000 + 9600, 24000) < 1e-6);     /* a second is not */
    assert_true(level(out + 48000 * 2 + 4800, 24000) > 0.25); /* and what follows is in its place */
    track_scan_clear(&t);
}

/* As a browser sends a microphone: noise of level `noise`, and from second 3 to 5 a humming voice.
 */
static void make_microphone(double seconds, double noise, float *ret_decoded) {
    const struct track_format format = {
        .kind = MEDIA_AUDIO, .codec = CODEC_OPUS, .clock_rate = 48000, .source = 1};
    uint8_t header[TRACK_HEADER_SIZE], rtp[1500] = {0x80, 111}, entry[TRACK_ENTRY_MAX];
    float samples[960];
    uint32_t random = 1;
    int error;
    OpusEncoder *e = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &error);
    OpusDecoder *d = opus_decoder_create(48000, 1, &error);
    opus_encoder_ctl(e, OPUS_SET_BITRATE(24000));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    FILE *f = fopen(path, "wb");
    track_header_write(header, &format);
    fwrite(header, 1, sizeof(header), f);
    for (unsigned i = 0; i < seconds * 50; i++) {
        for (unsigned k = 0; k < 960; k++) {
            double t = (i * 960 + k) / 48000.0, voice = 0;
            random = random * 1664525 + 1013904223;
            for (unsigned h = 1; h < 12 && t >= 3 && t < 5; h++) {
                voice +=
                    0.2 / h * sin(2 * M_PI * h * 140 * t) * (0.6 + 0.4 * sin(2 * M_PI * 4 * t));
            }
            samples[k] = (float)(voice + noise * ((double)random / 2147483648.0 - 1));
        }
        int n = opus_encode_float(e, samples, 960, rtp + 12, 1400);
        assert_int_equal(opus_decode_float(d, rtp + 12, n, ret_decoded + (size_t)i * 960, 960, 0),
                         960);
        write_be16(rtp + 2, (uint16_t)i);
        write_be32(rtp + 4, i * 960);
        struct track_packet p = {.capture = 10000000 + i * 20000,
                                 .arrival = 10030000 + i * 20000,
                                 .flags = TRACK_FLAG_EXACT,
                                 .rtp = bytes_of(rtp, 12 + (size_t)n)};
        int size = track_entry_write((struct room){entry, sizeof(entry)}, &p);
        fwrite(entry, 1, (size_t)size, f);
    }
    fclose(f);
    opus_encoder_destroy(e);
    opus_decoder_destroy(d);
}

static void who_listens_is_not_decoded(void **state) {
    (void)state;
    struct track_scan t;
    static float out[48000 * 12], decoded[48000 * 12];
    make_microphone(12, 0.0008, decoded);
    scan(&t);
    memset(out, 0, sizeof(out));
    assert_int_equal(voice_render(&t, 10e6, 0, 48000 * 12, 1, 1, out), 0);
    assert_true(level(decoded + 48000, 48000) > 1e-5);
    assert_true(level(out + 48000, 48000 * 19 / 10) == 0); /* until right before the voice, */
    for (unsigned i = 48000 * 3; i < 48000 * 5; i += 960) {
        float apart[960];
        for (unsigned k = 0; k < 960; k++) {
            apart[k] = out[i + k] - decoded[i + k];
        }
        assert_true(level(apart, 960) < 0.02 * level(decoded + i, 960) + 0.001); /* it is whole, */
    }
    assert_true(level(out + 48000 * 10, 48000 * 2) == 0); /* and quiet again */
    track_scan_clear(&t);
}

static void a_machine_is_heard_though_it_is_no_voice(void **state) {
    (void)state;
    struct track_scan t;
    static float out[48000 * 8], decoded[48000 * 8];
    make_microphone(8, 0.1, decoded);
    scan(&t);
    memset(out, 0, sizeof(out));
    assert_int_equal(voice_render(&t, 10e6, 0, 48000 * 8, 1, 1, out), 0);
    for (unsigned i = 48000; i < 48000 * 8; i += 4800) {
        assert_true(level(out + i, 4800) > 0.01);
    }
    track_scan_clear(&t);
}

static void the_limiter_holds_its_ceiling(void **state) {
    (void)state;
    static float a[48000], gains[2 * (48000 / MIX_LIMITER_STEP + 1)], b[24000];
    for (unsigned i = 0; i < 48000; i++) {
        double loud = i / 4800 % 3 == 1 ? 2.5 : 0.3;
        a[i] = (float)(loud * sin(i * 0.05));
    }
    memcpy(b, a + 12000, sizeof(b));
    mix_limit(a, 48000, 1, gains);
    mix_limit(b, 24000, 1, gains);
    for (unsigned i = 0; i < 48000; i++) {
        assert_true(fabsf(a[i]) <= MIX_LIMITER_CEILING + 1e-6f);
    }
    assert_true(level(a, 2000) > 0.2); /* what is soft stays */
    for (unsigned i = 2 * MIX_LIMITER_REACH; i < 24000 - 2 * MIX_LIMITER_REACH; i++) {
        assert_true(fabsf(b[i] - a[12000 + i]) < 1e-6f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_drifting_clock_is_followed),
        cmocka_unit_test(pieces_are_the_whole),
        cmocka_unit_test(loss_is_concealed_and_silence_stays_silent),
        cmocka_unit_test(who_listens_is_not_decoded),
        cmocka_unit_test(a_machine_is_heard_though_it_is_no_voice),
        cmocka_unit_test(the_limiter_holds_its_ceiling),
    };
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return r;
}
