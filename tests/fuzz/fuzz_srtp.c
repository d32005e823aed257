/* Packets (each behind its size, two bytes) that are opened as they are, or sealed first so that
 * they get past authentication. */
#include "transport/srtp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CM_SHA1 = 1, RTCP = 2, SEALED = 4 };

/* Any 12 to 76 bytes serve as a header: libsrtp must cope with what its fields claim. */
static int seal(struct srtp_out *out, bool rtcp, struct bytes plain, uint64_t index,
                struct room room) {
    if (rtcp) {
        return srtp_out_seal_rtcp(out, plain, room);
    }
    size_t header = plain.n < 12 ? plain.n : 12 + (plain.n - 12) % 65;
    struct bytes part = bytes_from(plain, header);
    return srtp_out_seal(out, bytes_of(plain.p, header), &part, 1, index, room);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    uint8_t options = data[0];
    struct srtp_keys keys = {.profile = options & CM_SHA1 ? SRTP_PROFILE_CM_SHA1_80
                                                          : SRTP_PROFILE_GCM_128};
    struct srtp_out *out = srtp_out_new(&keys);
    struct srtp_in *in = srtp_in_new(&keys);
    for (size_t at = 1; at + 2 <= size;) {
        size_t n = read_be16(data + at) % 1500;
        at += 2;
        n = n < size - at ? n : size - at;
        uint8_t sealed[1600];
        int length = (int)n;
        if (options & SEALED) {
            uint64_t index = n >= 4 ? read_be16(data + at + 2) : 0;
            length = seal(out, options & RTCP, bytes_of(data + at, n), index,
                          (struct room){sealed, sizeof sealed});
        } else {
            memcpy(sealed, data + at, n);
        }
        if (length > 0) {
            uint8_t *packet = malloc((size_t)length); /* so that ASan sees every over-read */
            memcpy(packet, sealed, (size_t)length);
            int opened = options & RTCP ? srtp_in_open_rtcp(in, packet, (size_t)length)
                                        : srtp_in_open_rtp(in, packet, (size_t)length);
            if (opened > length || (opened > 0 && !(options & SEALED))) {
                abort();
            }
            free(packet);
        }
        at += n;
    }
    srtp_in_free(in);
    srtp_out_free(out);
    return 0;
}
