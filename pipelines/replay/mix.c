#include "replay/mix.h"

#include "input/loudness.h"
#include "replay/mix_limiter.h"

#include <errno.h>
#include <math.h>
#include <opus/opus.h>
#include <pthread.h>
#include <stdlib.h>

#define THREADS_MAX 8
#define SLOTS (THREADS_MAX + 2)
#define AROUND (2 * MIX_LIMITER_REACH) /* rendered before and after a piece */
#define WARM 10                        /* frames that an encoder gets before its piece */
#define PACKET_ROOM 640
#define MEASURES 24 /* pieces of a speaker that are listened to */
#define MEASURE_LENGTH ((int64_t)10 * VOICE_RATE)

struct piece {
    bool ready;
    size_t frames;
    uint16_t sizes[MIX_PIECE / MIX_FRAME];
    uint8_t packets[MIX_PIECE / MIX_FRAME][PACKET_ROOM];
};

struct work {
    struct mix *mix;
    size_t pieces, next, written; /* next: to be rendered */
    int error;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct piece slots[SLOTS];
};

/* The mix from `from` to `to`, limited. */
static int render(const struct mix *m, int64_t from, int64_t to, float *samples, float *gains) {
    size_t frames = (size_t)(to - from);
    memset(samples, 0, frames * m->channels * sizeof(float));
    for (size_t i = 0; i < m->count; i++) {
        const struct mix_voice *v = &m->voices[i];
        int r = voice_render(v->track, m->zero, from, to, m->channels, v->gain, samples);
        if (r < 0) {
            return r;
        }
    }
    mix_limit(samples, frames, m->channels, gains);
    return 0;
}

static OpusEncoder *new_encoder(unsigned channels) {
    int error;
    /* This mode alone has no memory beyond the frame before when prediction is off, which lets
     * pieces join; at this bit rate the others would not be chosen anyway. */
    OpusEncoder *e = opus_encoder_create(VOICE_RATE, (int)channels,
                                         OPUS_APPLICATION_RESTRICTED_LOWDELAY, &error);
    if (e) {
        opus_encoder_ctl(e, OPUS_SET_BITRATE(MIX_BITRATE));
        opus_encoder_ctl(e, OPUS_SET_VBR(1));
        opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(5));
    }
    return e;
}

static int encode(const struct mix *m, const float *samples, struct piece *piece) {
    OpusEncoder *e = new_encoder(m->channels);
    uint8_t packet[PACKET_ROOM];
    if (!e) {
        return -ENOMEM;
    }
    int n = 0;
    for (size_t i = 0; i < WARM + piece->frames && n >= 0; i++) {
        opus_encoder_ctl(e, OPUS_SET_PREDICTION_DISABLED(i == WARM));
        bool kept = i >= WARM;
        n = opus_encode_float(e, samples + i * MIX_FRAME * m->channels, MIX_FRAME,
                              kept ? piece->packets[i - WARM] : packet, PACKET_ROOM);
        if (kept) {
            piece->sizes[i - WARM] = (uint16_t)(n > 0 ? n : 0);
        }
    }
    opus_encoder_destroy(e);
    return n < 0 ? -EIO : 0;
}

/* Samples that an encoder holds back: they are given to it that much earlier. */
static int64_t look_ahead(const struct mix *m) {
    opus_int32 n = 0;
    OpusEncoder *e = new_encoder(m->channels);
    if (e) {
        opus_encoder_ctl(e, OPUS_GET_LOOKAHEAD(&n));
        opus_encoder_destroy(e);
    }
    return n;
}

