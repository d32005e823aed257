#include "wire/picture_size.h"

#include "wire/av1.h"
#include "wire/vp8.h"
#include "wire/vp9.h"

#define SPS_MAX 256 /* what is read of a parameter set; the size stands in front */

static bool set(uint32_t width, uint32_t height, struct picture_size *ret) {
    if (width == 0 || height == 0 || width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX) {
        return false;
    }
    *ret = (struct picture_size){.width = (uint16_t)width, .height = (uint16_t)height};
    return true;
}

/* ---- Bits ---- */

struct bits {
    struct bytes bytes;
    size_t at;
    bool over; /* read behind the end: everything read is then 0 */
};

static uint32_t take(struct bits *b, unsigned count) {
    uint32_t value = 0;
    for (unsigned i = 0; i < count; i++, b->at++) {
        if (b->at / 8 >= b->bytes.n) {
            b->over = true;
            return 0;
        }
        value = value << 1 | (b->bytes.p[b->at / 8] >> (7 - b->at % 8) & 1u);
    }
    return value;
}

/* ue(v), ITU-T H.264 §9.1; AV1's uvlc is the same. */
static uint32_t take_ue(struct bits *b) {
    unsigned zeros = 0;
    while (take(b, 1) == 0) {
        if (b->over || ++zeros > 31) {
            b->over = true;
            return 0;
        }
    }
    return (1u << zeros) - 1 + take(b, zeros);
}

static int32_t take_se(struct bits *b) {
    const uint32_t k = take_ue(b);
    return k & 1 ? (int32_t)(k / 2 + 1) : -(int32_t)(k / 2);
}

/* ---- VP8 ---- */

static bool read_vp8(struct bytes payload, struct picture_size *ret) {
    struct vp8_descriptor d;
    if (vp8_parse(payload, &d) < 0 || !d.key_frame) {
        return false;
    }
    const struct bytes frame = bytes_from(payload, d.size);
    if (frame.n < 10 || frame.p[3] != 0x9d || frame.p[4] != 0x01 || frame.p[5] != 0x2a) {
        return false;
    }
    return set((frame.p[6] | (uint32_t)frame.p[7] << 8) & 0x3fff,
               (frame.p[8] | (uint32_t)frame.p[9] << 8) & 0x3fff, ret);
}

/* ---- H.264 ---- */

static void skip_scaling_list(struct bits *b, unsigned size) {
    int last = 8, next = 8;
    for (unsigned i = 0; i < size && !b->over; i++) {
        if (next != 0) {
            next = (int)(((unsigned)last + (unsigned)take_se(b)) & 0xff);
        }
        last = next == 0 ? last : next;
    }
}

/* Profiles that say how colours are sampled. */
static bool is_high(uint32_t profile) {
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    for (size_t i = 0; i < sizeof high; i++) {
        if (high[i] == profile) {
            return true;
        }
    }
    return false;
}

/* Returns chroma_format_idc. */
static uint32_t skip_high(struct bits *b) {
    const uint32_t chroma = take_ue(b);
    if (chroma == 3) {
        take(b, 1);
    }
    take_ue(b);
    take_ue(b);
    take(b, 1);
    if (take(b, 1)) {
        for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u) && !b->over; i++) {
            if (take(b, 1)) {
                skip_scaling_list(b, i < 6 ? 16 : 64);
            }
        }
    }
    return chroma;
}

static void skip_order(struct bits *b) {
    const uint32_t type = take_ue(b);
    if (type == 0) {
        take_ue(b);
    } else if (type == 1) {
        take(b, 1);
        take_se(b);
        take_se(b);
        for (uint32_t i = take_ue(b); i > 0 && !b->over; i--) {
            take_se(b);
        }
    }
}

/* `set_bytes` is what follows the header of the NAL unit. */
static bool read_sps(struct bytes set_bytes, struct picture_size *ret) {
    uint8_t plain[SPS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < set_bytes.n && n < sizeof plain; i++) {
        const uint8_t *p = set_bytes.p + i;
        if (i >= 2 && p[0] == 3 && p[-1] == 0 && p[-2] == 0) {
            continue; /* emulation prevention */
        }
        plain[n++] = *p;
    }
    struct bits b = {.bytes = bytes_of(plain, n)};
    const uint32_t profile = take(&b, 8);
    take(&b, 16);
    take_ue(&b);
    const uint32_t chroma = is_high(profile) ? skip_high(&b) : 1;
    take_ue(&b);
    skip_order(&b);
    take_ue(&b);
    take(&b, 1);
    const uint64_t columns = 16 * ((uint64_t)take_ue(&b) + 1);
    const uint64_t units = (uint64_t)take_ue(&b) + 1;
    const uint32_t fields = 2 - take(&b, 1); /* lines of macroblocks in a unit */
    if (fields == 2) {
        take(&b, 1);
    }
    take(&b, 1);
    uint64_t crop[4] = {0};
    if (take(&b, 1)) {
        for (unsigned i = 0; i < 4; i++) {
            crop[i] = take_ue(&b);
        }
    }
    const uint64_t across = (crop[0] + crop[1]) * (chroma == 1 || chroma == 2 ? 2 : 1);
    const uint64_t down = (crop[2] + crop[3]) * (chroma == 1 ? 2 : 1) * fields;
    const uint64_t rows = 16 * units * fields;
    if (b.over || columns > 2 * PICTURE_SIDE_MAX || rows > 2 * PICTURE_SIDE_MAX ||
        across >= columns || down >= rows) {
        return false;
    }
    return set((uint32_t)(columns - across), (uint32_t)(rows - down), ret);
}

