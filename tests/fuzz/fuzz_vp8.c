/* VP8: the descriptor and the fields it points at lie inside the payload. */
#include <stdlib.h>

#include "wire/vp8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct vp8_descriptor d;
    struct payload_info info;
    payload_inspect(CODEC_VP8, bytes_of(data, size), &info);
    if (vp8_parse(bytes_of(data, size), &d) == 0 &&
        (d.size > size || d.size > VP8_DESCRIPTOR_MAX ||
         d.picture_id_at + d.picture_id_size > d.size || d.tl0picidx_at >= d.size ||
         d.temporal_at >= d.size || (d.key_frame && !d.frame_start))) {
        abort();
    }
    return 0;
}
