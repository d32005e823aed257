#include "made.h"
#include "wire/rtp.h"

#include <stdlib.h>

static void init(struct made *m, enum media_kind kind, usec_t now) {
    memset(m, 0, sizeof *m);
    m->pool = packet_pool_new(4096);
    assert_non_null(m->pool);
    m->ssrc = 77;
    m->sequence = 65530;
    m->timestamp = 0xfffffff0u;
    m->picture_id = 0x7ffe;
    m->line = (struct media_line){.kind = kind, .active = true, .payload_count = 1};
    m->line.payloads[0] =
        (struct media_payload){.type = kind == MEDIA_VIDEO ? 96 : 111,
                               .codec = kind == MEDIA_VIDEO ? CODEC_VP8 : CODEC_OPUS,
                               .nack = kind == MEDIA_VIDEO,
                               .pli = kind == MEDIA_VIDEO};
    assert_int_equal(track_init(&m->track, &m->line, &m->line.payloads[0], &m->clock, 1, now), 0);
}

void made_init(struct made *m, usec_t now) {
    init(m, MEDIA_VIDEO, now);
}

void made_init_audio(struct made *m, usec_t now) {
    init(m, MEDIA_AUDIO, now);
}

void made_clear(struct made *m) {
    track_clear(&m->track);
    assert_int_equal(packet_pool_used(m->pool), 0);
    packet_pool_free(m->pool);
}

struct packet *made_packet(struct made *m, bool key, unsigned part, unsigned parts, size_t size,
                           usec_t now) {
    uint8_t b[1500] = {0};
    const bool video = m->line.kind == MEDIA_VIDEO;
    const struct rtp_header h = {.payload_type = m->line.payloads[0].type,
                                 .marker = video && part + 1 == parts,
                                 .sequence = m->sequence++,
                                 .timestamp = m->timestamp,
                                 .ssrc = m->ssrc};
    const int n = rtp_write_header((struct room){b, sizeof b}, &h, NULL, 0);
    uint8_t *p = b + n;
    if (video) { /* X, S; I, L; 15 bits; TL0PICIDX; frame header */
        p[0] = (uint8_t)(0x80 | (part == 0 ? 0x10 : 0));
        p[1] = 0xc0;
        write_be16(p + 2, (uint16_t)(0x8000 | (m->picture_id & 0x7fff)));
        p[4] = m->tl0picidx;
        p[5] = key ? 0 : 1;
        memcpy(p + 8, "\x9d\x01\x2a", 3);
    } else {
        p[0] = 0x78;
    }
    p[size - 1] = (uint8_t)h.sequence;
    if (part + 1 == parts) {
        m->timestamp += video ? 3000 : 960;
        m->picture_id++;
        m->tl0picidx++;
    }
    struct packet *packet;
    assert_int_equal(packet_new(m->pool, m->line.payloads[0].codec, bytes_of(b, (size_t)n + size),
                                m->line.extension_ids, now, &packet),
                     0);
    return packet;
}

int made_frame(struct made *m, bool key, unsigned parts, usec_t now) {
    int r = 0;
    for (unsigned i = 0; i < parts; i++) {
        r = track_input(&m->track, made_packet(m, key, i, parts, 1000, now), now);
    }
    return r;
}

struct media_line made_viewer_line(enum media_kind kind, bool rtx) {
    struct media_line line = {.kind = kind, .active = true, .mid = "m"};
    if (kind == MEDIA_VIDEO) {
        line.payload_count = 2;
        line.payloads[0] = (struct media_payload){
            .type = 96, .rtx_type = rtx ? 97 : 0, .codec = CODEC_VP8, .nack = true};
        line.payloads[1] = (struct media_payload){.type = 98, .codec = CODEC_H264};
    } else {
        line.payload_count = 1;
        line.payloads[0] = (struct media_payload){.type = 111, .codec = CODEC_OPUS};
    }
    line.ssrc = kind == MEDIA_VIDEO ? 5000 : 5001;
    line.rtx_ssrc = rtx ? 6000 : 0;
    line.extension_ids[EXT_MID] = 4;
    return line;
}

