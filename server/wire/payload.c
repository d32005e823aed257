#include "wire/payload.h"

#include <errno.h>

#include "wire/av1.h"
#include "wire/h264.h"
#include "wire/vp8.h"
#include "wire/vp9.h"

int payload_inspect(enum media_codec codec, struct bytes payload, struct payload_info *ret) {
    if (payload.n == 0) {
        return -ENODATA;
    }
    switch (codec) {
    case CODEC_OPUS:
        *ret = (struct payload_info){.frame_start = true, .key_frame = true};
        return 0;
    case CODEC_VP8:
        return vp8_inspect(payload, ret);
    case CODEC_VP9:
        return vp9_inspect(payload, ret);
    case CODEC_H264:
        return h264_inspect(payload, ret);
    case CODEC_AV1:
        return av1_inspect(payload, ret);
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return -ENOTSUP;
}