static bool read_h264(struct bytes payload, struct picture_size *ret) {
    const unsigned type = payload.n > 0 ? payload.p[0] & 0x1f : 0;
    if (type == 7) {
        return read_sps(bytes_from(payload, 1), ret);
    }
    struct bytes rest = type == 24 ? bytes_from(payload, 1) : bytes_of(NULL, 0);
    while (rest.n > 3) { /* STAP-A, RFC 6184 §5.7.1 */
        const size_t size = read_be16(rest.p);
        if (size == 0 || size > rest.n - 2) {
            return false;
        }
        if ((rest.p[2] & 0x1f) == 7) {
            return read_sps(bytes_of(rest.p + 3, size - 1), ret);
        }
        rest = bytes_from(rest, 2 + size);
    }
    return false;
}

/* ---- VP9 ---- */

static bool read_vp9(struct bytes payload, struct picture_size *ret) {
    struct vp9_descriptor d;
    if (vp9_parse(payload, &d) < 0 || !d.frame_start || d.inter_predicted) {
        return false;
    }
    struct bits b = {.bytes = bytes_from(payload, d.size)};
    const uint32_t marker = take(&b, 2), profile = take(&b, 1) | take(&b, 1) << 1;
    const uint32_t shown_again = take(&b, 1), inter = take(&b, 1);
    take(&b, 2);
    if (marker != 2 || profile != 0 || shown_again || inter || take(&b, 24) != 0x498342) {
        return false;
    }
    take(&b, 4); /* colour space and range */
    const uint32_t width = take(&b, 16) + 1, height = take(&b, 16) + 1;
    return !b.over && set(width, height, ret);
}

/* ---- AV1 ---- */

/* Up to the operating points; returns the bits of a decoder delay, 0: no decoder model. */
static unsigned skip_av1_timing(struct bits *b) {
    if (!take(b, 1)) {
        return 0;
    }
    take(b, 32);
    take(b, 32);
    if (take(b, 1)) {
        take_ue(b);
    }
    if (!take(b, 1)) {
        return 0;
    }
    const unsigned delay = take(b, 5) + 1;
    take(b, 32);
    take(b, 10);
    return delay;
}

static void skip_av1_points(struct bits *b) {
    const unsigned delay = skip_av1_timing(b);
    const bool display_delay = take(b, 1);
    for (uint32_t points = take(b, 5) + 1; points > 0 && !b->over; points--) {
        take(b, 12);
        if (take(b, 5) > 7) {
            take(b, 1);
        }
        if (delay != 0 && take(b, 1)) {
            take(b, delay);
            take(b, delay);
            take(b, 1);
        }
        if (display_delay && take(b, 1)) {
            take(b, 4);
        }
    }
}

static bool read_av1_sequence(struct bytes header, struct picture_size *ret) {
    struct bits b = {.bytes = header};
    take(&b, 4);
    if (take(&b, 1)) { /* reduced_still_picture_header */
        take(&b, 5);
    } else {
        skip_av1_points(&b);
    }
    const unsigned width_bits = take(&b, 4) + 1, height_bits = take(&b, 4) + 1;
    const uint32_t width = take(&b, width_bits) + 1, height = take(&b, height_bits) + 1;
    return !b.over && set(width, height, ret);
}

static bool read_av1(struct bytes payload, struct picture_size *ret) {
    struct av1_aggregation a;
    struct bytes unit;
    if (av1_parse(payload, &a) < 0 || a.continues) {
        return false;
    }
    struct bytes rest = bytes_from(payload, 1);
    for (unsigned i = 1; av1_next_unit(&a, i, &rest, &unit); i++) {
        const unsigned type = unit.n > 0 ? unit.p[0] >> 3 & 15 : 0;
        if (type != 1 && type != 2) {
            return false; /* before the sequence header only a temporal delimiter may stand */
        }
        if (type == 1) {
            /* the header has an extension byte and a size of its own when it says so */
            size_t at = 1 + (unit.p[0] >> 2 & 1u);
            if (unit.p[0] & 0x02) {
                while (at < unit.n && unit.p[at] & 0x80) {
                    at++;
                }
                at++;
            }
            return read_av1_sequence(bytes_from(unit, at), ret);
        }
    }
    return false;
}

bool picture_size_read(enum media_codec codec, struct bytes payload, struct picture_size *ret) {
    switch (codec) {
    case CODEC_VP8:
        return read_vp8(payload, ret);
    case CODEC_VP9:
        return read_vp9(payload, ret);
    case CODEC_H264:
        return read_h264(payload, ret);
    case CODEC_AV1:
        return read_av1(payload, ret);
    case CODEC_NONE:
    case CODEC_OPUS:
    case CODEC_COUNT:
        break;
    }
    return false;
}
