/* wire/rtp.h: RTP packets (RFC 3550 §5) and header extensions (RFC 8285). No allocation; spans
 * point into the packet. */
#pragma once
#include "base/spans.h"

#define RTP_HEADER_MIN 12
#define RTP_EXTENSIONS_MAX 16  /* elements written into one header */
#define RTP_EXTENSION_MAX 1024 /* bytes of their values together */
#define RTP_ONE_BYTE_PROFILE 0xbede
#define RTP_TWO_BYTE_PROFILE 0x1000 /* the low four bits are appbits */

struct rtp_header {
    uint8_t payload_type; /* 0..127 */
    bool marker;
    uint8_t csrc_count;
    uint8_t padding_size; /* bytes after the payload, with the count byte; 0: no padding */
    uint16_t sequence;
    uint16_t extension_profile; /* 0 without an extension */
    uint32_t timestamp;
    uint32_t ssrc;
    size_t header_size;     /* with CSRCs and the extension: where the payload starts */
    struct bytes extension; /* its body, without profile and length */
    struct bytes payload;   /* without padding */
};

/* Parses a whole packet: version 2, every length checked. 0, or -EBADMSG. */
int rtp_parse(struct bytes packet, struct rtp_header *ret);

/* True for RTCP among RTP and RTCP on one port (RFC 5761 §4). False for less than two bytes. */
bool rtp_is_rtcp(struct bytes packet);

/* Walks the elements of both forms of RFC 8285; other profiles have none. A malformed rest ends the
 * walk (what came before is still good). */
struct rtp_extension_reader {
    struct bytes rest;
    bool two_byte;
};

void rtp_extension_reader_init(struct rtp_extension_reader *r, const struct rtp_header *header);

/* True with the next element: id 1..14 (one-byte form) or 1..255, or false at the end. */
bool rtp_extension_next(struct rtp_extension_reader *r, uint8_t *ret_id, struct bytes *ret_value);

/* The value of the first element with `id`. `p` is NULL when it is not there or `id` is 0. */
struct bytes rtp_extension_find(const struct rtp_header *header, uint8_t id);

struct rtp_extension_value {
    uint8_t id; /* 1..255 */
    struct bytes value;
};

/* Writes a header from marker, payload_type, sequence, timestamp and ssrc (no CSRC), with the P bit
 * when padding_size is not 0 (the padding itself is the caller's). With `count` 0 there is no
 * extension. One-byte form when all ids are 1..14 and all values 1..16 bytes, else two-byte form.
 * Returns the size, -ENOSPC, or -EINVAL for an id 0, a value over 255 bytes, or more than
 * RTP_EXTENSIONS_MAX or RTP_EXTENSION_MAX allow. */
int rtp_write_header(struct room room, const struct rtp_header *header,
                     const struct rtp_extension_value *extensions, size_t count);

/* The signed distance from `b` to `a` on the circle of 16 bits: > 0 when `a` is newer. */
static inline int rtp_sequence_diff(uint16_t a, uint16_t b) {
    return (int16_t)(uint16_t)(a - b);
}
