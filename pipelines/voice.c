#include "voice.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>

#define PACKET_MAX 5760  /* samples: 120 ms */
#define CONCEAL_MAX 5760 /* of a gap; then silence */
#define CONCEAL_STEP 960
#define FADE 480 /* the end of what was concealed, before silence */
#define STRETCH_MAX 16

struct voice {
    OpusDecoder *decoder;
    const struct track_scan *track;
    double zero;
    int64_t from, to;
    unsigned channels;
    float gain;
    float *mix;
    int64_t expected; /* ticks of the next packet when none is missing; -1: none came yet */
    float samples[PACKET_MAX * 2];
};

int64_t voice_place(const struct track_scan *track, double zero, int64_t ticks) {
    return llround((track_scan_time(track, ticks) - zero) * (VOICE_RATE / 1e6));
}

static int64_t place(const struct voice *v, int64_t ticks) {
    return voice_place(v->track, v->zero, ticks);
}

/* Adds `n` samples, stretched to lie from `at` to `end`. */
static void add(struct voice *v, size_t n, int64_t at, int64_t end) {
    int64_t room = end - at, apart = room - (int64_t)n;
    if (n == 0 || room <= 0 || apart > STRETCH_MAX || apart < -STRETCH_MAX) {
        room = (int64_t)n; /* a step in time, not drift */
    }
    int64_t first = at < v->from ? v->from - at : 0;
    int64_t last = at + room > v->to ? v->to - at : room;
    double step = room > 1 ? (double)(n - 1) / (double)(room - 1) : 0;
    for (int64_t i = first; i < last; i++) {
        double x = (double)i * step;
        size_t k = (size_t)x;
        float part = (float)(x - (double)k);
        size_t next = k + 1 < n ? k + 1 : k;
        for (unsigned c = 0; c < v->channels; c++) {
            float a = v->samples[k * v->channels + c], b = v->samples[next * v->channels + c];
            v->mix[(at + i - v->from) * v->channels + c] += v->gain * (a + (b - a) * part);
        }
    }
}

static void fade_out(struct voice *v, size_t n) {
    for (size_t i = 0; i < FADE && i < n; i++) {
        for (unsigned c = 0; c < v->channels; c++) {
            v->samples[(n - 1 - i) * v->channels + c] *= (float)i / FADE;
        }
    }
}

/* What is missing before the packet at `ticks`, which holds `size` samples. */
static void conceal(struct voice *v, struct bytes packet, int64_t ticks, int size) {
    int64_t gap = ticks - v->expected;
    bool silence = gap > CONCEAL_MAX;
    int64_t left = silence ? CONCEAL_MAX : gap;
    for (int64_t at = v->expected; left > 0;) {
        int64_t n = left < CONCEAL_STEP ? left : CONCEAL_STEP;
        bool last = left == n, repair = last && !silence && n == size;
        /* Concealment goes in steps of 2.5 ms. */
        int r = n % 120 != 0 ? 0
                : repair ? opus_decode_float(v->decoder, packet.p, (opus_int32)packet.n, v->samples,
                                             (int)n, 1)
                         : opus_decode_float(v->decoder, NULL, 0, v->samples, (int)n, 0);
        if (r > 0) {
            if (last && silence) {
                fade_out(v, (size_t)r);
            }
            add(v, (size_t)r, place(v, at), place(v, at + n));
        }
        at += n;
        left -= n;
    }
}

static void take(struct voice *v, struct bytes packet, int64_t ticks) {
    int size = opus_packet_get_nb_samples(packet.p, (opus_int32)packet.n, VOICE_RATE);
    if (size <= 0 || size > PACKET_MAX || (v->expected >= 0 && ticks < v->expected)) {
        return;
    }
    if (v->expected >= 0 && ticks > v->expected) {
        conceal(v, packet, ticks, size);
    }
    int n =
        opus_decode_float(v->decoder, packet.p, (opus_int32)packet.n, v->samples, PACKET_MAX, 0);
    if (n > 0) {
        add(v, (size_t)n, place(v, ticks), place(v, ticks + n));
    }
    v->expected = ticks + size;
}

int voice_render(const struct track_scan *track, double zero, int64_t from, int64_t to,
                 unsigned channels, float gain, float *mix) {
    struct voice v = {.track = track,
                      .zero = zero,
                      .from = from,
                      .to = to,
                      .channels = channels,
                      .gain = gain,
                      .mix = mix,
                      .expected = -1};
    if (place(&v, track->end) <= from || place(&v, track->points[0].ticks) >= to) {
        return 0;
    }
    const struct track_point *start = &track->points[track_scan_find(
        track, zero + (double)(from - VOICE_LEAD) / VOICE_RATE * 1e6)];
    struct track_walk walk;
    struct rtp_header rtp;
    int64_t ticks, lead = from - VOICE_LEAD;
    int r = track_walk_start(&walk, track, start->offset, start->ticks);
    if (r < 0) {
        return r;
    }
    v.decoder = opus_decoder_create(VOICE_RATE, (int)channels, &r);
    if (!v.decoder) {
        track_walk_clear(&walk);
        return -ENOMEM;
    }
    while (track_walk_next(&walk, &rtp, &ticks, NULL) > 0) {
        int64_t at = place(&v, ticks);
        if (at >= to) {
            /* What is missing before it may still be heard. */
            if (v.expected >= 0 && ticks > v.expected && place(&v, v.expected) < to) {
                conceal(&v, rtp.payload, ticks, 0);
            }
            break;
        }
        if (at >= lead - PACKET_MAX) {
            take(&v, rtp.payload, ticks);
        }
    }
    opus_decoder_destroy(v.decoder);
    track_walk_clear(&walk);
    return 0;
}
