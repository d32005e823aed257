#include "wire/av1.h"

#include <errno.h>

enum { OBU_SEQUENCE_HEADER = 1, OBU_TEMPORAL_DELIMITER = 2 }; /* AV1 specification §6.2.2 */

int av1_parse(struct bytes payload, struct av1_aggregation *ret) {
    if (payload.n == 0) {
        return -EBADMSG;
    }
    uint8_t b = payload.p[0];
    struct av1_aggregation a = {.continues = b & 0x80,
                                .continued = b & 0x40,
                                .count = (b >> 4) & 3,
                                .new_sequence = b & 0x08};
    if (a.continues && a.new_sequence) {
        return -EBADMSG;
    }
    *ret = a;
    return 0;
}

/* leb128 of at most 8 bytes (AV1 specification §4.10.5), here at most 16 bits of value. */
static int take_length(struct bytes *rest, size_t *ret) {
    size_t value = 0;
    for (unsigned i = 0; i < 8 && i < rest->n; i++) {
        uint8_t b = rest->p[i];
        if (i < 3) {
            value |= (size_t)(b & 0x7f) << (7 * i);
        } else if (b & 0x7f) {
            return -EBADMSG;
        }
        if (!(b & 0x80)) {
            *rest = bytes_from(*rest, i + 1);
            *ret = value;
            return 0;
        }
    }
    return -EBADMSG;
}

bool av1_next_unit(const struct av1_aggregation *a, unsigned number, struct bytes *rest,
                   struct bytes *ret) {
    size_t size = rest->n;
    if (rest->n == 0 || (a->count != 0 && number > a->count) ||
        (a->count != number && (take_length(rest, &size) < 0 || size > rest->n))) {
        return false; /* the last of a counted packet has no length */
    }
    *ret = bytes_of(rest->p, size);
    *rest = bytes_from(*rest, size);
    return true;
}

int av1_inspect(struct bytes payload, struct payload_info *ret) {
    struct av1_aggregation a;
    int r = av1_parse(payload, &a);
    if (r < 0) {
        return r;
    }
    struct payload_info info = {.frame_start = !a.continues};
    struct bytes rest = bytes_from(payload, 1);
    bool leading = !a.continues; /* only delimiters came so far */
    for (unsigned i = 1; rest.n && (a.count == 0 || i <= a.count); i++) {
        struct bytes unit;
        if (!av1_next_unit(&a, i, &rest, &unit)) {
            return -EBADMSG;
        }
        if (leading && unit.n) {
            unsigned type = (unit.p[0] >> 3) & 15;
            if (unit.p[0] & 0x80) {
                return -EBADMSG; /* obu_forbidden_bit */
            }
            info.key_frame |= type == OBU_SEQUENCE_HEADER;
            leading = type == OBU_TEMPORAL_DELIMITER;
        }
    }
    *ret = info;
    return 0;
}
