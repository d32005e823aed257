/* wire/picture_size.h: how large a picture is, as the packet says that starts its key frame: the
 * VP8 frame header (RFC 6386 §9.1), the H.264 sequence parameter set (ITU-T H.264 §7.3.2.1.1), the
 * VP9 scalability structure or frame header (RFC 9628 §4.2.1; VP9 specification §6.2) and the AV1
 * sequence header (AV1 specification §5.5). */
#pragma once
#include "wire/media_types.h"

#define PICTURE_SIDE_MAX 16384

struct picture_size {
    uint16_t width, height; /* pixels; 0: not known */
};

/* Reads the size off an RTP payload. False, and *ret untouched, when the payload does not say it or
 * says what no camera makes (0, or more than PICTURE_SIDE_MAX). */
bool picture_size_read(enum media_codec codec, struct bytes payload, struct picture_size *ret);
