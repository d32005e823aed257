#include "replay/track_scan.h"

#include "replay/depacketiser.h"

#include <errno.h>
#include <opus/opus.h>
#include <stdlib.h>

#define POINT_SECONDS 5
#define SAMPLES 64
#define STEP_USEC 2e6 /* RTP time and capture time part by more: the publisher's count jumped */
#define UNKNOWN 1e300
#define POINTS_MAX 200000
#define KEYS_MAX 1000000

struct scanner {
    struct track_scan *track;
    int64_t unix_offset;
    struct depacketiser video;
    int64_t ticks;
    double capture; /* of the last packet */
    uint32_t timestamp;
    double samples[SAMPLES]; /* capture − ticks since the last point */
    size_t sample_count, sample_step, sample_skip;
    bool exact; /* the samples are by sender reports */
    uint64_t skipped;
    double least_arrival;
    uint64_t frame_offset, previous_offset, headers_offset;
    int64_t headers_ticks;
    uint32_t frame_timestamp;
};

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double usec_of(const struct track_scan *t, int64_t ticks) {
    return (double)ticks * 1e6 / t->format.clock_rate;
}

static void drop_samples(struct scanner *s) {
    s->sample_count = 0;
    s->sample_step = 1;
    s->sample_skip = 0;
}

/* Until track_scan_fit, `time` is the offset from ticks to capture. */
static void close_point(struct scanner *s) {
    struct track_scan *t = s->track;
    if (t->point_count > 0 && s->sample_count > 0) {
        struct track_point *p = &t->points[t->point_count - 1];
        qsort(s->samples, s->sample_count, sizeof(double), by_value);
        p->time = s->samples[s->sample_count / 2];
        p->exact = s->exact;
        p->delay = s->least_arrival - p->time;
    }
    drop_samples(s);
    s->exact = false;
}

static int open_point(struct scanner *s, uint64_t offset, uint32_t section) {
    struct track_scan *t = s->track;
    size_t n = t->point_count;
    if (n == POINTS_MAX) {
        return -EBADMSG;
    }
    if ((n & (n - 1)) == 0) {
        void *more = reallocarray(t->points, n ? n * 2 : 1, sizeof(*t->points));
        if (!more) {
            return -ENOMEM;
        }
        t->points = more;
    }
    t->points[t->point_count++] = (struct track_point){
        .ticks = s->ticks, .offset = offset, .timestamp = s->timestamp, .section = section};
    s->least_arrival = 1e300;
    return 0;
}

/* Evenly over the five seconds, never more than SAMPLES. */
static void take_sample(struct scanner *s, double value) {
    if (s->sample_skip > 0) {
        s->sample_skip--;
        return;
    }
    if (s->sample_count == SAMPLES) {
        for (size_t i = 0; i < SAMPLES / 2; i++) {
            s->samples[i] = s->samples[i * 2];
        }
        s->sample_count = SAMPLES / 2;
        s->sample_step *= 2;
    }
    s->samples[s->sample_count++] = value;
    s->sample_skip = s->sample_step - 1;
}

static int take_time(struct scanner *s, const struct track_packet *packet, uint32_t timestamp,
                     uint64_t offset) {
    struct track_scan *t = s->track;
    double capture = (double)(packet->capture + s->unix_offset);
    double arrival = (double)(packet->arrival + s->unix_offset);
    bool first = t->packets++ == 0;
    int32_t step = first ? 0 : (int32_t)(timestamp - s->timestamp);
    double apart = usec_of(t, step) - (capture - s->capture);
    bool jump = !first && (apart > STEP_USEC || apart < -STEP_USEC);
    const struct track_point *last = first ? NULL : &t->points[t->point_count - 1];
    int64_t on = (int64_t)((capture - s->capture) * t->format.clock_rate / 1e6);
    s->ticks += !jump ? step : on > t->format.clock_rate ? on : t->format.clock_rate;
    s->timestamp = timestamp;
    s->capture = capture;
    if (first || jump || s->ticks - last->ticks >= (int64_t)POINT_SECONDS * t->format.clock_rate) {
        uint32_t section = first ? 0 : last->section + (jump ? 1 : 0);
        close_point(s);
        int r = open_point(s, offset, section);
        if (r < 0) {
            return r;
        }
    }
    bool exact = packet->flags & TRACK_FLAG_EXACT;
    if (exact && !s->exact) {
        drop_samples(s);
        s->exact = true;
    }
    if (exact == s->exact) {
        take_sample(s, capture - usec_of(t, s->ticks));
    }
    double late = arrival - usec_of(t, s->ticks);
    s->least_arrival = late < s->least_arrival ? late : s->least_arrival;
    return 0;
}

