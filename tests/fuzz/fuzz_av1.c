/* AV1: the aggregation header and the walk over its OBUs. */
#include <stdlib.h>

#include "wire/av1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct payload_info info;
    if (payload_inspect(CODEC_AV1, bytes_of(data, size), &info) == 0 && info.key_frame &&
        !info.frame_start) {
        abort();
    }
    return 0;
}
