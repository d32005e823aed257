/* wire/payload.h: what routing needs to know of an RTP payload, whatever the codec. */
#pragma once
#include "wire/media_types.h"

struct payload_info {
    bool frame_start; /* first packet of a frame (picture); always for audio */
    bool key_frame;   /* this packet starts a frame that decodes by itself; always for audio */
};

/* 0, or -EBADMSG for a payload that no sender of this codec makes (count it, drop it). -ENODATA for
 * an empty one (a padding-only packet is part of no frame). -ENOTSUP for CODEC_NONE. */
int payload_inspect(enum media_codec codec, struct bytes payload, struct payload_info *ret);
