#include "replay/enrich_film.h"

#include "presentation/annexb.h"
#include "presentation/film.h"
#include "presentation/hls.h"
#include "replay/recode.h"

#include <errno.h>
#include <math.h>

#define CLOCK 90000
#define SEGMENT ((uint64_t)4 * CLOCK)
#define LONG_SIDE 1280
#define SHORT_SIDE 720
#define TELL_EVERY 16 /* frames */

struct picture {
    const struct enrich_film *film;
    uint32_t width, height;
    struct cmaf *cmaf;
    bool configured;
    uint64_t count, last, segment; /* samples; ticks of the last one, of the last segment */
};

struct sets { /* of one H.264 frame */
    struct bytes sps, pps;
    bool key;
};

static struct sets find_sets(struct bytes frame) {
    struct sets sets = {0};
    for (struct bytes nal; annexb_next(&frame, &nal);) {
        int type = nal.n > 0 ? nal.p[0] & 0x1f : 0;
        if (type == NAL_SPS) {
            sets.sps = nal;
        } else if (type == NAL_PPS) {
            sets.pps = nal;
        }
        sets.key = sets.key || type == NAL_IDR;
    }
    return sets;
}

bool enrich_frame(struct depacketiser *d, const struct rung_file *rung,
                  const struct rung_frame *frame, uint16_t *sequence, struct depacketised *ret) {
    for (uint32_t i = 0; i < frame->packet_count; i++) {
        struct rtp_header packet = {.sequence = (*sequence)++,
                                    .timestamp = (uint32_t)frame->time,
                                    .marker = i + 1 == frame->packet_count,
                                    .payload = rung_file_packet(rung, frame->first_packet + i)};
        depacketiser_input(d, &packet, false);
    }
    return depacketiser_output(d, ret);
}

/* Whether one description, told once, holds for all pictures. */
static bool may_copy(const struct rung_file *rung) {
    struct depacketiser d;
    struct depacketised whole;
    uint8_t first[2 * DEPACKETISER_HEADERS_MAX];
    size_t size = 0;
    uint16_t sequence = 0;
    bool same = rung->codec == CODEC_H264;
    if (!same) {
        return false;
    }
    depacketiser_init(&d, rung->codec);
    for (uint32_t i = 0; i < rung->frame_count && same; i++) {
        struct rung_frame frame = rung_file_frame(rung, i);
        if (!frame.key || !enrich_frame(&d, rung, &frame, &sequence, &whole)) {
            continue;
        }
        struct sets sets = find_sets(whole.data);
        size_t n = sets.sps.n + sets.pps.n;
        if (size == 0 && sets.sps.n > 0 && sets.pps.n > 0 && n <= sizeof(first)) {
            memcpy(first, sets.sps.p, sets.sps.n);
            memcpy(first + sets.sps.n, sets.pps.p, sets.pps.n);
            size = n;
        }
        same = n > 0 && n == size && memcmp(first, sets.sps.p, sets.sps.n) == 0 &&
               memcmp(first + sets.sps.n, sets.pps.p, sets.pps.n) == 0;
    }
    depacketiser_clear(&d);
    return same;
}

static int add(struct picture *p, struct bytes frame, uint64_t ticks) {
    struct sets sets = find_sets(frame);
    if (!p->configured) {
        if (!sets.key || sets.sps.n == 0 || sets.pps.n == 0) {
            return 0;
        }
        int r = cmaf_set_h264_config(p->cmaf, sets.sps, sets.pps);
        if (r < 0) {
            return r;
        }
        p->configured = true;
        ticks = 0;
    } else if (ticks <= p->last) {
        ticks = p->last + 1;
    }
    bool begin = sets.key && (p->count == 0 || ticks - p->segment >= SEGMENT);
    int r = cmaf_add(p->cmaf, frame, ticks, sets.key, begin);
    if (r == 0) {
        p->segment = begin ? ticks : p->segment;
        p->last = ticks;
        p->count++;
    }
    return r == -EBADMSG ? 0 : r; /* nothing to see in it */
}

static int take_encoded(void *ctx, GstSample *sample, uint64_t nanoseconds) {
    GstMapInfo map;
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    if (!gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        return -ENOMEM;
    }
    int r = add(ctx, bytes_of(map.data, map.size),
                gst_util_uint64_scale(nanoseconds, CLOCK, GST_SECOND));
    gst_buffer_unmap(buffer, &map);
    return r;
}

