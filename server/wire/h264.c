#include "wire/h264.h"

#include <errno.h>

enum { /* ITU-T H.264 table 7-1, RFC 6184 table 1 */
       NAL_SLICE = 1,
       NAL_PARTITION_A = 2,
       NAL_IDR = 5,
       NAL_SEI = 6,
       NAL_SPS = 7,
       NAL_PPS = 8,
       NAL_DELIMITER = 9,
       NAL_LAST = 23,
       STAP_A = 24,
       FU_A = 28
};

/* `rest` is the NAL unit after its header. */
static struct payload_info inspect_unit(unsigned type, struct bytes rest) {
    /* first_mb_in_slice is ue(v): zero is a single 1 bit */
    bool first_slice = rest.n > 0 && rest.p[0] & 0x80;
    switch (type) {
    case NAL_SLICE:
    case NAL_PARTITION_A:
        return (struct payload_info){.frame_start = first_slice};
    case NAL_IDR:
        return (struct payload_info){.frame_start = first_slice, .key_frame = first_slice};
    case NAL_SPS:
        return (struct payload_info){.frame_start = true, .key_frame = true};
    case NAL_SEI:
    case NAL_PPS:
    case NAL_DELIMITER:
        return (struct payload_info){.frame_start = true};
    default:
        return (struct payload_info){0};
    }
}

static int inspect_aggregate(struct bytes rest, struct payload_info *ret) {
    struct payload_info all = {0};
    if (rest.n == 0) {
        return -EBADMSG;
    }
    while (rest.n) {
        size_t size = rest.n < 2 ? 0 : read_be16(rest.p);
        unsigned type = size && rest.n >= 2 + size ? rest.p[2] & 0x1f : 0;
        if (type == 0 || type > NAL_LAST) {
            return -EBADMSG;
        }
        struct payload_info one = inspect_unit(type, bytes_of(rest.p + 3, size - 1));
        all.frame_start |= one.frame_start;
        all.key_frame |= one.key_frame;
        rest = bytes_from(rest, 2 + size);
    }
    *ret = all;
    return 0;
}

static int inspect_fragment(struct bytes payload, struct payload_info *ret) {
    if (payload.n < 3) {
        return -EBADMSG;
    }
    bool start = payload.p[1] & 0x80, end = payload.p[1] & 0x40;
    unsigned type = payload.p[1] & 0x1f;
    if ((start && end) || type == 0 || type > NAL_LAST) {
        return -EBADMSG; /* RFC 6184 §5.8 */
    }
    *ret = start ? inspect_unit(type, bytes_from(payload, 2)) : (struct payload_info){0};
    return 0;
}

int h264_inspect(struct bytes payload, struct payload_info *ret) {
    if (payload.n == 0) {
        return -EBADMSG;
    }
    unsigned type = payload.p[0] & 0x1f;
    if (type == STAP_A) {
        return inspect_aggregate(bytes_from(payload, 1), ret);
    }
    if (type == FU_A) {
        return inspect_fragment(payload, ret);
    }
    if (type == 0 || type > NAL_LAST) {
        return -EBADMSG;
    }
    *ret = inspect_unit(type, bytes_from(payload, 1));
    return 0;
}

static int hex_digit(uint8_t c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum h264_profile h264_profile_of(struct bytes text) {
    /* RFC 6184 table 5: profile_idc, the bits of profile-iop that matter, and their value */
    static const struct {
        uint8_t idc, mask, value;
        enum h264_profile profile;
    } table[] = {
        {0x42, 0x4f, 0x40, H264_CONSTRAINED_BASELINE},
        {0x4d, 0x8f, 0x80, H264_CONSTRAINED_BASELINE},
        {0x58, 0xcf, 0xc0, H264_CONSTRAINED_BASELINE},
        {0x42, 0x4f, 0x00, H264_BASELINE},
        {0x58, 0xcf, 0x80, H264_BASELINE},
        {0x4d, 0xaf, 0x00, H264_MAIN},
        {0x64, 0xff, 0x00, H264_HIGH},
        {0x64, 0xff, 0x0c, H264_CONSTRAINED_HIGH},
    };
    uint8_t value[3];
    if (text.n != 6) {
        return H264_OTHER;
    }
    for (size_t i = 0; i < 3; i++) {
        int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return H264_OTHER;
        }
        value[i] = (uint8_t)(high << 4 | low);
    }
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (value[0] == table[i].idc && (value[1] & table[i].mask) == table[i].value) {
            return table[i].profile;
        }
    }
    return H264_OTHER;
}
