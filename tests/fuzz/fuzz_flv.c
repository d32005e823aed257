/* What comes through the Unix socket of an RTMP source. */
#include "rtmp/flv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct flv_reader reader = {0};
    struct bytes in = bytes_of(data, size);
    while (in.n > 0) {
        struct flv_tag tag;
        struct flv_media media;
        int n = flv_read(&reader, in, &tag);
        if (n < 0) {
            break;
        }
        if (tag.type == FLV_VIDEO) {
            flv_video(tag.body, &media);
        } else if (tag.type == FLV_AUDIO) {
            flv_audio(tag.body, &media);
        }
        in = bytes_from(in, (size_t)n);
    }
    flv_reader_clear(&reader);
    return 0;
}