/* Even sides, inside 1280x720 or 720x1280. */
static void fit(struct picture *p) {
    double w = p->film->rung->width, h = p->film->rung->height;
    double by = fmin(1, fmin(LONG_SIDE / fmax(w, h), SHORT_SIDE / fmin(w, h)));
    p->width = (uint32_t)fmax(16, floor(w * by / 2 + 0.5) * 2);
    p->height = (uint32_t)fmax(16, floor(h * by / 2 + 0.5) * 2);
}

static struct recode *start_encoder(struct picture *p) {
    char *error = NULL;
    enum media_codec codec = p->film->rung->codec;
    char *middle = g_strdup_printf(
        "%s ! videoscale add-borders=true ! "
        "video/x-raw,width=%u,height=%u,pixel-aspect-ratio=1/1 ! "
        "x264enc pass=qual quantizer=23 speed-preset=superfast bframes=0 ref=1 key-int-max=60 "
        "threads=2 byte-stream=true option-string=rc-lookahead=0:sync-lookahead=0 ! "
        "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au",
        recode_decoder(codec), p->width, p->height);
    struct recode *recode = recode_new(codec, middle, take_encoded, p, &error);
    g_free(middle);
    if (!recode) {
        failure_set(p->film->failure, "internal", "The film cannot be encoded: %s", error);
        g_free(error);
    }
    return recode;
}

static int write_frames(struct picture *p, struct recode *recode) {
    const struct enrich_film *film = p->film;
    const struct rung_file *rung = film->rung;
    struct depacketiser d;
    struct depacketised whole;
    uint16_t sequence = 0;
    int r = 0;
    depacketiser_init(&d, rung->codec);
    for (uint32_t i = 0; i < rung->frame_count && r == 0; i++) {
        struct rung_frame frame = rung_file_frame(rung, i);
        if (enrich_frame(&d, rung, &frame, &sequence, &whole)) {
            r = recode ? recode_push(recode, whole.data,
                                     gst_util_uint64_scale(frame.time, GST_SECOND, CLOCK))
                       : add(p, whole.data, frame.time);
        }
        if (i % TELL_EVERY == 0 && film->reached(film->ctx, (double)i / rung->frame_count)) {
            r = -ECANCELED;
        }
    }
    depacketiser_clear(&d);
    return r == 0 && recode ? recode_finish(recode) : r;
}

static int write_pictures(struct picture *p, bool copy) {
    struct recode *recode = copy ? NULL : start_encoder(p);
    if (!copy && !recode) {
        return -EIO;
    }
    int r = write_frames(p, recode);
    recode_free(recode);
    uint64_t end = (uint64_t)llround(p->film->duration * CLOCK);
    r = r < 0 ? r : cmaf_finish(p->cmaf, end > p->last ? end : p->last + 1);
    return r;
}

static int write_lists(struct picture *p) {
    const struct enrich_film *film = p->film;
    struct hls hls = {.picture_count = 1,
                      .pictures = {p->cmaf},
                      .sound = film->sound->cmaf,
                      .fps_n = (uint32_t)fmax(1, round((double)p->count / film->duration)),
                      .fps_d = 1};
    char *path = g_build_filename(film->directory, "film.mp4", NULL);
    int r = hls_write(film->directory, &hls);
    r = r < 0 ? r : film_write(path, p->cmaf, film->sound->cmaf);
    g_free(path);
    return r;
}

static int explain(const struct enrich_film *film, int error) {
    if (error == -ECANCELED) {
        return failure_set(film->failure, "stopped", "The job was stopped before it was done.");
    }
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(film->failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return failure_set(film->failure, "cannot_write", "The film cannot be written: %s.",
                       g_strerror(-error));
}

int enrich_film(const struct enrich_film *film) {
    struct picture p = {.film = film, .width = film->rung->width, .height = film->rung->height};
    bool copy = may_copy(film->rung);
    if (!copy) {
        fit(&p);
    }
    char file[64];
    g_snprintf(file, sizeof(file), "hls-%u.mp4", MIN(p.width, p.height));
    struct mp4_format format = {
        .kind = MP4_H264, .timescale = CLOCK, .width = p.width, .height = p.height};
    int r = cmaf_new(film->directory, file, &format, &p.cmaf);
    r = r < 0 ? r : write_pictures(&p, copy);
    if (r == 0 && aac_sink_extend(film->sound, (double)cmaf_end(p.cmaf) / CLOCK) < 0) {
        cmaf_free(p.cmaf);
        return -1;
    }
    r = r < 0 ? r : write_lists(&p);
    cmaf_free(p.cmaf);
    return r < 0 ? explain(film, r) : 0;
}
