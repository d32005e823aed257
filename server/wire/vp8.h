/* wire/vp8.h: the VP8 payload descriptor (RFC 7741 §4.2). Offsets are from the start of the
 * payload, so that a forwarder can copy the descriptor and rewrite the fields in place. */
#pragma once
#include "wire/payload.h"

#define VP8_DESCRIPTOR_MAX 6

struct vp8_descriptor {
    uint8_t size;       /* of the whole descriptor */
    bool frame_start;   /* S bit and partition 0 */
    bool key_frame;     /* only on the first packet of the frame: P bit of the frame header is 0 */
    bool non_reference; /* N bit */
    uint8_t picture_id_at;   /* 0: no picture id */
    uint8_t picture_id_size; /* 1 (7 bits) or 2 (15 bits, M bit set) */
    uint16_t picture_id;
    uint8_t tl0picidx_at; /* 0: none */
    uint8_t tl0picidx;
    uint8_t temporal_at; /* offset of the TID/Y/KEYIDX byte, 0: none */
    uint8_t temporal_id;
    bool layer_sync; /* Y bit */
};

/* 0, or -EBADMSG when the payload ends before the descriptor (or, on a frame start, the frame
 * header). */
int vp8_parse(struct bytes payload, struct vp8_descriptor *ret);

int vp8_inspect(struct bytes payload, struct payload_info *ret);
