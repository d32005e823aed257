/* wire/vp9.h: the VP9 payload descriptor (RFC 9628 §4.2). Offsets are from the start of the
 * payload. */
#pragma once
#include "wire/payload.h"

struct vp9_descriptor {
    size_t size;                 /* of the whole descriptor, with the scalability structure */
    bool inter_predicted;        /* P */
    bool flexible;               /* F */
    bool frame_start, frame_end; /* B, E: of a layer frame */
    bool has_layers;             /* L */
    uint8_t temporal_id, spatial_id;
    bool switching_up;     /* U */
    bool inter_layer;      /* D */
    bool has_structure;    /* V */
    uint8_t picture_id_at; /* 0: no picture id */
    uint8_t picture_id_size;
    uint16_t picture_id;
    uint8_t tl0picidx_at; /* 0: none */
    uint8_t tl0picidx;
};

/* 0 or -EBADMSG. */
int vp9_parse(struct bytes payload, struct vp9_descriptor *ret);

int vp9_inspect(struct bytes payload, struct payload_info *ret);
