/* replay/picture_size.h: width and height out of a coded key frame. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

struct picture_size {
    uint32_t width, height;
    char profile[8]; /* H.264: profile-level-id, six hex digits; else "" */
};

/* `frame` is a VP8 key frame (RFC 6386 §9.1) or an H.264 access unit in Annex B with an SPS
 * (H.264 §7.3.2.1.1). 0 or -EBADMSG. */
int picture_size_read(enum media_codec codec, struct bytes frame, struct picture_size *ret);
