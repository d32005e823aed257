/* A publisher's bytes: the handshake, chunks, commands; what it sends is written as FLV and read
 * back, as the gate and the ingest do. */
#include <stdlib.h>

#include "rtmp/rtmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(struct flv_reader *reader, const struct rtmp_event *e) {
    uint8_t head[FLV_TAG_HEADER_SIZE], tail[FLV_TAG_END_SIZE];
    const struct bytes parts[3] = {bytes_of(head, sizeof(head)), e->body,
                                   bytes_of(tail, sizeof(tail))};
    struct flv_tag tag = {.type = FLV_NOTHING};
    flv_write_tag_header(head, e->media, e->timestamp, e->took, e->body.n);
    flv_write_tag_end(tail, e->body.n);
    for (int i = 0; i < 3; i++) {
        if (flv_read(reader, parts[i], &tag) != (int)parts[i].n) {
            abort();
        }
    }
    if (tag.type != e->media || tag.timestamp != e->timestamp || !bytes_equal(tag.body, e->body)) {
        abort();
    }
}

/* The first byte says whether the handshake is skipped, and how the bytes are cut up. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint8_t shake[1 + 2 * 1536] = {3};
    struct rtmp *rtmp = rtmp_new(1);
    struct flv_reader reader = {.begun = true};
    struct bytes in = bytes_of(data + 1, size ? size - 1 : 0);
    size_t piece = size && data[0] & 1 ? 1 + data[0] : 65536;
    struct rtmp_event e = {.type = RTMP_NOTHING};
    int n = 0;
    if (!rtmp || size == 0) {
        rtmp_free(rtmp);
        return 0;
    }
    if (data[0] & 2) {
        rtmp_input(rtmp, bytes_of(shake, sizeof(shake)), 0, &e);
        rtmp_sent(rtmp, rtmp_output(rtmp).n);
    }
    while ((in.n > 0 || (e.type != RTMP_NOTHING && e.type != RTMP_END)) &&
           (n = rtmp_input(rtmp, bytes_of(in.p, in.n < piece ? in.n : piece), 5, &e)) >= 0) {
        in = bytes_from(in, (size_t)n);
        if (e.type == RTMP_PUBLISH) {
            rtmp_accept(rtmp);
        } else if (e.type == RTMP_MEDIA) {
            write_and_read(&reader, &e);
        }
        rtmp_sent(rtmp, rtmp_output(rtmp).n);
    }
    flv_reader_clear(&reader);
    rtmp_free(rtmp);
    return 0;
}
