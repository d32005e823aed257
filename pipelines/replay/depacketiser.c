#include "replay/depacketiser.h"

#include "presentation/annexb.h"
#include "wire/vp8.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { NAL_STAP_A = 24, NAL_FU_A = 28 };

#define ALL_LAYERS 3

void depacketiser_init(struct depacketiser *d, enum media_codec codec) {
    assert(codec == CODEC_VP8 || codec == CODEC_H264);
    *d = (struct depacketiser){.codec = codec, .level = -1, .picture_id = -1};
}

void depacketiser_clear(struct depacketiser *d) {
    free(d->frame.p);
    free(d->done[0].p);
    free(d->done[1].p);
    *d = (struct depacketiser){0};
}

static int append(struct frame_buffer *f, const uint8_t *p, size_t n) {
    if (f->n + n > DEPACKETISER_FRAME_MAX) {
        f->broken = true;
        return -EBADMSG;
    }
    if (f->n + n > f->room) {
        size_t room = (f->n + n) * 2;
        uint8_t *bigger = realloc(f->p, room);
        if (!bigger) {
            return -ENOMEM;
        }
        f->p = bigger;
        f->room = room;
    }
    memcpy(f->p + f->n, p, n);
    f->n += n;
    return 0;
}

static const uint8_t start_code[] = {0, 0, 0, 1};

static void keep_header(uint8_t *header, size_t *size, struct bytes nal) {
    if (nal.n + sizeof(start_code) <= DEPACKETISER_HEADERS_MAX) {
        memcpy(header, start_code, sizeof(start_code));
        memcpy(header + sizeof(start_code), nal.p, nal.n);
        *size = nal.n + sizeof(start_code);
    }
}

/* A whole NAL unit, or the first piece of one. */
static int begin_nal(struct depacketiser *d, uint8_t header, struct bytes whole) {
    struct frame_buffer *f = &d->frame;
    int type = header & 0x1f, r = 0;
    if (type == NAL_SPS) {
        f->sps = true;
        keep_header(d->sps, &d->sps_size, whole);
    } else if (type == NAL_PPS) {
        keep_header(d->pps, &d->pps_size, whole);
    } else if (type == NAL_IDR && !f->key) {
        f->key = true;
        if (!f->sps) { /* sent once, long ago */
            r = append(f, d->sps, d->sps_size);
            r = r < 0 ? r : append(f, d->pps, d->pps_size);
        }
    }
    return r < 0 ? r : append(f, start_code, sizeof(start_code));
}

static int take_nal(struct depacketiser *d, struct bytes nal) {
    if (nal.n == 0) {
        return -EBADMSG;
    }
    int r = begin_nal(d, nal.p[0], nal);
    return r < 0 ? r : append(&d->frame, nal.p, nal.n);
}

static int take_stap(struct depacketiser *d, struct bytes rest) {
    while (rest.n > 0) {
        size_t n = rest.n > 2 ? read_be16(rest.p) : 0;
        if (n == 0 || n > rest.n - 2) {
            return -EBADMSG;
        }
        int r = take_nal(d, bytes_of(rest.p + 2, n));
        if (r < 0) {
            return r;
        }
        rest = bytes_from(rest, 2 + n);
    }
    return 0;
}

/* RFC 6184 §5.8. Pieces follow each other without a gap, which the caller has seen to. */
static int take_fu(struct depacketiser *d, struct bytes p) {
    if (p.n < 3) {
        return -EBADMSG;
    }
    if (p.p[1] & 0x80) {
        uint8_t header = (uint8_t)((p.p[0] & 0xe0) | (p.p[1] & 0x1f));
        int r = begin_nal(d, header, bytes_of(NULL, DEPACKETISER_HEADERS_MAX));
        r = r < 0 ? r : append(&d->frame, &header, 1);
        if (r < 0) {
            return r;
        }
    } else if (d->frame.n == 0) {
        return -EBADMSG;
    }
    return append(&d->frame, p.p + 2, p.n - 2);
}

static int take_h264(struct depacketiser *d, struct bytes p) {
    int type = p.p[0] & 0x1f;
    if (type == NAL_STAP_A) {
        return take_stap(d, bytes_from(p, 1));
    }
    if (type == NAL_FU_A) {
        return take_fu(d, p);
    }
    return type >= 1 && type < NAL_STAP_A ? take_nal(d, p) : -EBADMSG;
}

/* Packets or a whole frame are missing; with layers only the lowest one can go on by itself. */
static void note_loss(struct depacketiser *d, bool layered) {
    d->level = d->level > 0 && layered ? 0 : layered ? d->level : -1;
}

