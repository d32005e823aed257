/* wire/framing.h: datagrams on a stream: each is preceded by its length in two bytes (RFC 4571 §2,
 * as ICE-TCP uses it, RFC 6544 §3). */
#pragma once
#include "base/spans.h"

#define FRAMING_HEADER 2

/* Takes the first frame off `stream`. 1 and the frame (which may be empty) inside the same memory;
 * 0 when it is not all there yet; -EMSGSIZE when it claims more than `frame_max` bytes: the stream
 * cannot be read on. `stream` is untouched unless 1 is returned. */
int framing_next(struct bytes *stream, size_t frame_max, struct bytes *ret_frame);

/* The header of a frame of `n` bytes, at most 65535. */
static inline void framing_write_header(uint8_t header[static FRAMING_HEADER], size_t n) {
    write_be16(header, (uint16_t)n);
}