static int add_key(struct scanner *s, const struct depacketised *frame, int64_t ticks) {
    struct track_scan *t = s->track;
    struct track_key key = {
        .ticks = ticks, .offset = s->headers_offset, .offset_ticks = s->headers_ticks};
    size_t n = t->key_count;
    int64_t apart = (int64_t)TRACK_SCAN_KEYS_APART_MS * t->format.clock_rate / 1000;
    if (n == KEYS_MAX || (n > 0 && ticks - t->keys[n - 1].ticks < apart) ||
        picture_size_read(t->format.codec, frame->data, &key.size) < 0) {
        return 0;
    }
    if ((n & (n - 1)) == 0) {
        void *more = reallocarray(t->keys, n ? n * 2 : 1, sizeof(*t->keys));
        if (!more) {
            return -ENOMEM;
        }
        t->keys = more;
    }
    t->keys[t->key_count++] = key;
    return 0;
}

static int take_video(struct scanner *s, const struct rtp_header *rtp, uint64_t offset, bool hole) {
    struct depacketised frame;
    if (s->frame_timestamp != rtp->timestamp || s->track->packets == 1) {
        s->previous_offset = s->frame_offset;
        s->frame_offset = offset;
        s->frame_timestamp = rtp->timestamp;
    }
    int r = depacketiser_input(&s->video, rtp, hole);
    if (r == -ENOMEM) {
        return r;
    }
    while (depacketiser_output(&s->video, &frame)) {
        bool current = frame.timestamp == s->frame_timestamp;
        int64_t ticks = s->ticks + (int32_t)(frame.timestamp - s->timestamp);
        if (frame.headers_seen || s->track->format.codec == CODEC_VP8) {
            s->headers_offset = current ? s->frame_offset : s->previous_offset;
            s->headers_ticks = ticks;
        }
        if (frame.key && (r = add_key(s, &frame, ticks)) < 0) {
            return r;
        }
    }
    return 0;
}

static int take_packet(struct scanner *s, const struct track_packet *packet, uint64_t offset,
                       bool hole) {
    struct track_scan *t = s->track;
    struct rtp_header rtp;
    if (rtp_parse(packet->rtp, &rtp) < 0) {
        return 0;
    }
    int r = take_time(s, packet, rtp.timestamp, offset);
    int64_t end = s->ticks + 1;
    t->bytes += packet->rtp.n;
    if (r == 0 && t->format.codec == CODEC_OPUS) {
        t->stereo = t->stereo || (rtp.payload.p[0] & 4); /* RFC 6716 §3.1 */
        int n = opus_packet_get_nb_samples(rtp.payload.p, (opus_int32)rtp.payload.n, 48000);
        end += n > 0 ? n - 1 : 0;
    } else if (r == 0 && (t->format.codec == CODEC_VP8 || t->format.codec == CODEC_H264)) {
        r = take_video(s, &rtp, offset, hole);
    }
    t->end = end > t->end ? end : t->end;
    return r;
}

int track_scan_file(const char *path, int64_t unix_offset, struct track_scan *ret) {
    struct track_reader *reader = NULL;
    struct track_packet packet;
    uint64_t offset;
    struct track_scan track = {0};
    int r = track_reader_new(path, &reader);
    if (r < 0) {
        return r;
    }
    track.format = *track_reader_format(reader);
    struct scanner *s = calloc(1, sizeof(*s));
    track.path = strdup(path);
    r = s && track.path ? 0 : -ENOMEM;
    if (s) {
        s->track = &track;
        s->unix_offset = unix_offset;
        s->video.codec = CODEC_NONE;
        if (track.format.codec == CODEC_VP8 || track.format.codec == CODEC_H264) {
            depacketiser_init(&s->video, track.format.codec);
        }
    }
    while (r == 0 && track_reader_next(reader, &packet, &offset) > 0) {
        bool hole = track_reader_skipped(reader) != s->skipped;
        s->skipped = track_reader_skipped(reader);
        r = take_packet(s, &packet, offset, hole);
    }
    if (r == 0) {
        close_point(s);
        r = track.packets > 0 ? 0 : -ENODATA;
    }
    if (s) {
        depacketiser_clear(&s->video);
        free(s);
    }
    track_reader_free(reader);
    if (r < 0) {
        track_scan_clear(&track);
        return r;
    }
    *ret = track;
    return 0;
}

void track_scan_clear(struct track_scan *t) {
    free(t->path);
    free(t->points);
    free(t->keys);
    *t = (struct track_scan){0};
}

struct sample {
    double x, y;
    struct track_point *point;
};

