#include "wire/framing.h"

#include <errno.h>

int framing_next(struct bytes *stream, size_t frame_max, struct bytes *ret_frame) {
    if (stream->n < FRAMING_HEADER) {
        return 0;
    }
    const size_t n = read_be16(stream->p);
    if (n > frame_max) {
        return -EMSGSIZE;
    }
    if (stream->n - FRAMING_HEADER < n) {
        return 0;
    }
    *ret_frame = bytes_of(stream->p + FRAMING_HEADER, n);
    *stream = bytes_of(stream->p + FRAMING_HEADER + n, stream->n - FRAMING_HEADER - n);
    return 1;
}