size_t made_plaintext(const struct outgoing *o, uint8_t ret[static 1500]) {
    size_t n = 0;
    const struct bytes parts[] = {bytes_of(o->header, o->header_size),
                                  bytes_of(o->prefix, o->prefix_size), o->payload, o->tail};
    for (size_t i = 0; i < 4; i++) {
        if (parts[i].n > 0) {
            memcpy(ret + n, parts[i].p, parts[i].n);
            n += parts[i].n;
        }
    }
    assert_int_equal(n, o->size);
    return n;
}

/* ---- Rung files ---- */

static void le(uint8_t *p, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static void fill_payload(uint8_t *p, size_t size, enum media_codec codec, uint32_t frame, bool key,
                         bool first) {
    memset(p, 0, size);
    if (codec == CODEC_VP8) {
        p[0] = (uint8_t)(0x80 | (first ? 0x10 : 0));
        p[1] = 0x80;
        write_be16(p + 2, (uint16_t)(0x8000 | (frame & 0x7fff)));
        p[4] = key ? 0 : 1;
        memcpy(p + 7, "\x9d\x01\x2a", 3);
    }
    write_be32(p + size - 4, frame);
}

struct bytes made_rung(enum media_codec codec, uint32_t speed, uint32_t frames, uint32_t packets,
                       uint32_t gop, uint32_t step) {
    const uint32_t count = frames * packets, size = codec == CODEC_OPUS ? 100 : 900;
    const size_t frames_at = 64, packets_at = frames_at + 24 * (size_t)frames;
    const size_t payloads_at = packets_at + 16 * (size_t)count;
    const size_t total = payloads_at + (size_t)count * size;
    uint8_t *b = calloc(1, total);
    assert_non_null(b);
    memcpy(b, "PRLRUNG1", 8);
    le(b + 8, codec, 4);
    le(b + 12, media_codec_clock(codec), 4);
    le(b + 16, speed, 4);
    le(b + 28, frames, 4);
    le(b + 32, count, 4);
    le(b + 40, (uint64_t)frames * step, 8);
    le(b + 48, frames_at, 8);
    le(b + 56, packets_at, 8);
    for (uint32_t f = 0; f < frames; f++) {
        uint8_t *e = b + frames_at + 24 * (size_t)f;
        const bool key = f % gop == 0;
        le(e, (uint64_t)f * step, 8);
        le(e + 8, (uint64_t)f * packets, 4);
        le(e + 12, packets, 2);
        le(e + 14, key, 2);
        le(e + 16, (uint64_t)packets * size, 4);
        for (uint32_t k = 0; k < packets; k++) {
            const size_t i = (size_t)f * packets + k, at = payloads_at + i * size;
            le(b + packets_at + 16 * i, at, 8);
            le(b + packets_at + 16 * i + 8, size, 4);
            fill_payload(b + at, size, codec, f, key, k == 0);
        }
    }
    return bytes_of(b, total);
}

void made_presentation(struct presentation *ret, struct bytes ret_files[static 3]) {
    static const char manifest[] =
        "{\"version\":1,\"title\":\"T\",\"duration\":10,\"width\":640,\"height\":360,\"rungs\":["
        "{\"file\":\"v.rung\",\"kind\":\"video\",\"codec\":\"vp8\",\"bitrate\":1},"
        "{\"file\":\"a1.rung\",\"kind\":\"audio\",\"codec\":\"opus\",\"speed\":100},"
        "{\"file\":\"a2.rung\",\"kind\":\"audio\",\"codec\":\"opus\",\"speed\":200}]}";
    assert_int_equal(presentation_parse(bytes_of_text(manifest), ret), 0);
    ret_files[0] = made_rung(CODEC_VP8, 100, 300, 3, 30, 3000);
    ret_files[1] = made_rung(CODEC_OPUS, 100, 500, 1, 1, 960);
    ret_files[2] = made_rung(CODEC_OPUS, 200, 250, 1, 1, 960);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(presentation_set_rung(ret, i, ret_files[i]), 0);
    }
    assert_int_equal(presentation_check(ret), 0);
}
