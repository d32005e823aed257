#include "wire/rtp.h"

#include <errno.h>

#define VERSION 2
#define EXTENSION_HEADER 4
#define ONE_BYTE_ID_MAX 14

int rtp_parse(struct bytes packet, struct rtp_header *ret) {
    const uint8_t *p = packet.p;
    if (packet.n < RTP_HEADER_MIN || p[0] >> 6 != VERSION) {
        return -EBADMSG;
    }
    uint8_t csrc_count = p[0] & 0x0f;
    size_t at = RTP_HEADER_MIN + 4u * csrc_count;
    uint16_t profile = 0;
    struct bytes extension = {NULL, 0};
    if (p[0] & 0x10) {
        if (packet.n < at + EXTENSION_HEADER) {
            return -EBADMSG;
        }
        profile = read_be16(p + at);
        extension = bytes_of(p + at + EXTENSION_HEADER, 4u * read_be16(p + at + 2));
        at += EXTENSION_HEADER + extension.n;
    }
    if (packet.n < at) {
        return -EBADMSG;
    }
    uint8_t padding = 0;
    if (p[0] & 0x20) {
        padding = p[packet.n - 1];
        if (padding == 0 || padding > packet.n - at) {
            return -EBADMSG;
        }
    }
    ret->payload_type = p[1] & 0x7f;
    ret->marker = p[1] >> 7;
    ret->csrc_count = csrc_count;
    ret->padding_size = padding;
    ret->sequence = read_be16(p + 2);
    ret->extension_profile = profile;
    ret->timestamp = read_be32(p + 4);
    ret->ssrc = read_be32(p + 8);
    ret->header_size = at;
    ret->extension = extension;
    ret->payload = bytes_of(p + at, packet.n - at - padding);
    return 0;
}

bool rtp_is_rtcp(struct bytes packet) {
    return packet.n >= 2 && packet.p[1] >= 192 && packet.p[1] <= 223;
}

void rtp_extension_reader_init(struct rtp_extension_reader *r, const struct rtp_header *header) {
    r->two_byte = (header->extension_profile & 0xfff0) == RTP_TWO_BYTE_PROFILE;
    bool known = r->two_byte || header->extension_profile == RTP_ONE_BYTE_PROFILE;
    r->rest = known ? header->extension : bytes_of(NULL, 0);
}

/* RFC 8285 §4.2 and §4.3. */
bool rtp_extension_next(struct rtp_extension_reader *r, uint8_t *ret_id, struct bytes *ret_value) {
    while (r->rest.n && r->rest.p[0] == 0) { /* padding */
        r->rest = bytes_from(r->rest, 1);
    }
    size_t head = r->two_byte ? 2 : 1;
    if (r->rest.n < head) {
        r->rest = bytes_of(NULL, 0);
        return false;
    }
    uint8_t id = r->two_byte ? r->rest.p[0] : r->rest.p[0] >> 4;
    size_t size = r->two_byte ? r->rest.p[1] : (r->rest.p[0] & 15) + 1u;
    /* one-byte form: 15 ends everything; id 0 with a length is not padding, hence malformed */
    bool ends = !r->two_byte && (id == 0 || id > ONE_BYTE_ID_MAX);
    if (ends || size > r->rest.n - head) {
        r->rest = bytes_of(NULL, 0);
        return false;
    }
    *ret_id = id;
    *ret_value = bytes_of(r->rest.p + head, size);
    r->rest = bytes_from(r->rest, head + size);
    return true;
}

struct bytes rtp_extension_find(const struct rtp_header *header, uint8_t id) {
    struct rtp_extension_reader r;
    struct bytes value;
    uint8_t found;
    rtp_extension_reader_init(&r, header);
    while (id && rtp_extension_next(&r, &found, &value)) {
        if (found == id) {
            return value;
        }
    }
    return bytes_of(NULL, 0);
}

/* Size of the body in the smallest form, or -EINVAL. */
static int extension_size(const struct rtp_extension_value *extensions, size_t count,
                          bool *ret_two_byte) {
    size_t size = 0;
    bool two_byte = false;
    for (size_t i = 0; i < count; i++) {
        size_t n = extensions[i].value.n;
        if (extensions[i].id == 0 || n > 255) {
            return -EINVAL;
        }
        two_byte |= extensions[i].id > ONE_BYTE_ID_MAX || n < 1 || n > 16;
        size += n;
        if (size > RTP_EXTENSION_MAX) {
            return -EINVAL;
        }
    }
    size += count * (two_byte ? 2 : 1);
    *ret_two_byte = two_byte;
    return (int)((size + 3) & ~(size_t)3);
}

static void write_extensions(uint8_t *p, size_t size, bool two_byte,
                             const struct rtp_extension_value *extensions, size_t count) {
    write_be16(p, two_byte ? RTP_TWO_BYTE_PROFILE : RTP_ONE_BYTE_PROFILE);
    write_be16(p + 2, (uint16_t)(size / 4));
    uint8_t *end = p + EXTENSION_HEADER + size;
    p += EXTENSION_HEADER;
    for (size_t i = 0; i < count; i++) {
        struct bytes v = extensions[i].value;
        if (two_byte) {
            *p++ = extensions[i].id;
            *p++ = (uint8_t)v.n;
        } else {
            *p++ = (uint8_t)(extensions[i].id << 4 | (v.n - 1));
        }
        if (v.n) {
            memcpy(p, v.p, v.n);
        }
        p += v.n;
    }
    memset(p, 0, (size_t)(end - p));
}

int rtp_write_header(struct room room, const struct rtp_header *header,
                     const struct rtp_extension_value *extensions, size_t count) {
    bool two_byte = false;
    int extension =
        count > RTP_EXTENSIONS_MAX ? -EINVAL : extension_size(extensions, count, &two_byte);
    if (extension < 0) {
        return extension;
    }
    size_t size = RTP_HEADER_MIN + (count ? EXTENSION_HEADER + (size_t)extension : 0);
    if (room.n < size) {
        return -ENOSPC;
    }
    uint8_t *p = room.p;
    p[0] = (uint8_t)(VERSION << 6 | (header->padding_size ? 0x20 : 0) | (count ? 0x10 : 0));
    p[1] = (uint8_t)((header->marker ? 0x80 : 0) | (header->payload_type & 0x7f));
    write_be16(p + 2, header->sequence);
    write_be32(p + 4, header->timestamp);
    write_be32(p + 8, header->ssrc);
    if (count) {
        write_extensions(p + RTP_HEADER_MIN, (size_t)extension, two_byte, extensions, count);
    }
    return (int)size;
}
