#include "presentation/mp4_boxes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANGUAGE_UND 0x55c4 /* "und", five bits a letter */

void mp4_buffer_clear(struct mp4_buffer *b) {
    free(b->data);
    *b = (struct mp4_buffer){0};
}

void mp4_put(struct mp4_buffer *b, const void *bytes, size_t n) {
    if (b->failed || n == 0) {
        return;
    }
    if (b->size + n > b->room) {
        size_t room = (b->size + n) * 2;
        uint8_t *data = realloc(b->data, room);
        if (!data) {
            b->failed = true;
            return;
        }
        b->data = data;
        b->room = room;
    }
    memcpy(b->data + b->size, bytes, n);
    b->size += n;
}

void mp4_put8(struct mp4_buffer *b, uint32_t v) {
    uint8_t byte = (uint8_t)v;
    mp4_put(b, &byte, 1);
}

void mp4_put16(struct mp4_buffer *b, uint32_t v) {
    mp4_put(b, (uint8_t[2]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

void mp4_put32(struct mp4_buffer *b, uint64_t v) {
    mp4_put16(b, (uint32_t)(v >> 16) & 0xffff);
    mp4_put16(b, (uint32_t)v & 0xffff);
}

void mp4_put64(struct mp4_buffer *b, uint64_t v) {
    mp4_put32(b, v >> 32);
    mp4_put32(b, v);
}

void mp4_zeros(struct mp4_buffer *b, size_t n) {
    for (size_t i = 0; i < n; i++) {
        mp4_put8(b, 0);
    }
}

size_t mp4_open(struct mp4_buffer *b, const char *type) {
    size_t at = b->size;
    mp4_put32(b, 0);
    mp4_put(b, type, 4);
    return at;
}

size_t mp4_open_full(struct mp4_buffer *b, const char *type, unsigned version, uint32_t flags) {
    size_t at = mp4_open(b, type);
    mp4_put32(b, (uint64_t)version << 24 | flags);
    return at;
}

void mp4_set32(struct mp4_buffer *b, size_t at, uint64_t v) {
    if (!b->failed) {
        for (unsigned i = 0; i < 4; i++) {
            b->data[at + i] = (uint8_t)(v >> (24 - 8 * i));
        }
    }
}

void mp4_close(struct mp4_buffer *b, size_t at) {
    mp4_set32(b, at, b->size - at);
}

static void put_matrix(struct mp4_buffer *b) {
    static const uint32_t unity[] = {0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000};
    for (size_t i = 0; i < sizeof(unity) / sizeof(unity[0]); i++) {
        mp4_put32(b, unity[i]);
    }
}

void mp4_put_movie_header(struct mp4_buffer *b, uint32_t timescale, uint64_t duration,
                          uint32_t next_track) {
    size_t at = mp4_open_full(b, "mvhd", 1, 0);
    mp4_zeros(b, 16); /* made and changed: not told */
    mp4_put32(b, timescale);
    mp4_put64(b, duration);
    mp4_put32(b, 0x10000); /* rate 1 */
    mp4_put16(b, 0x100);   /* volume 1 */
    mp4_zeros(b, 10);
    put_matrix(b);
    mp4_zeros(b, 24);
    mp4_put32(b, next_track);
    mp4_close(b, at);
}

static void put_track_header(struct mp4_buffer *b, const struct mp4_format *format, uint32_t id,
                             uint64_t duration) {
    size_t at = mp4_open_full(b, "tkhd", 1, 3); /* enabled, in the movie */
    mp4_zeros(b, 16);
    mp4_put32(b, id);
    mp4_zeros(b, 4);
    mp4_put64(b, duration);
    mp4_zeros(b, 12);
    mp4_put16(b, format->kind == MP4_AAC ? 0x100 : 0); /* volume */
    mp4_zeros(b, 2);
    put_matrix(b);
    mp4_put32(b, (uint64_t)format->width << 16);
    mp4_put32(b, (uint64_t)format->height << 16);
    mp4_close(b, at);
}

static void put_handler(struct mp4_buffer *b, const struct mp4_format *format) {
    bool sound = format->kind == MP4_AAC;
    size_t at = mp4_open_full(b, "hdlr", 0, 0);
    mp4_zeros(b, 4);
    mp4_put(b, sound ? "soun" : "vide", 4);
    mp4_zeros(b, 12);
    mp4_put(b, sound ? "sound" : "video", 6);
    mp4_close(b, at);
}

static void put_media_header(struct mp4_buffer *b, const struct mp4_format *format,
                             uint64_t duration) {
    size_t at = mp4_open_full(b, "mdhd", 1, 0);
    mp4_zeros(b, 16);
    mp4_put32(b, format->timescale);
    mp4_put64(b, duration);
    mp4_put16(b, LANGUAGE_UND);
    mp4_zeros(b, 2);
    mp4_close(b, at);
}

/* ISO 14496-12 §12.1.3 and ISO 14496-15 §5.4.2 */
static void put_avc1(struct mp4_buffer *b, const struct mp4_format *format) {
    size_t at = mp4_open(b, "avc1");
    mp4_zeros(b, 6);
    mp4_put16(b, 1); /* data reference */
    mp4_zeros(b, 16);
    mp4_put16(b, format->width);
    mp4_put16(b, format->height);
    mp4_put32(b, 0x480000); /* 72 dpi */
    mp4_put32(b, 0x480000);
    mp4_zeros(b, 4);
    mp4_put16(b, 1); /* frames a sample */
    mp4_zeros(b, 32);
    mp4_put16(b, 24);
    mp4_put16(b, 0xffff);
    size_t config = mp4_open(b, "avcC");
    mp4_put(b, format->config, format->config_size);
    mp4_close(b, config);
    mp4_close(b, at);
}

/* ISO 14496-14 §5.6 and ISO 14496-1 §7.2.6; every length here is below 128. */
static void put_mp4a(struct mp4_buffer *b, const struct mp4_format *format) {
    uint32_t config = (uint32_t)format->config_size, decoder = 13 + 2 + config;
    size_t at = mp4_open(b, "mp4a");
    mp4_zeros(b, 6);
    mp4_put16(b, 1);
    mp4_zeros(b, 8);
    mp4_put16(b, format->channels);
    mp4_put16(b, 16);
    mp4_zeros(b, 4);
    mp4_put32(b, (uint64_t)format->timescale << 16);
    size_t esds = mp4_open_full(b, "esds", 0, 0);
    mp4_put16(b, 0x0300 | (3 + 2 + decoder + 3)); /* ES_Descriptor */
    mp4_zeros(b, 3);
    mp4_put16(b, 0x0400 | decoder); /* DecoderConfigDescriptor */
    mp4_put16(b, 0x4015);           /* AAC, audio stream */
    mp4_zeros(b, 11);               /* buffer size and bit rates: not told */
    mp4_put16(b, 0x0500 | config);  /* DecoderSpecificInfo */
    mp4_put(b, format->config, config);
    mp4_put16(b, 0x0601); /* SLConfigDescriptor: as in mp4 */
    mp4_put8(b, 2);
    mp4_close(b, esds);
    mp4_close(b, at);
}

static void put_sample_description(struct mp4_buffer *b, const struct mp4_format *format) {
    size_t at = mp4_open_full(b, "stsd", 0, 0);
    mp4_put32(b, 1);
    if (format->kind == MP4_AAC) {
        put_mp4a(b, format);
    } else {
        put_avc1(b, format);
    }
    mp4_close(b, at);
}

static void put_media_information(struct mp4_buffer *b, const struct mp4_format *format,
                                  void (*table)(struct mp4_buffer *b, const void *ctx),
                                  const void *ctx) {
    size_t at = mp4_open(b, "minf");
    bool sound = format->kind == MP4_AAC;
    size_t header = mp4_open_full(b, sound ? "smhd" : "vmhd", 0, sound ? 0 : 1);
    mp4_zeros(b, sound ? 4 : 8);
    mp4_close(b, header);
    size_t dinf = mp4_open(b, "dinf"), dref = mp4_open_full(b, "dref", 0, 0);
    mp4_put32(b, 1);
    mp4_close(b, mp4_open_full(b, "url ", 0, 1)); /* in this file */
    mp4_close(b, dref);
    mp4_close(b, dinf);
    size_t stbl = mp4_open(b, "stbl");
    put_sample_description(b, format);
    table(b, ctx);
    mp4_close(b, stbl);
    mp4_close(b, at);
}

void mp4_put_track(struct mp4_buffer *b, const struct mp4_format *format, uint32_t id,
                   uint64_t movie_duration, uint64_t duration,
                   void (*table)(struct mp4_buffer *b, const void *ctx), const void *ctx) {
    size_t at = mp4_open(b, "trak");
    put_track_header(b, format, id, movie_duration);
    size_t mdia = mp4_open(b, "mdia");
    put_media_header(b, format, duration);
    put_handler(b, format);
    put_media_information(b, format, table, ctx);
    mp4_close(b, mdia);
    mp4_close(b, at);
}

void mp4_codec_name(const struct mp4_format *format, char ret[static 16]) {
    if (format->kind == MP4_AAC || format->config_size < 4) {
        snprintf(ret, 16, "mp4a.40.2");
    } else {
        snprintf(ret, 16, "avc1.%02x%02x%02x", format->config[1], format->config[2],
                 format->config[3]);
    }
}

int mp4_set_h264_config(struct mp4_format *format, struct bytes sps, struct bytes pps) {
    if (sps.n < 4 || pps.n == 0 || sps.n + pps.n + 11 > MP4_CONFIG_MAX) {
        return -EBADMSG;
    }
    uint8_t *p = format->config;
    const uint8_t head[] = {
        1, sps.p[1], sps.p[2], sps.p[3], 0xff, 0xe1, (uint8_t)(sps.n >> 8), (uint8_t)sps.n};
    memcpy(p, head, sizeof(head));
    p += sizeof(head);
    memcpy(p, sps.p, sps.n);
    p += sps.n;
    *p++ = 1;
    *p++ = (uint8_t)(pps.n >> 8);
    *p++ = (uint8_t)pps.n;
    memcpy(p, pps.p, pps.n);
    format->config_size = sps.n + pps.n + 11;
    return 0;
}
