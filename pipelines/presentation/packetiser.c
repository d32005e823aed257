#include "presentation/packetiser.h"

#include "presentation/annexb.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { NAL_STAP_A = 24, NAL_FU_A = 28 }; /* RFC 6184 §5.2 */

#define VP8_DESCRIPTOR_SIZE 4
#define FU_HEADER_SIZE 2

void packetiser_init(struct packetiser *p, enum media_codec codec, uint16_t picture_id) {
    assert(codec == CODEC_VP8 || codec == CODEC_H264 || codec == CODEC_OPUS);
    *p = (struct packetiser){.codec = codec, .picture_id = picture_id & 0x7fff};
}

void packetiser_clear(struct packetiser *p) {
    if (!p) {
        return;
    }
    free(p->data);
    free(p->ends);
    *p = (struct packetiser){0};
}

/* Room for one more payload of `size` bytes, or NULL. */
static uint8_t *add_payload(struct packetiser *p, size_t size) {
    if (p->count == p->ends_room) {
        size_t room = p->ends_room ? p->ends_room * 2 : 64;
        size_t *ends = reallocarray(p->ends, room, sizeof(*ends));
        if (!ends) {
            return NULL;
        }
        p->ends = ends;
        p->ends_room = room;
    }
    if (p->data_size + size > p->data_room) {
        size_t room = (p->data_size + size) * 2;
        uint8_t *data = realloc(p->data, room);
        if (!data) {
            return NULL;
        }
        p->data = data;
        p->data_room = room;
    }
    uint8_t *payload = p->data + p->data_size;
    p->data_size += size;
    p->ends[p->count++] = p->data_size;
    return payload;
}

/* The size of each fragment but the last when `n` bytes are cut into pieces of at most `max`. */
static size_t fragment_size(size_t n, size_t max) {
    size_t pieces = (n + max - 1) / max;
    return (n + pieces - 1) / pieces;
}

static int cut_vp8(struct packetiser *p, struct bytes frame) {
    if (frame.n < 3) {
        return -EBADMSG;
    }
    p->key = (frame.p[0] & 1) == 0; /* RFC 6386 §9.1 */
    size_t step = fragment_size(frame.n, PACKETISER_PAYLOAD_MAX - VP8_DESCRIPTOR_SIZE);
    for (size_t at = 0; at < frame.n; at += step) {
        size_t n = frame.n - at < step ? frame.n - at : step;
        uint8_t *payload = add_payload(p, VP8_DESCRIPTOR_SIZE + n);
        if (!payload) {
            return -ENOMEM;
        }
        payload[0] = 0x80 | (at == 0 ? 0x10 : 0); /* X, S */
        payload[1] = 0x80;                        /* I */
        write_be16(payload + 2, 0x8000 | p->picture_id);
        memcpy(payload + VP8_DESCRIPTOR_SIZE, frame.p + at, n);
    }
    p->picture_id = (p->picture_id + 1) & 0x7fff;
    return 0;
}

static int keep_parameter_set(uint8_t *set, size_t *size, struct bytes nal) {
    if (nal.n > PACKETISER_HEADERS_MAX) {
        return -EBADMSG;
    }
    memcpy(set, nal.p, nal.n);
    *size = nal.n;
    return 0;
}

/* RFC 6184 §5.7.1 */
static int add_parameter_sets(struct packetiser *p) {
    if (p->sps_size == 0 || p->pps_size == 0) {
        return -EBADMSG;
    }
    uint8_t *payload = add_payload(p, 1 + 2 + p->sps_size + 2 + p->pps_size);
    if (!payload) {
        return -ENOMEM;
    }
    payload[0] = (p->sps[0] & 0x60) | NAL_STAP_A;
    write_be16(payload + 1, (uint16_t)p->sps_size);
    memcpy(payload + 3, p->sps, p->sps_size);
    write_be16(payload + 3 + p->sps_size, (uint16_t)p->pps_size);
    memcpy(payload + 5 + p->sps_size, p->pps, p->pps_size);
    return 0;
}

/* RFC 6184 §5.6 and §5.8 */
static int add_nal(struct packetiser *p, struct bytes nal) {
    if (nal.n <= PACKETISER_PAYLOAD_MAX) {
        uint8_t *payload = add_payload(p, nal.n);
        if (!payload) {
            return -ENOMEM;
        }
        memcpy(payload, nal.p, nal.n);
        return 0;
    }
    struct bytes rest = bytes_from(nal, 1);
    size_t step = fragment_size(rest.n, PACKETISER_PAYLOAD_MAX - FU_HEADER_SIZE);
    for (size_t at = 0; at < rest.n; at += step) {
        size_t n = rest.n - at < step ? rest.n - at : step;
        uint8_t *payload = add_payload(p, FU_HEADER_SIZE + n);
        if (!payload) {
            return -ENOMEM;
        }
        payload[0] = (nal.p[0] & 0x60) | NAL_FU_A;
        payload[1] =
            (uint8_t)((at == 0 ? 0x80 : 0) | (at + n == rest.n ? 0x40 : 0) | (nal.p[0] & 0x1f));
        memcpy(payload + FU_HEADER_SIZE, rest.p + at, n);
    }
    return 0;
}

static int cut_h264(struct packetiser *p, struct bytes frame) {
    struct bytes nal;
    while (annexb_next(&frame, &nal)) {
        int r = 0;
        switch (nal.n > 0 ? nal.p[0] & 0x1f : 0) {
        case NAL_SPS:
            r = keep_parameter_set(p->sps, &p->sps_size, nal);
            break;
        case NAL_PPS:
            r = keep_parameter_set(p->pps, &p->pps_size, nal);
            break;
        case NAL_IDR:
            if (!p->key) {
                p->key = true;
                r = add_parameter_sets(p);
            }
            r = r < 0 ? r : add_nal(p, nal);
            break;
        case NAL_SLICE:
            r = add_nal(p, nal);
            break;
        default: /* nothing a receiver needs */
            break;
        }
        if (r < 0) {
            return r;
        }
    }
    return p->count > 0 ? 0 : -EBADMSG;
}

static int cut_opus(struct packetiser *p, struct bytes frame) {
    if (frame.n == 0 || frame.n > PACKETISER_PAYLOAD_MAX) {
        return -EBADMSG;
    }
    uint8_t *payload = add_payload(p, frame.n);
    if (!payload) {
        return -ENOMEM;
    }
    memcpy(payload, frame.p, frame.n);
    p->key = true;
    return 0;
}

static int cut(struct packetiser *p, struct bytes frame) {
    if (p->codec == CODEC_VP8) {
        return cut_vp8(p, frame);
    }
    return p->codec == CODEC_H264 ? cut_h264(p, frame) : cut_opus(p, frame);
}

int packetiser_frame(struct packetiser *p, struct bytes frame) {
    p->count = 0;
    p->data_size = 0;
    p->key = false;
    int r = cut(p, frame);
    if (r < 0) {
        p->count = 0;
    }
    return r;
}

size_t packetiser_count(const struct packetiser *p) {
    return p->count;
}

struct bytes packetiser_payload(const struct packetiser *p, size_t i) {
    assert(i < p->count);
    size_t start = i == 0 ? 0 : p->ends[i - 1];
    return bytes_of(p->data + start, p->ends[i] - start);
}

bool packetiser_is_key(const struct packetiser *p) {
    return p->key;
}
