/* H.264: units, aggregates and fragments; and the text of profile-level-id. */
#include <stdlib.h>

#include "wire/h264.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct payload_info info;
    if (payload_inspect(CODEC_H264, bytes_of(data, size), &info) == 0 && info.key_frame &&
        !info.frame_start) {
        abort();
    }
    h264_profile_of(bytes_of(data, size));
    return 0;
}
