/* A rung file; what is accepted is played from end to end with a seek, other rates and repetitions.
 * The same bytes are also read as a manifest. */
#include "routing/cursor.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t sink;

static void read_all(const struct outgoing *o) {
    for (size_t i = 0; i < o->payload.n; i++) {
        sink += o->payload.p[i];
    }
    assert((size_t)o->header_size + o->prefix_size + o->payload.n + o->tail.n == o->size);
}

static void play(struct cursor *c, usec_t *now, usec_t span) {
    struct outgoing o;
    unsigned packets = 0;
    for (const usec_t until = *now + span; *now < until; *now += MSEC(100)) {
        while (packets < 20000 && (cursor_next(c, MEDIA_AUDIO, *now, &o) > 0 ||
                                   cursor_next(c, MEDIA_VIDEO, *now, &o) > 0)) {
            read_all(&o);
            packets++;
            cursor_nack(c, 7, (uint16_t)(o.index - 3), *now);
            while (cursor_next_retransmission(c, &o) > 0) {
                read_all(&o);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct presentation p;
    struct media_line line = {.active = true, .payload_count = 1, .ssrc = 7};
    if (presentation_parse(bytes_of(data, size), &p) == 0) {
        presentation_check(&p);
    }
    uint8_t *copy = malloc(size > 0 ? size : 1);
    assert(copy != NULL);
    memcpy(copy, data, size);
    memset(&p, 0, sizeof p);
    struct presentation_rung *r = &p.rungs[0];
    if (rung_file_open(bytes_of(copy, size), &r->rung) == 0) {
        p.rung_count = 1;
        p.duration_usec = (int64_t)SEC(60);
        r->open = true;
        r->codec = r->rung.codec;
        r->kind = r->rung.kind;
        r->speed_percent = r->rung.speed_percent;
        line.kind = r->kind;
        line.payloads[0] = (struct media_payload){.type = 96, .codec = r->codec};
        struct cursor c;
        usec_t now = SEC(5);
        const bool video = r->kind == MEDIA_VIDEO;
        if (cursor_init(&c, &p, video ? &line : NULL, video ? NULL : &line, 1, 0x8000) == 0) {
            cursor_play(&c, now);
            play(&c, &now, SEC(3));
            cursor_seek(&c, 0.5, now);
            cursor_rate(&c, 1.7, now);
            play(&c, &now, SEC(3));
            cursor_want_keyframe(&c, now);
            cursor_seek(&c, 59, now);
            play(&c, &now, SEC(3));
        }
    }
    free(copy);
    return 0;
}
