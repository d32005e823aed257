/* RTP: every extension element and the payload lie inside the packet; what is read can be written.
 */
#include <stdlib.h>

#include "wire/rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct rtp_header h, back;
    struct rtp_extension_reader r;
    struct rtp_extension_value elements[RTP_EXTENSIONS_MAX];
    uint8_t buffer[2048];
    size_t count = 0;
    if (rtp_parse(bytes_of(data, size), &h) < 0) {
        return 0;
    }
    if (h.header_size + h.payload.n + h.padding_size != size) {
        abort();
    }
    rtp_extension_reader_init(&r, &h);
    struct rtp_extension_value e;
    while (rtp_extension_next(&r, &e.id, &e.value)) {
        if (e.value.p < data || e.value.p + e.value.n > data + size ||
            rtp_extension_find(&h, e.id).p == NULL) {
            abort();
        }
        if (count < RTP_EXTENSIONS_MAX) {
            elements[count++] = e;
        }
    }
    int n = rtp_write_header((struct room){buffer, sizeof(buffer)}, &h, elements, count);
    if (n < 0) {
        return 0; /* more than one header of ours holds */
    }
    h.padding_size = 0;
    buffer[0] &= (uint8_t)~0x20;
    if (rtp_parse(bytes_of(buffer, (size_t)n), &back) < 0 || back.ssrc != h.ssrc ||
        back.sequence != h.sequence || back.marker != h.marker) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        if (!rtp_extension_find(&back, elements[i].id).p) {
            abort();
        }
    }
    return 0;
}
