#include "replay/picture_size.h"

#include "presentation/annexb.h"

#include <errno.h>
#include <stdio.h>

#define SPS_MAX 256
#define SIDE_MAX 16384

/* Bits of an SPS, the emulation prevention bytes taken out. Reads zeros past the end and says so.
 */
struct bits {
    uint8_t p[SPS_MAX];
    size_t n, at; /* bytes; bits */
    bool over;
};

static uint32_t bit(struct bits *b) {
    if (b->at >= b->n * 8) {
        b->over = true;
        return 0;
    }
    uint32_t v = (b->p[b->at / 8] >> (7 - b->at % 8)) & 1;
    b->at++;
    return v;
}

static uint32_t read_bits(struct bits *b, unsigned n) {
    uint32_t v = 0;
    while (n-- > 0) {
        v = v << 1 | bit(b);
    }
    return v;
}

/* Exp-Golomb, H.264 §9.1 */
static uint32_t ue(struct bits *b) {
    unsigned zeros = 0;
    while (!b->over && zeros < 31 && bit(b) == 0) {
        zeros++;
    }
    return (1u << zeros) - 1 + read_bits(b, zeros);
}

static void skip_scaling_list(struct bits *b, unsigned size) {
    int32_t last = 8, next = 8;
    for (unsigned i = 0; i < size && !b->over; i++) {
        if (next != 0) {
            uint32_t code = ue(b);
            int32_t delta = code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
            next = (last + delta + 256) % 256;
        }
        last = next == 0 ? last : next;
    }
}

static bool has_chroma_format(uint32_t profile) {
    static const uint8_t profiles[] = {100, 110, 122, 244, 44, 83, 86, 118, 128};
    for (size_t i = 0; i < sizeof(profiles); i++) {
        if (profiles[i] == profile) {
            return true;
        }
    }
    return false;
}

/* Up to the picture's size. Returns chroma_format_idc. */
static uint32_t skip_format(struct bits *b, uint32_t profile) {
    uint32_t chroma = 1;
    ue(b); /* seq_parameter_set_id */
    if (has_chroma_format(profile)) {
        chroma = ue(b);
        if (chroma == 3) {
            bit(b);
        }
        ue(b);
        ue(b);
        bit(b);
        if (bit(b)) {
            for (unsigned i = 0; i < (chroma == 3 ? 12u : 8u); i++) {
                if (bit(b)) {
                    skip_scaling_list(b, i < 6 ? 16 : 64);
                }
            }
        }
    }
    ue(b); /* log2_max_frame_num_minus4 */
    uint32_t order = ue(b);
    if (order == 0) {
        ue(b);
    } else if (order == 1) {
        bit(b);
        ue(b);
        ue(b);
        for (uint32_t n = ue(b); n > 0 && !b->over; n--) {
            ue(b);
        }
    }
    ue(b); /* max_num_ref_frames */
    bit(b);
    return chroma;
}

static int read_sps(struct bytes nal, struct picture_size *ret) {
    struct bits b = {0};
    for (size_t i = 1; i < nal.n && b.n < SPS_MAX; i++) {
        if (i + 1 < nal.n && i > 2 && nal.p[i] == 3 && nal.p[i - 1] == 0 && nal.p[i - 2] == 0) {
            continue;
        }
        b.p[b.n++] = nal.p[i];
    }
    uint32_t profile = read_bits(&b, 8), constraints = read_bits(&b, 8), level = read_bits(&b, 8);
    uint32_t chroma = skip_format(&b, profile);
    uint64_t width = ((uint64_t)ue(&b) + 1) * 16, height = ((uint64_t)ue(&b) + 1) * 16;
    uint32_t frames_only = bit(&b);
    if (!frames_only) {
        height *= 2;
        bit(&b);
    }
    bit(&b);
    if (bit(&b)) {
        uint64_t x = chroma == 1 || chroma == 2 ? 2 : 1;
        uint64_t y = (chroma == 1 ? 2u : 1u) * (frames_only ? 1u : 2u);
        uint64_t left = ue(&b), right = ue(&b), top = ue(&b), bottom = ue(&b);
        uint64_t wide = (left + right) * x, high = (top + bottom) * y;
        if (wide >= width || high >= height) {
            return -EBADMSG;
        }
        width -= wide;
        height -= high;
    }
    if (b.over || width > SIDE_MAX || height > SIDE_MAX) {
        return -EBADMSG;
    }
    ret->width = (uint32_t)width;
    ret->height = (uint32_t)height;
    snprintf(ret->profile, sizeof(ret->profile), "%02x%02x%02x", profile & 0xff, constraints & 0xff,
             level & 0xff);
    return 0;
}

static int read_h264(struct bytes frame, struct picture_size *ret) {
    struct bytes nal;
    while (annexb_next(&frame, &nal)) {
        if (nal.n > 0 && (nal.p[0] & 0x1f) == NAL_SPS) {
            return read_sps(nal, ret);
        }
    }
    return -EBADMSG;
}

static int read_vp8(struct bytes frame, struct picture_size *ret) {
    const uint8_t *p = frame.p;
    if (frame.n < 10 || (p[0] & 1) || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a) {
        return -EBADMSG;
    }
    *ret = (struct picture_size){.width = (uint32_t)(p[6] | p[7] << 8) & 0x3fff,
                                 .height = (uint32_t)(p[8] | p[9] << 8) & 0x3fff};
    return ret->width > 0 && ret->height > 0 ? 0 : -EBADMSG;
}

int picture_size_read(enum media_codec codec, struct bytes frame, struct picture_size *ret) {
    struct picture_size size = {0};
    int r = codec == CODEC_VP8    ? read_vp8(frame, &size)
            : codec == CODEC_H264 ? read_h264(frame, &size)
                                  : -EBADMSG;
    if (r == 0) {
        *ret = size;
    }
    return r;
}
