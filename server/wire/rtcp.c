#include "wire/rtcp.h"

#include <errno.h>

#define VERSION 2
#define HEADER 4
#define SENDER_INFO 24 /* SSRC and sender info of an SR */
#define REPORT 24
#define CNAME 1

int rtcp_next(struct bytes *rest, struct rtcp_packet *ret) {
    if (rest->n == 0) {
        return 0;
    }
    const uint8_t *p = rest->p;
    if (rest->n < HEADER || p[0] >> 6 != VERSION) {
        return -EBADMSG;
    }
    size_t body = 4u * read_be16(p + 2);
    if (body > rest->n - HEADER) {
        return -EBADMSG;
    }
    size_t padding = 0;
    if (p[0] & 0x20) {
        padding = body ? p[HEADER + body - 1] : 0;
        if (padding == 0 || padding > body) {
            return -EBADMSG;
        }
    }
    ret->type = p[1];
    ret->count = p[0] & 0x1f;
    ret->body = bytes_of(p + HEADER, body - padding);
    *rest = bytes_from(*rest, HEADER + body);
    return 1;
}

/* ---- reading ---- */

int rtcp_parse_sr(const struct rtcp_packet *packet, struct rtcp_sender_report *ret) {
    const uint8_t *p = packet->body.p;
    if (packet->type != RTCP_SR || packet->body.n < SENDER_INFO) {
        return -EBADMSG;
    }
    *ret = (struct rtcp_sender_report){.ssrc = read_be32(p),
                                       .ntp = read_be64(p + 4),
                                       .rtp = read_be32(p + 12),
                                       .packets = read_be32(p + 16),
                                       .octets = read_be32(p + 20)};
    return 0;
}

int rtcp_parse_report(const struct rtcp_packet *packet, size_t index, struct rtcp_report *ret) {
    if (packet->type != RTCP_SR && packet->type != RTCP_RR) {
        return -EBADMSG;
    }
    if (index >= packet->count) {
        return -ENOENT;
    }
    size_t at = (packet->type == RTCP_SR ? SENDER_INFO : 4) + index * REPORT;
    if (packet->body.n < at + REPORT) {
        return -EBADMSG;
    }
    const uint8_t *p = packet->body.p + at;
    int32_t lost = (int32_t)read_be24(p + 5);
    *ret = (struct rtcp_report){.ssrc = read_be32(p),
                                .fraction_lost = p[4],
                                .lost = lost & 0x800000 ? lost - 0x1000000 : lost,
                                .highest = read_be32(p + 8),
                                .jitter = read_be32(p + 12),
                                .last_sr = read_be32(p + 16),
                                .delay = read_be32(p + 20)};
    return 0;
}

/* Takes one SDES chunk off `rest`. 1 when it had a CNAME, 0 when not, or -EBADMSG. */
static int parse_chunk(struct bytes *rest, uint32_t *ret_ssrc, struct bytes *ret_cname) {
    if (rest->n < 4) {
        return -EBADMSG;
    }
    uint32_t ssrc = read_be32(rest->p);
    struct bytes cname = {NULL, 0};
    bool found = false;
    size_t at = 4;
    while (at < rest->n && rest->p[at] != 0) {
        if (rest->n - at < 2 || rest->n - at - 2 < rest->p[at + 1]) {
            return -EBADMSG;
        }
        if (rest->p[at] == CNAME && !found) {
            found = true;
            cname = bytes_of(rest->p + at + 2, rest->p[at + 1]);
        }
        at += 2u + rest->p[at + 1];
    }
    if (at >= rest->n) {
        return -EBADMSG; /* every chunk ends with a zero, padded to 32 bits */
    }
    at = (at + 4) & ~(size_t)3;
    *rest = bytes_from(*rest, at);
    if (found) {
        *ret_ssrc = ssrc;
        *ret_cname = cname;
    }
    return found;
}

int rtcp_parse_sdes(const struct rtcp_packet *packet, uint32_t *ret_ssrc, struct bytes *ret_cname) {
    if (packet->type != RTCP_SDES) {
        return -EBADMSG;
    }
    struct bytes rest = packet->body;
    for (unsigned i = 0; i < packet->count; i++) {
        int r = parse_chunk(&rest, ret_ssrc, ret_cname);
        if (r != 0) {
            return r < 0 ? r : 0;
        }
    }
    return -ENOENT;
}

int rtcp_parse_bye(const struct rtcp_packet *packet, uint32_t ret_ssrcs[static RTCP_SOURCES_MAX]) {
    if (packet->type != RTCP_BYE || packet->body.n < 4u * packet->count) {
        return -EBADMSG;
    }
    for (unsigned i = 0; i < packet->count; i++) {
        ret_ssrcs[i] = read_be32(packet->body.p + 4u * i);
    }
    return packet->count;
}

