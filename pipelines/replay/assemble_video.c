#include "replay/assemble_video.h"

#include "key/flatten_element.h"
#include "key/key_layout.h"
#include "presentation/poster.h"
#include "presentation/rung_writer.h"
#include "replay/depacketiser.h"
#include "replay/recode.h"
#include "routing/rung_file.h"

#include <errno.h>
#include <math.h>

#define CLOCK 90000
#define POSTER_KEYS 12
#define POSTER_DARKEST 40 /* mean luma, limited range; darker key frames are passed over */

struct output {
    struct assemble_video *job;
    enum media_codec codec;
    struct packetiser cut;
    struct rung_writer *writer;
    uint64_t last;  /* ticks */
    unsigned group; /* frames since the last key frame */
    bool started;
    struct recode *recode;
};

static enum media_codec codec_of(const struct assemble_video *a, const struct replay_cut *cut) {
    return a->recording->tracks[cut->track].scan.format.codec;
}

static bool is_stacked(const struct recording *r, const struct replay_cut *cut) {
    return r->tracks[cut->track].source->stacked;
}

/* What most of the replay was sent in. */
static enum media_codec main_codec(const struct assemble_video *a) {
    double vp8 = 0, h264 = 0;
    for (size_t i = 0; i < a->plan->cut_count; i++) {
        const struct replay_cut *c = &a->plan->cuts[i];
        double length = fmin(c->to, a->plan->end) - c->from;
        *(codec_of(a, c) == CODEC_VP8 ? &vp8 : &h264) += length;
    }
    return vp8 > h264 ? CODEC_VP8 : CODEC_H264;
}

static int write_frame(struct output *o, struct bytes frame, double time) {
    int r = packetiser_frame(&o->cut, frame);
    if (r == -EBADMSG) {
        return 0; /* nothing in it that a player needs */
    }
    if (r < 0) {
        return r;
    }
    bool key = packetiser_is_key(&o->cut);
    uint64_t ticks = time > 0 ? (uint64_t)llround(time * (CLOCK / 1e6)) : 0;
    if (!o->started) {
        if (!key) {
            return 0;
        }
        ticks = 0; /* a gap before the first picture shows that picture */
    } else if (ticks <= o->last) {
        ticks = o->last + 1;
    }
    /* A player's seek goes through a whole group: the format has a limit. */
    o->group = key ? 0 : o->group + 1;
    if (o->group >= RUNG_GOP_MAX - 1 || o->job->frames == RUNG_FRAMES_MAX) {
        return 0;
    }
    r = rung_writer_add(o->writer, &o->cut, ticks);
    if (r == 0) {
        o->started = true;
        o->last = ticks;
        o->job->frames++;
        atomic_store(&o->job->reached, (unsigned)(ticks / CLOCK));
    }
    return r;
}

static int take_recoded(void *ctx, GstSample *sample, uint64_t nanoseconds) {
    struct output *o = ctx;
    GstMapInfo map;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        return -ENOMEM;
    }
    int r = write_frame(o, bytes_of(map.data, map.size), (double)nanoseconds / 1e3);
    gst_buffer_unmap(buffer, &map);
    o->job->recoded++;
    return r;
}

/* `time` is in µs of the replay. */
static int take_frame(struct output *o, const struct depacketised *frame, double time) {
    return o->recode
               ? recode_push(o->recode, frame->data, time > 0 ? (uint64_t)llround(time * 1e3) : 0)
               : write_frame(o, frame->data, time);
}

