#include "wire/vp8.h"

#include <errno.h>

int vp8_parse(struct bytes payload, struct vp8_descriptor *ret) {
    const uint8_t *p = payload.p;
    struct vp8_descriptor d = {.size = 1};
    if (payload.n < 1) {
        return -EBADMSG;
    }
    d.non_reference = p[0] & 0x20;
    d.frame_start = (p[0] & 0x10) && (p[0] & 0x07) == 0;
    if (p[0] & 0x80) { /* X */
        if (payload.n < 2) {
            return -EBADMSG;
        }
        uint8_t flags = p[1];
        d.size = 2;
        if (flags & 0x80) { /* I */
            if (payload.n < d.size + 1u) {
                return -EBADMSG;
            }
            d.picture_id_at = d.size;
            d.picture_id_size = p[d.size] & 0x80 ? 2 : 1;
            if (payload.n < (size_t)d.size + d.picture_id_size) {
                return -EBADMSG;
            }
            d.picture_id = d.picture_id_size == 2 ? read_be16(p + d.size) & 0x7fff : p[d.size];
            d.size = (uint8_t)(d.size + d.picture_id_size);
        }
        if (flags & 0x40) { /* L */
            if (payload.n < d.size + 1u) {
                return -EBADMSG;
            }
            d.tl0picidx_at = d.size;
            d.tl0picidx = p[d.size++];
        }
        if (flags & 0x30) { /* T or K */
            if (payload.n < d.size + 1u) {
                return -EBADMSG;
            }
            d.temporal_at = d.size;
            d.temporal_id = flags & 0x20 ? p[d.size] >> 6 : 0;
            d.layer_sync = (flags & 0x20) && (p[d.size] & 0x20);
            d.size++;
        }
    }
    if (d.frame_start) {
        if (payload.n < d.size + 1u) {
            return -EBADMSG;
        }
        d.key_frame = !(p[d.size] & 0x01); /* RFC 7741 §4.3 */
    }
    *ret = d;
    return 0;
}

int vp8_inspect(struct bytes payload, struct payload_info *ret) {
    struct vp8_descriptor d;
    int r = vp8_parse(payload, &d);
    if (r < 0) {
        return r;
    }
    *ret = (struct payload_info){.frame_start = d.frame_start, .key_frame = d.key_frame};
    return 0;
}
