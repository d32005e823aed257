/* VP9: the descriptor and the fields it points at lie inside the payload. */
#include <stdlib.h>

#include "wire/vp9.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct vp9_descriptor d;
    struct payload_info info;
    payload_inspect(CODEC_VP9, bytes_of(data, size), &info);
    if (vp9_parse(bytes_of(data, size), &d) == 0 &&
        (d.size == 0 || d.size > size || (size_t)d.picture_id_at + d.picture_id_size > d.size ||
         d.tl0picidx_at >= d.size)) {
        abort();
    }
    return 0;
}
