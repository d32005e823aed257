/* presentation/mp4_boxes.h: the boxes of an mp4 file (ISO 14496-12) that both of our writers need:
 * a buffer that boxes are built in, and what describes a track. Pictures are never reordered, so
 * that a sample's decoding time is its time. */
#pragma once
#include "base/spans.h"

#include <stdbool.h>

#define MP4_CONFIG_MAX 600

enum mp4_kind { MP4_H264, MP4_AAC };

struct mp4_format {
    enum mp4_kind kind;
    uint32_t timescale;             /* ticks a second */
    uint32_t width, height;         /* of H.264 */
    uint32_t channels;              /* of AAC */
    uint8_t config[MP4_CONFIG_MAX]; /* AVCDecoderConfigurationRecord, or AudioSpecificConfig */
    size_t config_size;
};

struct mp4_sample {
    uint64_t offset; /* in the file that holds it */
    uint64_t time;   /* ticks */
    uint32_t size;
    bool key;
};

/* Built by the functions below; when memory runs out `failed` is set and stays. */
struct mp4_buffer {
    uint8_t *data;
    size_t size, room;
    bool failed;
};

void mp4_buffer_clear(struct mp4_buffer *b);

void mp4_put(struct mp4_buffer *b, const void *bytes, size_t n);
void mp4_put8(struct mp4_buffer *b, uint32_t v);
void mp4_put16(struct mp4_buffer *b, uint32_t v);
void mp4_put32(struct mp4_buffer *b, uint64_t v);
void mp4_put64(struct mp4_buffer *b, uint64_t v);
void mp4_zeros(struct mp4_buffer *b, size_t n);

/* Opens a box; give what this returns to mp4_close when its content is there. */
size_t mp4_open(struct mp4_buffer *b, const char *type);
size_t mp4_open_full(struct mp4_buffer *b, const char *type, unsigned version, uint32_t flags);
void mp4_close(struct mp4_buffer *b, size_t at);
/* Writes over four bytes that were put before. */
void mp4_set32(struct mp4_buffer *b, size_t at, uint64_t v);

/* The movie's header; `duration` in units of `timescale`. */
void mp4_put_movie_header(struct mp4_buffer *b, uint32_t timescale, uint64_t duration,
                          uint32_t next_track);

/* A track with `table` as the writer of what follows `stsd` in its sample table. `movie_duration`
 * in the movie's units, `duration` in the track's. */
void mp4_put_track(struct mp4_buffer *b, const struct mp4_format *format, uint32_t id,
                   uint64_t movie_duration, uint64_t duration,
                   void (*table)(struct mp4_buffer *b, const void *ctx), const void *ctx);

/* "avc1.42c01f" or "mp4a.40.2" (RFC 6381). */
void mp4_codec_name(const struct mp4_format *format, char ret[static 16]);

/* The configuration record of H.264 (ISO 14496-15 §5.3.3.1) into `format`. 0, or -EBADMSG when the
 * sets are empty or too large. */
int mp4_set_h264_config(struct mp4_format *format, struct bytes sps, struct bytes pps);
