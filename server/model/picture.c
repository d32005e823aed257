#include "model/picture.h"

#include <errno.h>

static uint32_t le24(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static int sized(enum picture_kind kind, uint32_t width, uint32_t height, struct picture *ret) {
    if (width == 0 || height == 0) {
        return -EBADMSG;
    }
    if (width > PICTURE_SIDE_MAX || height > PICTURE_SIDE_MAX) {
        return -EFBIG;
    }
    *ret = (struct picture){.kind = kind, .width = width, .height = height};
    return 0;
}

/* ISO 10918-1, B.1 and B.2.2: markers up to the frame header. */
static int look_jpeg(struct bytes b, struct picture *ret) {
    size_t at = 2;

    while (at + 9 <= b.n) {
        uint8_t marker = b.p[at + 1];
        if (b.p[at] != 0xff) {
            return -EBADMSG;
        }
        if (marker == 0xff) { /* fill bytes */
            at++;
            continue;
        }
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) {
            return sized(PICTURE_JPEG, read_be16(b.p + at + 7), read_be16(b.p + at + 5), ret);
        }
        size_t n = read_be16(b.p + at + 2);
        if (n < 2 || marker == 0xd9 || marker == 0xda) {
            return -EBADMSG;
        }
        at += 2 + n;
    }
    return -EBADMSG;
}

/* RFC 9649 §2.5 to §2.7: a lossy, a lossless or an extended file. */
static int look_webp(struct bytes b, struct picture *ret) {
    if (b.n < 30) {
        return -EBADMSG;
    }
    const uint8_t *p = b.p + 20;
    if (memcmp(b.p + 12, "VP8X", 4) == 0) {
        return sized(PICTURE_WEBP, 1 + le24(p + 4), 1 + le24(p + 7), ret);
    }
    if (memcmp(b.p + 12, "VP8L", 4) == 0 && p[0] == 0x2f) {
        uint32_t bits = le24(p + 1) | (uint32_t)p[4] << 24;
        return sized(PICTURE_WEBP, 1 + (bits & 0x3fff), 1 + (bits >> 14 & 0x3fff), ret);
    }
    if (memcmp(b.p + 12, "VP8 ", 4) == 0 && memcmp(p + 3, "\x9d\x01\x2a", 3) == 0) {
        return sized(PICTURE_WEBP, (p[6] | p[7] << 8) & 0x3fff, (p[8] | p[9] << 8) & 0x3fff, ret);
    }
    return -EBADMSG;
}

int picture_look(struct bytes file, struct picture *ret) {
    if (file.n >= 24 && memcmp(file.p, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) == 0) {
        return sized(PICTURE_PNG, read_be32(file.p + 16), read_be32(file.p + 20), ret);
    }
    if (file.n >= 4 && file.p[0] == 0xff && file.p[1] == 0xd8) {
        return look_jpeg(file, ret);
    }
    if (file.n >= 16 && memcmp(file.p, "RIFF", 4) == 0 && memcmp(file.p + 8, "WEBP", 4) == 0) {
        return look_webp(file, ret);
    }
    return -EBADMSG;
}

const char *picture_type(enum picture_kind kind) {
    static const char *const names[] = {[PICTURE_NONE] = "application/octet-stream",
                                        [PICTURE_PNG] = "image/png",
                                        [PICTURE_JPEG] = "image/jpeg",
                                        [PICTURE_WEBP] = "image/webp"};
    return names[kind];
}

const char *picture_ending(enum picture_kind kind) {
    static const char *const names[] = {[PICTURE_NONE] = "bin",
                                        [PICTURE_PNG] = "png",
                                        [PICTURE_JPEG] = "jpg",
                                        [PICTURE_WEBP] = "webp"};
    return names[kind];
}