/* Copies frames from the cut's key frame up to its end. 1: the end was reached. */
static int copy_frames(struct output *o, const struct replay_cut *cut, struct track_walk *walk,
                       struct depacketiser *d) {
    const struct track_scan *track = walk->track;
    const struct replay_plan *plan = o->job->plan;
    double until = fmin(cut->to, plan->end);
    struct rtp_header rtp;
    struct depacketised frame;
    int64_t ticks;
    bool hole;
    while (track_walk_next(walk, &rtp, &ticks, &hole) > 0) {
        if (atomic_load(o->job->stop)) {
            return -ECANCELED;
        }
        if (depacketiser_input(d, &rtp, hole) == -ENOMEM) {
            return -ENOMEM;
        }
        while (depacketiser_output(d, &frame)) {
            int64_t at = ticks + (int32_t)(frame.timestamp - rtp.timestamp);
            double time = track_scan_time(track, at);
            if (at < track->keys[cut->key].ticks) {
                continue;
            }
            if (time >= until) {
                return 1;
            }
            int r = take_frame(o, &frame, time - plan->zero);
            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

static int start_recode(struct output *o, enum media_codec from, bool stacked,
                        struct failure *failure) {
    char *error = NULL;
    char *middle = g_strdup_printf("%s %s ! %s", recode_decoder(from), recode_flatten(stacked),
                                   recode_encoder(o->codec));
    o->recode = recode_new(from, middle, take_recoded, o, &error);
    g_free(middle);
    if (!o->recode) {
        failure_set(failure, "internal", "The pictures cannot be coded again: %s", error);
        g_free(error);
        return -EIO;
    }
    return 0;
}

static int copy_cut(struct output *o, const struct replay_cut *cut, struct failure *failure) {
    const struct track_scan *track = &o->job->recording->tracks[cut->track].scan;
    const struct track_key *key = &track->keys[cut->key];
    struct depacketiser d;
    struct track_walk walk;
    packetiser_init(&o->cut, o->codec, o->cut.picture_id);
    int r = track_walk_start(&walk, track, key->offset, key->offset_ticks);
    if (r < 0) {
        return r;
    }
    depacketiser_init(&d, track->format.codec);
    const bool stacked = is_stacked(o->job->recording, cut);
    if (track->format.codec != o->codec || stacked) {
        r = start_recode(o, track->format.codec, stacked, failure);
    }
    r = r < 0 ? r : copy_frames(o, cut, &walk, &d);
    if (r >= 0 && o->recode) {
        r = recode_finish(o->recode);
    }
    recode_free(o->recode);
    o->recode = NULL;
    track_walk_clear(&walk);
    depacketiser_clear(&d);
    uint16_t picture = o->cut.picture_id;
    packetiser_clear(&o->cut);
    o->cut.picture_id = picture;
    /* A part that its decoder cannot bear is left out: the picture before it stays. */
    return r == -EBADMSG || r == -ETIMEDOUT ? 0 : r < 0 ? r : 0;
}

/* The largest picture of all, and the most that a decoder must be able to do. */
static void measure(struct assemble_video *a, enum media_codec codec) {
    for (size_t i = 0; i < a->plan->cut_count; i++) {
        const struct replay_cut *c = &a->plan->cuts[i];
        const struct track_scan *t = &a->recording->tracks[c->track].scan;
        for (size_t k = c->key; k < t->key_count && track_scan_time(t, t->keys[k].ticks) < c->to;
             k++) {
            const struct picture_size *size = &t->keys[k].size;
            const bool stacked = is_stacked(a->recording, c);
            const uint32_t height = stacked ? key_person_height(size->height) : size->height;
            if ((uint64_t)size->width * height > (uint64_t)a->width * a->height) {
                a->width = size->width;
                a->height = height;
                g_strlcpy(a->profile, t->format.codec == codec && !stacked ? size->profile : "",
                          sizeof(a->profile));
            }
        }
    }
}

static int explain(int error, struct failure *failure) {
    if (error == -ECANCELED) {
        return failure_set(failure, "stopped", "The job was stopped before it was done.");
    }
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    if (error == -ENODATA) {
        return failure_set(failure, "no_picture", "No picture of this visit can be shown.");
    }
    return failure_set(failure, "cannot_write", "The pictures of the replay cannot be saved: %s.",
                       g_strerror(-error));
}

static void name_rung(struct assemble_video *a, enum media_codec codec,
                      const struct rung_writer *writer, double length) {
    g_strlcpy(a->codec, codec == CODEC_VP8 ? "vp8" : "h264", sizeof(a->codec));
    a->rung = (struct manifest_rung){.kind = "video",
                                     .codec = a->codec,
                                     .profile = a->profile[0] ? a->profile : NULL,
                                     .width = a->width,
                                     .height = a->height};
    g_snprintf(a->rung.file, sizeof(a->rung.file), "video-%s.rung", a->codec);
    a->rung.bitrate = (uint32_t)((double)rung_writer_payload_bytes(writer) * 8 / fmax(length, 0.1));
}

int assemble_video(struct assemble_video *a, double length, struct failure *failure) {
    if (a->plan->cut_count == 0) {
        return explain(-ENODATA, failure);
    }
    flatten_element_register();
    struct output o = {.job = a, .codec = main_codec(a)};
    measure(a, o.codec);
    char *path =
        g_strdup_printf("%s/video-%s.rung", a->directory, o.codec == CODEC_VP8 ? "vp8" : "h264");
    struct rung_format format = {.codec = o.codec,
                                 .clock_rate = CLOCK,
                                 .speed_percent = 100,
                                 .width = a->width,
                                 .height = a->height};
    int r = rung_writer_new(path, &format, &o.writer);
    g_free(path);
    for (size_t i = 0; i < a->plan->cut_count && r == 0; i++) {
        r = copy_cut(&o, &a->plan->cuts[i], failure);
    }
    if (r == 0) {
        uint64_t end = (uint64_t)llround(length * CLOCK);
        name_rung(a, o.codec, o.writer, length);
        r = rung_writer_finish(o.writer, end > o.last ? end : o.last + 1);
    }
    rung_writer_free(o.writer);
    return r < 0 ? explain(r, failure) : 0;
}

struct poster_search {
    struct poster poster;
    bool found;
};

static bool dark(GstSample *sample) {
    GstVideoInfo info;
    GstVideoFrame frame;
    double sum = 0, n = 0;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample)) ||
        !gst_video_frame_map(&frame, &info, gst_sample_get_buffer(sample), GST_MAP_READ)) {
        return true;
    }
    const uint8_t *luma = GST_VIDEO_FRAME_PLANE_DATA(&frame, 0);
    for (int y = 0; y < GST_VIDEO_FRAME_HEIGHT(&frame); y += 16) {
        for (int x = 0; x < GST_VIDEO_FRAME_WIDTH(&frame); x += 16) {
            sum += luma[(ptrdiff_t)y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0) + x];
            n++;
        }
    }
    gst_video_frame_unmap(&frame);
    return sum < n * POSTER_DARKEST;
}