int rtcp_parse_feedback(const struct rtcp_packet *packet, uint32_t *ret_sender,
                        uint32_t *ret_media) {
    if ((packet->type != RTCP_RTPFB && packet->type != RTCP_PSFB) || packet->body.n < 8) {
        return -EBADMSG;
    }
    *ret_sender = read_be32(packet->body.p);
    *ret_media = read_be32(packet->body.p + 4);
    return 0;
}

int rtcp_nack_reader_init(struct rtcp_nack_reader *r, const struct rtcp_packet *packet) {
    if (packet->type != RTCP_RTPFB || packet->count != RTCP_RTPFB_NACK || packet->body.n < 8) {
        return -EBADMSG;
    }
    *r = (struct rtcp_nack_reader){.rest = bytes_from(packet->body, 8), .bit = 17};
    return 0;
}

bool rtcp_nack_next(struct rtcp_nack_reader *r, uint16_t *ret_sequence) {
    for (; r->bit <= 16; r->bit++) {
        if (r->blp & (1u << (r->bit - 1))) {
            *ret_sequence = (uint16_t)(r->pid + r->bit);
            r->bit++;
            return true;
        }
    }
    if (r->rest.n < 4) {
        return false;
    }
    r->pid = read_be16(r->rest.p);
    r->blp = read_be16(r->rest.p + 2);
    r->bit = 1;
    r->rest = bytes_from(r->rest, 4);
    *ret_sequence = r->pid;
    return true;
}

bool rtcp_is_pli(const struct rtcp_packet *packet) {
    return packet->type == RTCP_PSFB && packet->count == RTCP_PSFB_PLI && packet->body.n >= 8;
}

int rtcp_parse_fir(const struct rtcp_packet *packet, size_t index, uint32_t *ret_ssrc,
                   uint8_t *ret_command) {
    if (packet->type != RTCP_PSFB || packet->count != RTCP_PSFB_FIR || packet->body.n < 8) {
        return -EBADMSG;
    }
    if (index >= (packet->body.n - 8) / 8) {
        return -ENOENT;
    }
    const uint8_t *p = packet->body.p + 8 + 8 * index;
    *ret_ssrc = read_be32(p);
    *ret_command = p[4];
    return 0;
}

int rtcp_parse_remb(const struct rtcp_packet *packet, uint64_t *ret_bitrate) {
    if (packet->type != RTCP_PSFB || packet->count != RTCP_PSFB_AFB || packet->body.n < 8) {
        return -EBADMSG;
    }
    const uint8_t *p = packet->body.p;
    if (packet->body.n < 12 || memcmp(p + 8, "REMB", 4) != 0) {
        return -ENOENT;
    }
    if (packet->body.n < 16 || packet->body.n < 16 + 4u * p[12]) {
        return -EBADMSG;
    }
    unsigned exponent = p[13] >> 2;
    uint64_t mantissa = read_be24(p + 13) & 0x3ffff;
    if (exponent > 64 - 18) {
        return -EBADMSG; /* more than 64 bits a second */
    }
    *ret_bitrate = mantissa << exponent;
    return 0;
}

/* ---- writing ---- */

/* Writes the header of a packet of `size` bytes in all. The body's room, or NULL. */
static uint8_t *begin(struct room room, size_t size, enum rtcp_type type, unsigned count) {
    if (room.n < size) {
        return NULL;
    }
    room.p[0] = (uint8_t)(VERSION << 6 | count);
    room.p[1] = (uint8_t)type;
    write_be16(room.p + 2, (uint16_t)(size / 4 - 1));
    return room.p + HEADER;
}

static void write_reports(uint8_t *p, const struct rtcp_report *reports, size_t count) {
    for (size_t i = 0; i < count; i++, p += REPORT) {
        const struct rtcp_report *r = &reports[i];
        int32_t lost = r->lost > 0x7fffff ? 0x7fffff : r->lost < -0x800000 ? -0x800000 : r->lost;
        write_be32(p, r->ssrc);
        p[4] = r->fraction_lost;
        write_be24(p + 5, (uint32_t)lost & 0xffffff);
        write_be32(p + 8, r->highest);
        write_be32(p + 12, r->jitter);
        write_be32(p + 16, r->last_sr);
        write_be32(p + 20, r->delay);
    }
}

int rtcp_write_sr(struct room room, const struct rtcp_sender_report *sr,
                  const struct rtcp_report *reports, size_t count) {
    if (count > RTCP_REPORTS_MAX) {
        return -EINVAL;
    }
    size_t size = HEADER + SENDER_INFO + count * REPORT;
    uint8_t *p = begin(room, size, RTCP_SR, (unsigned)count);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, sr->ssrc);
    write_be64(p + 4, sr->ntp);
    write_be32(p + 12, sr->rtp);
    write_be32(p + 16, sr->packets);
    write_be32(p + 20, sr->octets);
    write_reports(p + SENDER_INFO, reports, count);
    return (int)size;
}

