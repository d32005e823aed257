#include "replay/voice.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>

#define PACKET_MAX 5760  /* samples: 120 ms */
#define CONCEAL_MAX 5760 /* of a gap; then silence */
#define CONCEAL_STEP 960
#define FADE 480 /* the end of what was concealed, before silence */
#define STRETCH_MAX 16
#define CALM_BEFORE                                                                                \
    (VOICE_RATE / 5)          /* quiet for so long: it is not decoded any more; < VOICE_LEAD */
#define CALM_CHECK VOICE_RATE /* how often it is listened to all the same */
#define CALM_LEVEL 0.003f     /* RMS behind the gain: −50 dBFS */
#define CALM_BYTES 3          /* packets that hold nothing: DTX, digital silence */
#define HELD 3
#define HELD_BYTES 320

struct held { /* a packet that was not decoded */
    int64_t ticks;
    size_t n;
    uint8_t packet[HELD_BYTES];
};

struct voice {
    OpusDecoder *decoder;
    const struct track_scan *track;
    double zero;
    int64_t from, to;
    unsigned channels, own; /* of the mix, of the track */
    float gain;
    float *mix;
    int64_t expected; /* ticks of the next packet when none is missing; -1: none came yet */
    int64_t calm;     /* ticks for which it has been quiet */
    bool asleep;
    int64_t check; /* asleep: ticks of the next look at what comes */
    size_t usual;  /* asleep: bytes of a packet that need no look */
    size_t held_count;
    struct held held[HELD]; /* the newest, in order */
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
    bool as_is = room == (int64_t)n && v->own == v->channels;
    double step = room > 1 ? (double)(n - 1) / (double)(room - 1) : 0;
    float *mix = v->mix + (at - v->from) * v->channels;
    for (int64_t k = first * v->own; as_is && k < last * v->own; k++) {
        mix[k] += v->gain * v->samples[k];
    }
    for (int64_t i = first; !as_is && i < last; i++) {
        double x = (double)i * step;
        size_t k = (size_t)x;
        float part = (float)(x - (double)k);
        size_t next = k + 1 < n ? k + 1 : k;
        for (unsigned c = 0; c < v->channels; c++) {
            unsigned side = c < v->own ? c : 0;
            float a = v->samples[k * v->own + side], b = v->samples[next * v->own + side];
            mix[i * v->channels + c] += v->gain * (a + (b - a) * part);
        }
    }
}

static void fade_out(struct voice *v, size_t n) {
    for (size_t i = 0; i < FADE && i < n; i++) {
        for (unsigned c = 0; c < v->own; c++) {
            v->samples[(n - 1 - i) * v->own + c] *= (float)i / FADE;
        }
    }
}