/* RFC 7741 §4.2: the picture id grows by one a frame. */
static void check_picture_id(struct depacketiser *d, const struct vp8_descriptor *v) {
    int id = v->picture_id_size > 0 ? v->picture_id : -1;
    int mask = v->picture_id_size == 2 ? 0x7fff : 0x7f;
    if (id >= 0 && d->picture_id >= 0 && id != ((d->picture_id + 1) & mask)) {
        d->lost++;
        note_loss(d, d->layered);
    }
    d->picture_id = id;
}

static int take_vp8(struct depacketiser *d, struct bytes p) {
    struct vp8_descriptor v;
    struct frame_buffer *f = &d->frame;
    if (vp8_parse(p, &v) < 0) {
        return -EBADMSG;
    }
    f->layered = d->layered = v.tl0picidx_at > 0 && v.temporal_at > 0;
    f->temporal_id = v.temporal_id;
    f->tl0 = v.tl0picidx;
    f->layer_sync = v.layer_sync;
    if ((f->n == 0) != v.frame_start) {
        return -EBADMSG;
    }
    if (v.frame_start) {
        f->key = v.key_frame;
        check_picture_id(d, &v);
    }
    return append(f, p.p + v.size, p.n - v.size);
}

/* Whether this whole VP8 frame decodes after what came before. */
static bool fits_layers(struct depacketiser *d, const struct frame_buffer *f) {
    if (f->key) {
        d->level = ALL_LAYERS;
    } else if (f->layered && d->level >= 0) {
        if (f->temporal_id == 0 && f->tl0 != (uint8_t)(d->tl0 + 1)) {
            d->level = -1;
        } else if (f->temporal_id > 0 && f->tl0 != d->tl0) {
            return false;
        } else if (f->temporal_id > d->level && f->layer_sync) {
            d->level = f->temporal_id;
        }
    }
    bool good = d->level >= f->temporal_id;
    if (good && f->temporal_id == 0) {
        d->tl0 = f->tl0;
    }
    return good;
}

static bool fits(struct depacketiser *d, const struct frame_buffer *f) {
    if (d->codec == CODEC_VP8) {
        return fits_layers(d, f);
    }
    if (f->key) {
        d->level = d->sps_size > 0 && d->pps_size > 0 ? ALL_LAYERS : -1;
    }
    return d->level >= 0;
}

static void finish_frame(struct depacketiser *d) {
    struct frame_buffer *f = &d->frame;
    if (!f->started) {
        return;
    }
    f->started = false;
    if (f->broken || f->n == 0) {
        note_loss(d, f->layered && f->temporal_id > 0);
        d->left_out++;
    } else if (!fits(d, f)) {
        d->left_out++;
    } else {
        assert(d->done_count < 2);
        struct frame_buffer spare = d->done[d->done_count];
        d->done[d->done_count++] = *f;
        *f = spare;
    }
    f->started = false;
}

static void start_frame(struct depacketiser *d, uint32_t timestamp) {
    struct frame_buffer *f = &d->frame;
    *f = (struct frame_buffer){.p = f->p, .room = f->room, .timestamp = timestamp, .started = true};
}

int depacketiser_input(struct depacketiser *d, const struct rtp_header *packet, bool hole) {
    d->done_count = d->done_taken = 0;
    int step = d->started ? rtp_sequence_diff(packet->sequence, d->sequence) : 1;
    if (step <= 0) {
        return -ESTALE;
    }
    d->started = true;
    d->sequence = packet->sequence;
    if (step > 1 && (hole || d->frame.started)) {
        d->lost++;
        if (d->frame.started) {
            d->frame.broken = true;
            finish_frame(d);
        }
        note_loss(d, d->layered);
    }
    if (d->frame.started && d->frame.timestamp != packet->timestamp) {
        finish_frame(d);
    }
    if (!d->frame.started) {
        start_frame(d, packet->timestamp);
    }
    int r = packet->payload.n == 0  ? -EBADMSG
            : d->codec == CODEC_VP8 ? take_vp8(d, packet->payload)
                                    : take_h264(d, packet->payload);
    if (r < 0) {
        d->frame.broken = true;
    }
    if (packet->marker) {
        finish_frame(d);
    }
    return r;
}

bool depacketiser_output(struct depacketiser *d, struct depacketised *ret) {
    if (d->done_taken == d->done_count) {
        return false;
    }
    const struct frame_buffer *f = &d->done[d->done_taken++];
    *ret = (struct depacketised){.data = bytes_of(f->p, f->n),
                                 .timestamp = f->timestamp,
                                 .key = f->key,
                                 .headers_seen = f->sps};
    return true;
}
