#include "presentation/cmaf.h"

#include "presentation/annexb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ISO 14496-12 §8.8.3.1: what a sample depends on, and whether it is one to start at. */
#define SAMPLE_KEY 0x02000000
#define SAMPLE_OTHER 0x01010000

struct cmaf {
    struct mp4_format format;
    char *path, *file;
    int fd;
    uint64_t written, header_size, end;
    struct mp4_sample *samples;
    size_t sample_count, sample_room;
    struct cmaf_segment *segments;
    size_t segment_count, segment_room;
    size_t open_from;        /* first sample of the segment in memory */
    struct mp4_buffer media; /* of that segment */
};

int cmaf_new(const char *directory, const char *file, const struct mp4_format *format,
             struct cmaf **ret) {
    struct cmaf *c = calloc(1, sizeof(*c));
    if (!c) {
        return -ENOMEM;
    }
    c->format = *format;
    c->fd = -1;
    c->file = strdup(file);
    int r = !c->file || asprintf(&c->path, "%s/%s", directory, file) < 0 ? -ENOMEM : 0;
    if (r == 0) {
        c->fd = open(c->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        r = c->fd < 0 ? -errno : 0;
    }
    if (r < 0) {
        cmaf_free(c);
        return r;
    }
    *ret = c;
    return 0;
}

void cmaf_free(struct cmaf *c) {
    if (!c) {
        return;
    }
    if (c->fd >= 0) {
        close(c->fd);
    }
    mp4_buffer_clear(&c->media);
    free(c->samples);
    free(c->segments);
    free(c->path);
    free(c->file);
    free(c);
}

void cmaf_discard(struct cmaf *c) {
    if (c) {
        unlink(c->path);
    }
    cmaf_free(c);
}

int cmaf_set_aac_config(struct cmaf *c, struct bytes config) {
    if (config.n == 0 || config.n > 64) {
        return -EBADMSG;
    }
    memcpy(c->format.config, config.p, config.n);
    c->format.config_size = config.n;
    return 0;
}

int cmaf_set_h264_config(struct cmaf *c, struct bytes sps, struct bytes pps) {
    return mp4_set_h264_config(&c->format, sps, pps);
}

static int write_all(struct cmaf *c, const uint8_t *p, size_t n) {
    c->written += n;
    while (n > 0) {
        ssize_t r = write(c->fd, p, n);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            return -errno;
        }
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

/* The tables of a track whose samples are in fragments. */
static void empty_table(struct mp4_buffer *b, const void *unused) {
    (void)unused;
    static const char *const names[] = {"stts", "stsc", "stco"};
    for (size_t i = 0; i < 3; i++) {
        size_t at = mp4_open_full(b, names[i], 0, 0);
        mp4_put32(b, 0);
        mp4_close(b, at);
    }
    size_t sizes = mp4_open_full(b, "stsz", 0, 0);
    mp4_zeros(b, 8);
    mp4_close(b, sizes);
}

static int write_header(struct cmaf *c) {
    struct mp4_buffer b = {0};
    size_t ftyp = mp4_open(&b, "ftyp");
    mp4_put(&b, "iso6\0\0\0\0iso6cmfcmp41", 20);
    mp4_close(&b, ftyp);
    size_t moov = mp4_open(&b, "moov");
    mp4_put_movie_header(&b, c->format.timescale, 0, 2);
    mp4_put_track(&b, &c->format, 1, 0, 0, empty_table, NULL);
    size_t mvex = mp4_open(&b, "mvex"), trex = mp4_open_full(&b, "trex", 0, 0);
    mp4_put32(&b, 1);
    mp4_put32(&b, 1);
    mp4_zeros(&b, 12);
    mp4_close(&b, trex);
    mp4_close(&b, mvex);
    mp4_close(&b, moov);
    int r = b.failed ? -ENOMEM : write_all(c, b.data, b.size);
    c->header_size = b.size;
    mp4_buffer_clear(&b);
    return r;
}

static uint64_t duration_of(const struct cmaf *c, size_t i, uint64_t end) {
    return (i + 1 < c->sample_count ? c->samples[i + 1].time : end) - c->samples[i].time;
}

/* moof (ISO 14496-12 §8.8.4) of the samples [open_from, to); `end` is when the last is over. */
static void build_moof(struct cmaf *c, size_t to, uint64_t end, struct mp4_buffer *b) {
    bool sound = c->format.kind == MP4_AAC;
    size_t moof = mp4_open(b, "moof"), mfhd = mp4_open_full(b, "mfhd", 0, 0);
    mp4_put32(b, c->segment_count + 1);
    mp4_close(b, mfhd);
    size_t traf = mp4_open(b, "traf");
    size_t tfhd = mp4_open_full(b, "tfhd", 0, 0x020020); /* from the moof on; default flags */
    mp4_put32(b, 1);
    mp4_put32(b, sound ? SAMPLE_KEY : SAMPLE_OTHER);
    mp4_close(b, tfhd);
    size_t tfdt = mp4_open_full(b, "tfdt", 1, 0);
    mp4_put64(b, c->samples[c->open_from].time);
    mp4_close(b, tfdt);
    /* offset of the data, durations, sizes, and flags where they differ */
    size_t trun = mp4_open_full(b, "trun", 0, 0x301 | (sound ? 0 : 0x400));
    mp4_put32(b, to - c->open_from);
    size_t data_offset = b->size;
    mp4_put32(b, 0);
    for (size_t i = c->open_from; i < to; i++) {
        mp4_put32(b, duration_of(c, i, end));
        mp4_put32(b, c->samples[i].size);
        if (!sound) {
            mp4_put32(b, c->samples[i].key ? SAMPLE_KEY : SAMPLE_OTHER);
        }
    }
    mp4_close(b, trun);
    mp4_close(b, traf);
    mp4_close(b, moof);
    mp4_set32(b, data_offset, b->size - moof + 8);
}

static int add_segment(struct cmaf *c, const struct cmaf_segment *segment) {
    if (c->segment_count == c->segment_room) {
        size_t room = c->segment_room ? c->segment_room * 2 : 64;
        struct cmaf_segment *segments = reallocarray(c->segments, room, sizeof(*segments));
        if (!segments) {
            return -ENOMEM;
        }
        c->segments = segments;
        c->segment_room = room;
    }
    c->segments[c->segment_count++] = *segment;
    return 0;
}

/* Writes the segment in memory, which lasts until `end`. */
static int flush(struct cmaf *c, uint64_t end) {
    size_t to = c->sample_count;
    int r = c->written == 0 ? write_header(c) : 0;
    if (r < 0 || c->open_from == to) {
        return r;
    }
    struct mp4_buffer b = {0};
    struct cmaf_segment segment = {.offset = c->written,
                                   .time = c->samples[c->open_from].time,
                                   .duration = end - c->samples[c->open_from].time};
    build_moof(c, to, end, &b);
    mp4_put32(&b, c->media.size + 8);
    mp4_put(&b, "mdat", 4);
    r = b.failed ? -ENOMEM : write_all(c, b.data, b.size);
    for (size_t i = c->open_from; i < to; i++) {
        c->samples[i].offset += c->written;
    }
    r = r < 0 ? r : write_all(c, c->media.data, c->media.size);
    mp4_buffer_clear(&b);
    c->media.size = 0;
    c->open_from = to;
    segment.size = c->written - segment.offset;
    return r < 0 ? r : add_segment(c, &segment);
}

/* Slices with their length before them (ISO 14496-15 §5.3.4.2). */
static void put_slices(struct mp4_buffer *b, struct bytes frame) {
    struct bytes nal;
    while (annexb_next(&frame, &nal)) {
        int type = nal.n > 0 ? nal.p[0] & 0x1f : 0;
        if (type == NAL_SLICE || type == NAL_IDR) {
            mp4_put32(b, nal.n);
            mp4_put(b, nal.p, nal.n);
        }
    }
}

static int add_sample(struct cmaf *c, const struct mp4_sample *sample) {
    if (c->sample_count == c->sample_room) {
        size_t room = c->sample_room ? c->sample_room * 2 : 1024;
        struct mp4_sample *samples = reallocarray(c->samples, room, sizeof(*samples));
        if (!samples) {
            return -ENOMEM;
        }
        c->samples = samples;
        c->sample_room = room;
    }
    c->samples[c->sample_count++] = *sample;
    return 0;
}

int cmaf_add(struct cmaf *c, struct bytes sample, uint64_t time, bool key, bool begin) {
    if (c->format.config_size == 0 ||
        (c->sample_count > 0 && time <= c->samples[c->sample_count - 1].time)) {
        return -EINVAL;
    }
    int r = begin && c->sample_count > 0 ? flush(c, time) : 0;
    if (r < 0) {
        return r;
    }
    struct mp4_sample added = {.offset = c->media.size, .time = time, .key = key};
    if (c->format.kind == MP4_H264) {
        put_slices(&c->media, sample);
    } else {
        mp4_put(&c->media, sample.p, sample.n);
    }
    if (c->media.failed) {
        return -ENOMEM;
    }
    added.size = (uint32_t)(c->media.size - added.offset);
    return added.size == 0 ? -EBADMSG : add_sample(c, &added);
}

int cmaf_finish(struct cmaf *c, uint64_t end) {
    if (c->sample_count == 0) {
        return -ENODATA;
    }
    uint64_t last = c->samples[c->sample_count - 1].time;
    c->end = end > last ? end : last + 1;
    int r = flush(c, c->end);
    if (r == 0 && fsync(c->fd) < 0) {
        r = -errno;
    }
    return r;
}

const struct mp4_format *cmaf_format(const struct cmaf *c) {
    return &c->format;
}

const char *cmaf_path(const struct cmaf *c) {
    return c->path;
}

const char *cmaf_file(const struct cmaf *c) {
    return c->file;
}

const struct mp4_sample *cmaf_samples(const struct cmaf *c, size_t *ret_count) {
    *ret_count = c->sample_count;
    return c->samples;
}

const struct cmaf_segment *cmaf_segments(const struct cmaf *c, size_t *ret_count) {
    *ret_count = c->segment_count;
    return c->segments;
}

uint64_t cmaf_header_size(const struct cmaf *c) {
    return c->header_size;
}

uint64_t cmaf_end(const struct cmaf *c) {
    return c->end;
}