int rtcp_write_rr(struct room room, uint32_t sender, const struct rtcp_report *reports,
                  size_t count) {
    if (count > RTCP_REPORTS_MAX) {
        return -EINVAL;
    }
    size_t size = HEADER + 4 + count * REPORT;
    uint8_t *p = begin(room, size, RTCP_RR, (unsigned)count);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, sender);
    write_reports(p + 4, reports, count);
    return (int)size;
}

int rtcp_write_sdes(struct room room, uint32_t ssrc, struct bytes cname) {
    if (cname.n > RTCP_CNAME_MAX) {
        return -EINVAL;
    }
    size_t used = HEADER + 4 + 2 + cname.n;
    size_t size = (used + 4) & ~(size_t)3; /* at least one zero ends the chunk */
    uint8_t *p = begin(room, size, RTCP_SDES, 1);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, ssrc);
    p[4] = CNAME;
    p[5] = (uint8_t)cname.n;
    if (cname.n) {
        memcpy(p + 6, cname.p, cname.n);
    }
    memset(p + 6 + cname.n, 0, size - used);
    return (int)size;
}

int rtcp_write_bye(struct room room, const uint32_t *ssrcs, size_t count) {
    if (count > RTCP_SOURCES_MAX) {
        return -EINVAL;
    }
    uint8_t *p = begin(room, HEADER + 4 * count, RTCP_BYE, (unsigned)count);
    if (!p) {
        return -ENOSPC;
    }
    for (size_t i = 0; i < count; i++) {
        write_be32(p + 4 * i, ssrcs[i]);
    }
    return (int)(HEADER + 4 * count);
}

int rtcp_write_nack(struct room room, uint32_t sender, uint32_t media, const uint16_t *sequences,
                    size_t count, size_t *ret_written) {
    size_t size = HEADER + 8, i = 0;
    if (count == 0) {
        return -EINVAL;
    }
    while (i < count && size + 4 <= room.n && size < 4 * UINT16_MAX) {
        uint16_t pid = sequences[i++], blp = 0;
        for (uint16_t ahead; i < count; i++) {
            ahead = (uint16_t)(sequences[i] - pid);
            if (ahead == 0) {
                continue; /* named twice */
            }
            if (ahead > 16) {
                break;
            }
            blp |= (uint16_t)(1u << (ahead - 1));
        }
        write_be16(room.p + size, pid);
        write_be16(room.p + size + 2, blp);
        size += 4;
    }
    if (i == 0) {
        return -ENOSPC;
    }
    uint8_t *p = begin(room, size, RTCP_RTPFB, RTCP_RTPFB_NACK);
    write_be32(p, sender);
    write_be32(p + 4, media);
    if (ret_written) {
        *ret_written = i;
    }
    return (int)size;
}

int rtcp_write_pli(struct room room, uint32_t sender, uint32_t media) {
    uint8_t *p = begin(room, HEADER + 8, RTCP_PSFB, RTCP_PSFB_PLI);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, sender);
    write_be32(p + 4, media);
    return HEADER + 8;
}

int rtcp_write_fir(struct room room, uint32_t sender, uint32_t media, uint8_t command) {
    uint8_t *p = begin(room, HEADER + 16, RTCP_PSFB, RTCP_PSFB_FIR);
    if (!p) {
        return -ENOSPC;
    }
    write_be32(p, sender);
    write_be32(p + 4, 0); /* RFC 5104 §4.3.1.2: the target is in the entry */
    write_be32(p + 8, media);
    write_be32(p + 12, (uint32_t)command << 24);
    return HEADER + 16;
}

int rtcp_write_remb(struct room room, uint32_t sender, uint64_t bitrate, const uint32_t *ssrcs,
                    size_t count) {
    if (count > 255) {
        return -EINVAL;
    }
    size_t size = HEADER + 16 + 4 * count;
    uint8_t *p = begin(room, size, RTCP_PSFB, RTCP_PSFB_AFB);
    if (!p) {
        return -ENOSPC;
    }
    unsigned exponent = 0;
    for (; bitrate > 0x3ffff; bitrate >>= 1) {
        exponent++;
    }
    write_be32(p, sender);
    write_be32(p + 4, 0);
    memcpy(p + 8, "REMB", 4);
    p[12] = (uint8_t)count;
    write_be24(p + 13, (uint32_t)(exponent << 18 | bitrate));
    for (size_t i = 0; i < count; i++) {
        write_be32(p + 16 + 4 * i, ssrcs[i]);
    }
    return (int)size;
}