static void fade_in(struct voice *v, size_t n) {
    for (size_t i = 0; i < FADE && i < n; i++) {
        for (unsigned c = 0; c < v->own; c++) {
            v->samples[i * v->own + c] *= (float)i / FADE;
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

/* Whether the encoder heard no voice in it: the flags at the start of each SILK frame (RFC 6716
 * §4.2.3: voice activity, then whether the frame before is repeated), of every channel, are 0. */
static bool no_voice(struct bytes packet) {
    static const int silk_frames[] = {1, 1, 2, 3};
    const unsigned char *frames[48];
    opus_int16 sizes[48];
    unsigned char toc;
    if (packet.n <= CALM_BYTES) {
        return true;
    }
    int config = packet.p[0] >> 3;
    int silk = config < 12 ? silk_frames[config & 3] : config < 16 ? 1 : 0;
    int flags = (silk + 1) * (packet.p[0] & 4 ? 2 : 1);
    int count = opus_packet_parse(packet.p, (opus_int32)packet.n, &toc, frames, sizes, NULL);
    bool voice = silk == 0 || count <= 0;
    for (int i = 0; i < count && !voice; i++) {
        voice = sizes[i] > 0 && frames[i][0] >> (8 - flags) != 0;
    }
    return !voice;
}

static bool quiet(const struct voice *v, size_t n) {
    float sum = 0;
    for (size_t i = 0; i < n * v->own; i++) {
        sum += v->samples[i] * v->samples[i];
    }
    float most = CALM_LEVEL / v->gain;
    return sum < most * most * (float)(n * v->own);
}

static size_t decode(struct voice *v, struct bytes packet) {
    int n =
        opus_decode_float(v->decoder, packet.p, (opus_int32)packet.n, v->samples, PACKET_MAX, 0);
    return n > 0 ? (size_t)n : 0;
}

static void hold(struct voice *v, struct bytes packet, int64_t ticks) {
    if (v->held_count == HELD) {
        memmove(&v->held[0], &v->held[1], (HELD - 1) * sizeof(v->held[0]));
        v->held_count--;
    }
    struct held *h = &v->held[v->held_count++];
    h->ticks = ticks;
    h->n = packet.n;
    memcpy(h->packet, packet.p, packet.n);
}

/* What came right before the voice: the first of it for the decoder's memory alone. */
static void wake(struct voice *v) {
    for (size_t i = 0; i < v->held_count; i++) {
        size_t n = decode(v, bytes_of(v->held[i].packet, v->held[i].n));
        int64_t at = v->held[i].ticks;
        if (n > 0 && (i > 0 || v->held_count == 1)) {
            if (i <= 1) {
                fade_in(v, n);
            }
            add(v, n, place(v, at), place(v, at + (int64_t)n));
        }
    }
    v->held_count = 0;
    v->calm = 0;
    v->asleep = false;
}

/* Asleep: most of a call is somebody who listens. True when the packet needs no more. */
static bool sleep_on(struct voice *v, struct bytes packet, int64_t ticks, bool calm) {
    if (calm && ticks < v->check && packet.n <= v->usual) {
        hold(v, packet, ticks);
        return true;
    }
    if (!calm) {
        wake(v);
        return false;
    }
    size_t n = decode(v, packet);
    v->held_count = 0;
    v->check = ticks + CALM_CHECK;
    v->asleep = quiet(v, n);
    if (!v->asleep) {
        v->calm = 0;
        fade_in(v, n);
        add(v, n, place(v, ticks), place(v, ticks + (int64_t)n));
    }
    return true;
}

static void fall_asleep(struct voice *v, struct bytes packet, int64_t ticks, size_t n) {
    size_t usual = packet.n * 2;
    fade_out(v, n);
    v->asleep = true;
    v->check = ticks + CALM_CHECK;
    v->usual = usual < HELD_BYTES ? usual : HELD_BYTES;
    v->held_count = 0;
}

static void take(struct voice *v, struct bytes packet, int64_t ticks) {
    int size = opus_packet_get_nb_samples(packet.p, (opus_int32)packet.n, VOICE_RATE);
    if (size <= 0 || size > PACKET_MAX || (v->expected >= 0 && ticks < v->expected)) {
        return;
    }
    bool gap = v->expected >= 0 && ticks > v->expected, calm = no_voice(packet);
    if (gap && v->asleep) {
        v->held_count = 0;
    } else if (gap) {
        conceal(v, packet, ticks, size);
    }
    v->expected = ticks + size;
    if (v->asleep && sleep_on(v, packet, ticks, calm)) {
        return;
    }
    size_t n = decode(v, packet);
    v->calm = calm && quiet(v, n) ? v->calm + size : 0;
    if (v->calm >= CALM_BEFORE) {
        fall_asleep(v, packet, ticks, n);
    }
    add(v, n, place(v, ticks), place(v, ticks + (int64_t)n));
}

int voice_render(const struct track_scan *track, double zero, int64_t from, int64_t to,
                 unsigned channels, float gain, float *mix) {
    struct voice v = {.track = track,
                      .zero = zero,
                      .from = from,
                      .to = to,
                      .channels = channels,
                      .own = channels == 2 && track->stereo ? 2 : 1,
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
    v.decoder = opus_decoder_create(VOICE_RATE, (int)v.own, &r);
    if (!v.decoder) {
        track_walk_clear(&walk);
        return -ENOMEM;
    }
    while (track_walk_next(&walk, &rtp, &ticks, NULL) > 0) {
        int64_t at = place(&v, ticks);
        if (at >= to) {
            /* What is missing before it may still be heard. */
            if (!v.asleep && v.expected >= 0 && ticks > v.expected && place(&v, v.expected) < to) {
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