static int make_piece(const struct mix *m, size_t index, int64_t ahead, float *samples,
                      float *gains, struct piece *ret) {
    int64_t left = m->length - (int64_t)index * MIX_PIECE;
    ret->frames = (size_t)((left < MIX_PIECE ? left : MIX_PIECE) / MIX_FRAME);
    int64_t start = (int64_t)index * MIX_PIECE + ahead - WARM * MIX_FRAME;
    /* On one grid for all pieces, so that they agree where they overlap. */
    int64_t from = start - AROUND -
                   (((start - AROUND) % MIX_LIMITER_STEP) + MIX_LIMITER_STEP) % MIX_LIMITER_STEP;
    int64_t to = from + ((start - from + (int64_t)(WARM + ret->frames) * MIX_FRAME + AROUND) /
                             MIX_LIMITER_STEP +
                         1) *
                            MIX_LIMITER_STEP;
    int r = render(m, from, to, samples, gains);
    return r < 0 ? r : encode(m, samples + (start - from) * m->channels, ret);
}

#define RENDER_MAX (MIX_PIECE + WARM * MIX_FRAME + 2 * AROUND + 4 * MIX_LIMITER_STEP)

static void fail(struct work *w, int error) {
    pthread_mutex_lock(&w->lock);
    w->error = w->error < 0 ? w->error : error;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* The next piece to render once there is room for it; false at the end. */
static bool next_piece(struct work *w, size_t *ret) {
    pthread_mutex_lock(&w->lock);
    while (w->error == 0 && w->next < w->pieces && w->next >= w->written + SLOTS) {
        pthread_cond_wait(&w->changed, &w->lock);
    }
    bool more = w->error == 0 && w->next < w->pieces;
    *ret = w->next;
    w->next += more ? 1 : 0;
    pthread_mutex_unlock(&w->lock);
    return more;
}

static void *worker(void *data) {
    struct work *w = data;
    struct mix *m = w->mix;
    float *samples = reallocarray(NULL, RENDER_MAX * m->channels, sizeof(float));
    float *gains = reallocarray(NULL, 2 * (RENDER_MAX / MIX_LIMITER_STEP + 1), sizeof(float));
    int64_t ahead = look_ahead(m);
    size_t i;
    if (!samples || !gains) {
        fail(w, -ENOMEM);
    }
    while (next_piece(w, &i)) {
        struct piece *piece = &w->slots[i % SLOTS];
        int r = make_piece(m, i, ahead, samples, gains, piece);
        if (r < 0) {
            fail(w, r);
            break;
        }
        pthread_mutex_lock(&w->lock);
        piece->ready = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
    }
    free(samples);
    free(gains);
    return NULL;
}

static int write_piece(struct rung_writer *out, struct packetiser *cut, const struct piece *p,
                       size_t index) {
    for (size_t i = 0; i < p->frames; i++) {
        int r = packetiser_frame(cut, bytes_of(p->packets[i], p->sizes[i]));
        r = r < 0
                ? r
                : rung_writer_add(out, cut, (uint64_t)index * MIX_PIECE + (uint64_t)i * MIX_FRAME);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int write_all(struct work *w, struct rung_writer *out) {
    struct packetiser cut;
    int r = 0;
    packetiser_init(&cut, CODEC_OPUS, 0);
    for (size_t i = 0; i < w->pieces && r == 0; i++) {
        struct piece *piece = &w->slots[i % SLOTS];
        pthread_mutex_lock(&w->lock);
        while (w->error == 0 && !piece->ready) {
            pthread_cond_wait(&w->changed, &w->lock);
        }
        r = w->error;
        pthread_mutex_unlock(&w->lock);
        r = r < 0 ? r : write_piece(out, &cut, piece, i);
        r = r == 0 && w->mix->stop && atomic_load(w->mix->stop) ? -ECANCELED : r;
        pthread_mutex_lock(&w->lock);
        piece->ready = false;
        w->written = i + 1;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        if (w->mix->progress) {
            w->mix->progress(w->mix->ctx, (double)(i + 1) / (double)w->pieces);
        }
    }
    packetiser_clear(&cut);
    if (r < 0) {
        fail(w, r);
    }
    return r;
}

int mix_write(struct mix *m, struct rung_writer *out) {
    struct work *w = calloc(1, sizeof(*w));
    pthread_t threads[THREADS_MAX];
    unsigned count = 0, want = m->threads < THREADS_MAX ? m->threads : THREADS_MAX;
    if (!w) {
        return -ENOMEM;
    }
    w->mix = m;
    w->pieces = (size_t)((m->length + MIX_PIECE - 1) / MIX_PIECE);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    while (count < want && pthread_create(&threads[count], NULL, worker, w) == 0) {
        count++;
    }
    int r = count > 0 ? write_all(w, out) : -EAGAIN;
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    free(w);
    return r;
}

struct measuring {
    struct mix *mix;
    size_t speakers;
    atomic_size_t next;
    atomic_int error;
};

/* Where a speaker's tracks begin and end. */
static void find_span(const struct mix *m, size_t speaker, int64_t *ret_from, int64_t *ret_to) {
    int64_t from = INT64_MAX, to = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct track_scan *t = m->voices[i].track;
        if (m->voices[i].speaker == speaker) {
            int64_t first = voice_place(t, m->zero, t->points[0].ticks);
            int64_t last = voice_place(t, m->zero, t->end);
            from = first < from ? first : from;
            to = last > to ? last : to;
        }
    }
    *ret_from = from > 0 ? from : 0;
    *ret_to = to < m->length ? to : m->length;
}

/* Players give a mono sound to both ears; so it is measured. */
static void listen(struct loudness *l, float *samples, size_t frames, unsigned channels) {
    for (size_t i = frames; i-- > 0 && channels == 1;) {
        samples[2 * i] = samples[2 * i + 1] = samples[i];
    }
    loudness_add(l, samples, frames);
}

static int measure(const struct mix *m, size_t speaker, float *samples, float *ret_gain) {
    int64_t first, last;
    int r = 0;
    struct loudness *loudness = loudness_new();
    if (!loudness) {
        return -ENOMEM;
    }
    find_span(m, speaker, &first, &last);
    int64_t apart = (last - first) / MEASURES;
    apart = apart > MEASURE_LENGTH ? apart : MEASURE_LENGTH;
    for (int64_t at = first; at < last && r == 0; at += apart) {
        int64_t to = at + MEASURE_LENGTH < last ? at + MEASURE_LENGTH : last;
        size_t frames = (size_t)(to - at);
        memset(samples, 0, frames * m->channels * sizeof(float));
        for (size_t i = 0; i < m->count && r == 0; i++) {
            if (m->voices[i].speaker == speaker) {
                r = voice_render(m->voices[i].track, m->zero, at, to, m->channels, 1, samples);
            }
        }
        listen(loudness, samples, frames, m->channels);
    }
    *ret_gain = (float)pow(10, loudness_gain(loudness_measured(loudness)) / 20);
    loudness_free(loudness);
    return r;
}

static void *measurer(void *data) {
    struct measuring *w = data;
    struct mix *m = w->mix;
    float *samples = reallocarray(NULL, (size_t)MEASURE_LENGTH * 2, sizeof(float));
    if (!samples) {
        atomic_store(&w->error, -ENOMEM);
    }
    for (size_t s; samples && (s = atomic_fetch_add(&w->next, 1)) < w->speakers;) {
        float gain = 1;
        bool stop = m->stop && atomic_load(m->stop);
        int r = stop ? -ECANCELED : measure(m, s, samples, &gain);
        if (r < 0) {
            atomic_store(&w->error, r);
        }
        for (size_t i = 0; i < m->count; i++) {
            if (m->voices[i].speaker == s) {
                m->voices[i].gain = gain;
            }
        }
    }
    free(samples);
    return NULL;
}

int mix_level(struct mix *m, size_t speakers) {
    struct measuring w = {.mix = m, .speakers = speakers};
    pthread_t threads[THREADS_MAX];
    unsigned count = 0, want = m->threads < THREADS_MAX ? m->threads : THREADS_MAX;
    while (count < want && pthread_create(&threads[count], NULL, measurer, &w) == 0) {
        count++;
    }
    if (count == 0) {
        return -EAGAIN;
    }
    while (count > 0) {
        pthread_join(threads[--count], NULL);
    }
    return atomic_load(&w.error);
}