/* The highest curve below all y that rises and falls by at most FIT_SLOPE. Sorted by x. */
static void envelope(struct sample *s, size_t n) {
    for (size_t i = n; i-- > 1;) {
        double most = s[i].y + FIT_SLOPE * (s[i].x - s[i - 1].x);
        s[i - 1].y = s[i - 1].y < most ? s[i - 1].y : most;
    }
    for (size_t i = 1; i < n; i++) {
        double most = s[i - 1].y + FIT_SLOPE * (s[i].x - s[i - 1].x);
        s[i].y = s[i].y < most ? s[i].y : most;
    }
}

/* The offsets to the publisher's clock, each section by itself. */
static void fit_offsets(struct track_scan *t, struct sample *samples) {
    for (size_t from = 0, to; from < t->point_count; from = to) {
        bool exact = false;
        for (to = from; to < t->point_count && t->points[to].section == t->points[from].section;
             to++) {
            struct track_point *p = &t->points[to];
            samples[to - from] = (struct sample){usec_of(t, p->ticks), p->time, p};
            exact = exact || p->exact;
        }
        /* What was told by arrivals alone follows from the rest when it can. */
        for (size_t i = from; i < to && exact; i++) {
            samples[i - from].y = t->points[i].exact ? samples[i - from].y : UNKNOWN;
        }
        envelope(samples, to - from);
        for (size_t i = from; i < to; i++) {
            struct track_point *p = &t->points[i];
            double offset = samples[i - from].y;
            p->delay += p->time - offset;
            p->time = offset + usec_of(t, p->ticks);
        }
    }
}

static int by_x(const void *a, const void *b) {
    return by_value(&((const struct sample *)a)->x, &((const struct sample *)b)->x);
}

void track_scan_fit(struct track_scan *const *tracks, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += tracks[i]->point_count;
    }
    struct sample *samples = reallocarray(NULL, n + 1, sizeof(*samples));
    if (!samples) {
        abort(); /* as GLib does */
    }
    for (size_t i = 0; i < count; i++) {
        fit_offsets(tracks[i], samples);
    }
    n = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < tracks[i]->point_count; k++) {
            struct track_point *p = &tracks[i]->points[k];
            samples[n++] = (struct sample){p->time, p->delay, p};
        }
    }
    qsort(samples, n, sizeof(*samples), by_x);
    envelope(samples, n);
    double least = n > 0 ? samples[0].y : 0;
    for (size_t i = 0; i < n; i++) {
        least = samples[i].y < least ? samples[i].y : least;
    }
    for (size_t i = 0; i < n; i++) {
        samples[i].point->time += samples[i].y - least;
    }
    free(samples);
}

double track_scan_time(const struct track_scan *t, int64_t ticks) {
    size_t low = 0, high = t->point_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->points[middle].ticks <= ticks) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const struct track_point *p = &t->points[low];
    double nominal = usec_of(t, ticks - p->ticks);
    if (ticks > p->ticks && high < t->point_count && p[1].section == p->section) {
        return p->time + nominal * (p[1].time - p->time) / usec_of(t, p[1].ticks - p->ticks);
    }
    return p->time + nominal;
}

size_t track_scan_find(const struct track_scan *t, double time) {
    size_t low = 0, high = t->point_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (t->points[middle].time <= time) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

int track_walk_start(struct track_walk *w, const struct track_scan *track, uint64_t offset,
                     int64_t ticks) {
    *w = (struct track_walk){.track = track, .ticks = ticks};
    int r = track_reader_new(track->path, &w->reader);
    if (r < 0) {
        return r;
    }
    track_reader_seek(w->reader, offset);
    while (w->next_point < track->point_count && track->points[w->next_point].offset < offset) {
        w->next_point++;
    }
    return 0;
}

void track_walk_clear(struct track_walk *w) {
    track_reader_free(w->reader);
    *w = (struct track_walk){0};
}

int track_walk_next(struct track_walk *w, struct rtp_header *ret, int64_t *ret_ticks,
                    bool *ret_hole) {
    const struct track_scan *t = w->track;
    struct track_packet packet;
    uint64_t offset;
    do {
        if (track_reader_next(w->reader, &packet, &offset) == 0) {
            return 0;
        }
    } while (rtp_parse(packet.rtp, ret) < 0);
    if (w->next_point < t->point_count && t->points[w->next_point].offset <= offset) {
        w->ticks = t->points[w->next_point++].ticks;
    } else if (w->started) {
        w->ticks += (int32_t)(ret->timestamp - w->timestamp);
    }
    if (ret_hole) {
        *ret_hole = w->started && track_reader_skipped(w->reader) != w->skipped;
    }
    w->skipped = track_reader_skipped(w->reader);
    w->started = true;
    w->timestamp = ret->timestamp;
    *ret_ticks = w->ticks;
    return 1;
}
