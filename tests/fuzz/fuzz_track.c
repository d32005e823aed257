/* A publisher's packets and reports in any order into a track, with two viewers draining it. The
 * input is a list of records: an operation byte, then its operands. Checked: viewers' numbers never
 * repeat, and what is sent again under the same number is the same text. */
#include "routing/subscription.h"
#include "routing/twcc_receiver.h"
#include "wire/rtp.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENT 4096

struct world {
    struct bytes rest;
    struct packet_pool *pool;
    struct capture_clock clock;
    struct media_line line, viewer_lines[2];
    struct track track;
    struct subscription viewers[2];
    uint32_t digests[2][SENT];
    uint64_t next[2];
    struct twcc_receiver twcc;
    uint32_t ssrc, timestamp;
    uint16_t sequence;
    usec_t now;
};

static uint8_t take(struct world *w) {
    if (w->rest.n == 0) {
        return 0;
    }
    const uint8_t b = w->rest.p[0];
    w->rest = bytes_from(w->rest, 1);
    return b;
}

static uint32_t digest_of(const struct outgoing *o) {
    const struct bytes parts[] = {bytes_of(o->header, o->header_size),
                                  bytes_of(o->prefix, o->prefix_size), o->payload, o->tail};
    uint32_t h = 2166136261u;
    size_t total = 0;
    for (size_t i = 0; i < 4; i++) {
        total += parts[i].n;
        for (size_t k = 0; k < parts[i].n; k++) {
            h = (h ^ parts[i].p[k]) * 16777619u;
        }
    }
    assert(total == o->size && o->header_size <= OUTGOING_HEADER_MAX);
    return h;
}

static void drain(struct world *w, size_t viewer) {
    struct subscription *s = &w->viewers[viewer];
    struct outgoing o;
    while (subscription_next(s, w->now, &o) > 0) {
        assert(o.index >= w->next[viewer]);
        assert(w->track.kind == MEDIA_AUDIO || o.index == w->next[viewer]);
        w->next[viewer] = o.index + 1;
        w->digests[viewer][o.index % SENT] = digest_of(&o);
    }
    while (subscription_next_retransmission(s, &o) > 0) {
        if (viewer == 1) { /* without RTX */
            assert(o.index + SENT < w->next[viewer] ||
                   w->digests[viewer][o.index % SENT] == digest_of(&o));
        }
    }
}

static void drain_all(struct world *w) {
    uint8_t b[1200];
    drain(w, 0);
    drain(w, 1);
    while (track_output_rtcp(&w->track, w->now, (struct room){b, sizeof b}) > 0) {
    }
    while (twcc_receiver_output(&w->twcc, w->now, (struct room){b, sizeof b}) > 0) {
    }
    for (size_t i = 0; i < 2; i++) {
        subscription_sender_report(&w->viewers[i], w->now, w->now, bytes_of_text("x"),
                                   (struct room){b, sizeof b});
    }
}

/* A packet with sound numbers: flags (1 marker, 2 RTX, 4 new frame, 8 extension), size, payload. */
static void input_made(struct world *w) {
    uint8_t b[400] = {0};
    const uint8_t flags = take(w);
    w->sequence = (uint16_t)(w->sequence + (int8_t)take(w));
    if (flags & 4) {
        w->timestamp += 3000;
    }
    const struct rtp_header h = {.payload_type = 96,
                                 .marker = flags & 1,
                                 .sequence = w->sequence,
                                 .timestamp = w->timestamp,
                                 .ssrc = w->ssrc};
    uint8_t value[16];
    for (size_t i = 0; (flags & 8) != 0 && i < sizeof value; i++) {
        value[i] = take(w);
    }
    const struct rtp_extension_value extension = {(uint8_t)(1 + (flags >> 4) % 14),
                                                  bytes_of(value, 1 + value[0] % 16)};
    int n = rtp_write_header((struct room){b, sizeof b}, &h, &extension, flags & 8 ? 1 : 0);
    if (flags & 2) {
        write_be16(b + n, w->sequence);
        n += 2;
    }
    const size_t payload = take(w), given = payload < w->rest.n ? payload : w->rest.n;
    if (given > 0) {
        memcpy(b + n, w->rest.p, given);
    }
    w->rest = bytes_from(w->rest, given);
    const struct bytes rtp = bytes_of(b, (size_t)n + payload);
    struct packet *p;
    const enum media_codec codec = w->track.codec;
    const int r = flags & 2 ? packet_new_from_rtx(w->pool, codec, rtp, w->ssrc, 96,
                                                  w->line.extension_ids, w->now, &p)
                            : packet_new(w->pool, codec, rtp, w->line.extension_ids, w->now, &p);
    if (r == 0) {
        track_input(&w->track, p, w->now);
    }
    twcc_receiver_input(&w->twcc, w->sequence, w->ssrc, w->now);
}

