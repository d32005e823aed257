#include "wire/media_types.h"

const char *media_codec_name(enum media_codec codec) {
    switch (codec) {
    case CODEC_OPUS:
        return "opus";
    case CODEC_VP8:
        return "VP8";
    case CODEC_VP9:
        return "VP9";
    case CODEC_H264:
        return "H264";
    case CODEC_AV1:
        return "AV1";
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return "none";
}

uint32_t media_codec_clock(enum media_codec codec) {
    return codec == CODEC_OPUS ? 48000 : 90000;
}