static int consider(void *ctx, GstSample *sample, uint64_t nanoseconds) {
    struct poster_search *s = ctx;
    if (!s->found || !dark(sample)) {
        poster_consider(&s->poster, gst_sample_get_buffer(sample), gst_sample_get_caps(sample),
                        nanoseconds);
        s->found = true;
    }
    return 0;
}

/* The frame of one key, decoded alone. */
static void look_at(struct poster_search *search, const struct track_scan *track, bool stacked,
                    const struct track_key *key, double time) {
    struct track_walk walk;
    struct depacketiser d;
    struct rtp_header rtp;
    struct depacketised frame;
    char *error = NULL;
    int64_t ticks;
    bool done = false, hole;
    if (track_walk_start(&walk, track, key->offset, key->offset_ticks) < 0) {
        return;
    }
    depacketiser_init(&d, track->format.codec);
    while (!done && track_walk_next(&walk, &rtp, &ticks, &hole) > 0) {
        depacketiser_input(&d, &rtp, hole);
        while (!done && depacketiser_output(&d, &frame)) {
            done = ticks + (int32_t)(frame.timestamp - rtp.timestamp) >= key->ticks;
            if (done) {
                char *middle = g_strdup_printf("%s %s", recode_decoder(track->format.codec),
                                               recode_flatten(stacked));
                struct recode *r =
                    recode_new(track->format.codec, middle, consider, search, &error);
                g_free(middle);
                if (r && recode_push(r, frame.data, (uint64_t)(time * 1e9)) == 0) {
                    recode_finish(r);
                }
                recode_free(r);
                g_free(error);
            }
        }
    }
    track_walk_clear(&walk);
    depacketiser_clear(&d);
}

int assemble_poster(const struct recording *recording, const struct replay_plan *plan,
                    const char *path) {
    double length = (plan->end - plan->zero) / 1e6, every = length / 3 / POSTER_KEYS;
    double next = 0;
    struct poster_search search = {0};
    poster_init(&search.poster, length);
    for (size_t i = 0; i < plan->cut_count && next <= length / 3; i++) {
        const struct replay_cut *c = &plan->cuts[i];
        const struct track_scan *t = &recording->tracks[c->track].scan;
        for (size_t k = c->key; k < t->key_count; k++) {
            double at = track_scan_time(t, t->keys[k].ticks);
            double time = (at - plan->zero) / 1e6;
            if (at >= c->to || time > length / 3 + 1) {
                break;
            }
            if (time >= next) {
                look_at(&search, t, is_stacked(recording, c), &t->keys[k], time);
                next = time + fmax(every, 1.0);
            }
        }
    }
    int r = poster_write(&search.poster, path);
    poster_clear(&search.poster);
    return r;
}
