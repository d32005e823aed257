#include "input/promise.h"

#include <string.h>

static bool begins(struct bytes b, const char *magic, size_t n) {
    return b.n >= n && memcmp(b.p, magic, n) == 0;
}

static uint32_t le16(const uint8_t *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le24(const uint8_t *p) {
    return le16(p) | (uint32_t)p[2] << 16;
}

/* ITU-T T.81 B.1.1.3: the frame header is any SOFn; C4, C8 and CC are none. */
static bool is_frame_header(uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool read_jpeg(struct bytes b, uint32_t *ret_width, uint32_t *ret_height) {
    size_t at = 2;
    while (at + 9 <= b.n && b.p[at] == 0xff) {
        const uint8_t marker = b.p[at + 1];
        if (marker == 0xff) { /* a fill byte */
            at++;
        } else if (is_frame_header(marker)) {
            *ret_height = read_be16(b.p + at + 5);
            *ret_width = read_be16(b.p + at + 7);
            return true;
        } else if (marker == 0xda || marker == 0xd9) {
            return false; /* pixels, or the end */
        } else {
            const size_t size = read_be16(b.p + at + 2);
            at += size < 2 ? b.n : 2 + size;
        }
    }
    return false;
}

/* RIFF, WEBP, and one of three kinds of first chunk (RFC 9649 §2.5 to 2.7). */
static bool read_webp(struct bytes b, uint32_t *ret_width, uint32_t *ret_height) {
    if (b.n < 30 || memcmp(b.p + 8, "WEBPVP8", 7) != 0) {
        return false;
    }
    const uint8_t *p = b.p + 20;
    switch (b.p[15]) {
    case 'X':
        *ret_width = le24(p + 4) + 1;
        *ret_height = le24(p + 7) + 1;
        return true;
    case 'L':
        *ret_width = (le16(p + 1) & 0x3fff) + 1;
        *ret_height = (le24(p + 2) >> 6 & 0x3fff) + 1;
        return true;
    default:
        *ret_width = le16(p + 6) & 0x3fff;
        *ret_height = le16(p + 8) & 0x3fff;
        return true;
    }
}

/* " W1280 H720 …" on the first line; too many digits are as good as the most. */
static bool read_number(struct bytes line, const char *tag, uint32_t *ret) {
    const uint8_t *at = memmem(line.p, line.n, tag, 2);
    if (!at) {
        return false;
    }
    uint64_t value = 0;
    for (at += 2; at < line.p + line.n && *at >= '0' && *at <= '9'; at++) {
        value = value > UINT32_MAX / 10 ? UINT32_MAX / 10 : value * 10 + (uint64_t)(*at - '0');
    }
    *ret = (uint32_t)value;
    return true;
}

static bool read_y4m(struct bytes b, uint32_t *ret_width, uint32_t *ret_height) {
    const uint8_t *end = memchr(b.p, '\n', b.n);
    const struct bytes line = bytes_of(b.p, end ? (size_t)(end - b.p) : b.n);
    return read_number(line, " W", ret_width) && read_number(line, " H", ret_height);
}

bool promise_read(struct bytes b, uint32_t *ret_width, uint32_t *ret_height) {
    if (begins(b, "\x89PNG\r\n\x1a\n", 8) && b.n >= 24) {
        *ret_width = read_be32(b.p + 16);
        *ret_height = read_be32(b.p + 20);
        return true;
    }
    if (begins(b, "\xff\xd8\xff", 3)) {
        return read_jpeg(b, ret_width, ret_height);
    }
    if ((begins(b, "GIF87a", 6) || begins(b, "GIF89a", 6)) && b.n >= 10) {
        *ret_width = le16(b.p + 6);
        *ret_height = le16(b.p + 8);
        return true;
    }
    if (begins(b, "BM", 2) && b.n >= 26 && le16(b.p + 14) >= 40) { /* heights may be negative */
        const uint32_t h = le16(b.p + 22) | le16(b.p + 24) << 16;
        *ret_width = le16(b.p + 18) | le16(b.p + 20) << 16;
        *ret_height = h > INT32_MAX ? 0u - h : h;
        return true;
    }
    if (begins(b, "RIFF", 4)) {
        return read_webp(b, ret_width, ret_height);
    }
    return begins(b, "YUV4MPEG2", 9) && read_y4m(b, ret_width, ret_height);
}
