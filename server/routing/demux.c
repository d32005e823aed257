#include "routing/demux.h"
#include "wire/rtp.h"
#include "wire/twcc.h"
#include <errno.h>

void demux_init(struct demux *d, const struct media_line *lines, size_t line_count) {
    memset(d, 0, sizeof *d);
    d->lines = lines;
    d->line_count = line_count < MEDIA_LINES_MAX ? line_count : MEDIA_LINES_MAX;
}

static struct demux_stream *known(struct demux *d, uint32_t ssrc) {
    for (size_t i = 0; i < d->stream_count; i++) {
        if (d->streams[i].ssrc == ssrc) {
            return &d->streams[i];
        }
    }
    return NULL;
}

static struct demux_stream *remember(struct demux *d, uint32_t ssrc, size_t line, int rung) {
    struct demux_stream *s;
    if (d->stream_count < DEMUX_STREAMS_MAX) {
        s = &d->streams[d->stream_count++];
    } else {
        s = &d->streams[d->next_victim];
        d->next_victim = (d->next_victim + 1) % DEMUX_STREAMS_MAX;
    }
    *s = (struct demux_stream){.ssrc = ssrc,
                               .line = (uint8_t)line,
                               .rung = (uint8_t)(rung >= 0 ? rung : 0),
                               .has_rung = rung >= 0};
    return s;
}

static const struct media_payload *payload_of(const struct media_line *line, uint8_t type,
                                              bool *ret_rtx) {
    for (size_t i = 0; line->active && i < line->payload_count; i++) {
        const struct media_payload *p = &line->payloads[i];
        if (p->type == type || (p->rtx_type != 0 && p->rtx_type == type)) {
            *ret_rtx = p->type != type;
            return p;
        }
    }
    return NULL;
}

static bool is_text(struct bytes value, const char *text) {
    return value.n > 0 && bytes_equal(value, bytes_of_text(text));
}

/* The rid that this packet names, as an index into the line's; or -1. */
static int rung_of(const struct media_line *line, const struct rtp_header *h) {
    const enum rtp_extension names[] = {EXT_RID, EXT_REPAIRED_RID};
    for (size_t n = 0; n < 2; n++) {
        const struct bytes rid = rtp_extension_find(h, line->extension_ids[names[n]]);
        for (size_t i = 0; i < line->rid_count && i < MEDIA_RIDS_MAX; i++) {
            if (is_text(rid, line->rids[i])) {
                return (int)i;
            }
        }
    }
    return -1;
}

/* By mid, else by an SSRC that the offer announced, else the first line with the payload type. */
static int line_of(const struct demux *d, const struct rtp_header *h) {
    int by_ssrc = -1, by_type = -1;
    for (size_t i = 0; i < d->line_count; i++) {
        const struct media_line *line = &d->lines[i];
        bool rtx;
        if (payload_of(line, h->payload_type, &rtx) == NULL) {
            continue;
        }
        if (is_text(rtp_extension_find(h, line->extension_ids[EXT_MID]), line->mid)) {
            return (int)i;
        }
        if (by_ssrc < 0 && h->ssrc != 0 &&
            (h->ssrc == line->remote_ssrc || h->ssrc == line->remote_rtx_ssrc)) {
            by_ssrc = (int)i;
        }
        by_type = by_type < 0 ? (int)i : by_type;
    }
    return by_ssrc >= 0 ? by_ssrc : by_type;
}

int demux_find(struct demux *d, struct bytes rtp, struct demux_target *ret) {
    struct rtp_header h;
    if (rtp_parse(rtp, &h) < 0) {
        return -EBADMSG;
    }
    struct demux_stream *s = known(d, h.ssrc);
    bool rtx = false;
    const struct media_payload *payload =
        s != NULL ? payload_of(&d->lines[s->line], h.payload_type, &rtx) : NULL;
    if (payload == NULL) {
        const int line = line_of(d, &h);
        if (line < 0) {
            return -ENOENT;
        }
        payload = payload_of(&d->lines[line], h.payload_type, &rtx);
        if (s == NULL) {
            s = remember(d, h.ssrc, (size_t)line, -1);
        }
        s->line = (uint8_t)line;
    }
    const struct media_line *line = &d->lines[s->line];
    if (!s->has_rung && line->rid_count > 0) {
        const int rung = rung_of(line, &h);
        if (rung < 0) {
            return -ENOENT; /* of which rung? wait for a packet that says it */
        }
        s->rung = (uint8_t)rung;
        s->has_rung = true;
    }
    const struct bytes twcc = rtp_extension_find(&h, line->extension_ids[EXT_TWCC]);
    *ret = (struct demux_target){
        .line = s->line,
        .payload = payload,
        .rtx = rtx,
        .rung = s->rung,
        .ssrc = h.ssrc,
        .has_twcc = twcc.n == 2,
        .twcc = twcc.n == 2 ? read_be16(twcc.p) : 0,
    };
    return 0;
}