static void input_raw(struct world *w) {
    const size_t n = take(w), given = n < w->rest.n ? n : w->rest.n;
    struct packet *p;
    if (packet_new(w->pool, w->track.codec, bytes_of(w->rest.p, given), w->line.extension_ids,
                   w->now, &p) == 0) {
        track_input(&w->track, p, w->now);
    }
    w->rest = bytes_from(w->rest, given);
}

static void step(struct world *w) {
    struct subscription *s = &w->viewers[w->rest.n & 1];
    switch (take(w) % 10) {
    case 0:
    case 1:
    case 2:
    case 3:
        input_made(w);
        break;
    case 4:
        input_raw(w);
        break;
    case 5:
        w->now += MSEC(1) * (1u + take(w));
        track_advance(&w->track, w->now);
        break;
    case 6:
        track_sender_report(&w->track, (uint64_t)take(w) << 56 | (uint64_t)take(w) << 30,
                            w->timestamp + (uint32_t)(take(w) << 12), w->now);
        break;
    case 7:
        subscription_nack(s, (uint16_t)(s->stream.next - take(w)), w->now);
        break;
    case 8:
        if (take(w) & 1) {
            w->ssrc++;
            w->sequence = (uint16_t)(take(w) << 8);
        } else {
            w->sequence = (uint16_t)(w->sequence + (take(w) << 8));
        }
        break;
    case 9:
        if (take(w) & 1) {
            subscription_stop(s);
        }
        subscription_switch(s, &w->track, w->now);
        break;
    }
}

static void begin(struct world *w, uint8_t options) {
    static const enum media_codec codecs[] = {CODEC_VP8, CODEC_H264, CODEC_VP9, CODEC_AV1,
                                              CODEC_OPUS};
    const enum media_codec codec = codecs[options % 5];
    w->line = (struct media_line){.kind = codec == CODEC_OPUS ? MEDIA_AUDIO : MEDIA_VIDEO,
                                  .active = true,
                                  .payload_count = 1};
    w->line.payloads[0] =
        (struct media_payload){.type = 96, .codec = codec, .nack = options & 64, .pli = true};
    for (uint8_t i = 0; i < EXT_COUNT; i++) {
        w->line.extension_ids[i] = (uint8_t)(i + 1);
    }
    w->pool = packet_pool_new(2000);
    assert(w->pool != NULL);
    w->now = SEC(1);
    w->ssrc = 1;
    w->sequence = 65500;
    assert(track_init(&w->track, &w->line, &w->line.payloads[0], &w->clock, 2, w->now) == 0);
    twcc_receiver_init(&w->twcc, 2);
    for (size_t i = 0; i < 2; i++) {
        w->viewer_lines[i] = w->line;
        w->viewer_lines[i].ssrc = 50;
        w->viewer_lines[i].mid[0] = 'm';
        w->viewer_lines[i].rtx_ssrc = 51;
        w->viewer_lines[i].payloads[0].rtx_type = i == 0 ? 97 : 0;
        subscription_init(&w->viewers[i], &w->viewer_lines[i], 0x7fff);
        w->next[i] = w->viewers[i].stream.next;
        subscription_switch(&w->viewers[i], &w->track, w->now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct world *w = calloc(1, sizeof *w);
    assert(w != NULL);
    w->rest = bytes_of(data, size);
    const uint8_t options = take(w);
    begin(w, options);
    while (w->rest.n > 0) {
        step(w);
        if ((w->rest.n & 3) != 0 || !(options & 128)) {
            drain_all(w);
        }
    }
    track_clear(&w->track);
    assert(packet_pool_used(w->pool) == 0);
    packet_pool_free(w->pool);
    free(w);
    return 0;
}
