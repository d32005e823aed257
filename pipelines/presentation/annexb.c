#include "presentation/annexb.h"

bool annexb_next(struct bytes *stream, struct bytes *ret) {
    if (stream->n < 4) {
        return false;
    }
    const uint8_t *p = stream->p, *end = stream->p + stream->n;
    while (end - p >= 3 && !(p[0] == 0 && p[1] == 0 && p[2] == 1)) {
        p++;
    }
    if (end - p < 4) {
        return false;
    }
    const uint8_t *start = p + 3;
    const uint8_t *stop = start;
    while (stop < end && !(end - stop >= 3 && stop[0] == 0 && stop[1] == 0 && stop[2] <= 1)) {
        stop++;
    }
    *stream = bytes_of(stop, (size_t)(end - stop));
    while (stop > start && stop[-1] == 0) {
        stop--; /* trailing_zero_8bits */
    }
    *ret = bytes_of(start, (size_t)(stop - start));
    return true;
}
