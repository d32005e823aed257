/* Framed datagrams: every frame lies inside the stream and is not larger than allowed, and a stream
 * that is cut anywhere and read on gives the same frames. */
#include <stdlib.h>

#include "wire/framing.h"

#define FRAME_MAX 1500

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes stream, frame, cut, same;
    int r;
    if (size < 1) {
        return 0;
    }
    const size_t at = data[0] % size;
    stream = bytes_of(data + 1, size - 1);
    cut = bytes_of(data + 1, at);
    while ((r = framing_next(&stream, FRAME_MAX, &frame)) > 0) {
        if (frame.n > FRAME_MAX || frame.p < data || frame.p + frame.n != stream.p ||
            stream.p + stream.n != data + size) {
            abort();
        }
        if (framing_next(&cut, FRAME_MAX, &same) == 0) {
            cut.n = size - 1 - (size_t)(cut.p - (data + 1)); /* the rest came */
            if (framing_next(&cut, FRAME_MAX, &same) != 1) {
                abort();
            }
        }
        if (!bytes_equal(frame, same)) {
            abort();
        }
    }
    return 0;
}
