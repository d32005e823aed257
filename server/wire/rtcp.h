/* wire/rtcp.h: RTCP compound packets (RFC 3550 §6, RFC 4585, RFC 5104, REMB). To be read only after
 * SRTCP was verified. No allocation; spans point into the packet. */
#pragma once
#include "base/spans.h"

enum rtcp_type {
    RTCP_SR = 200,
    RTCP_RR = 201,
    RTCP_SDES = 202,
    RTCP_BYE = 203,
    RTCP_APP = 204,
    RTCP_RTPFB = 205,
    RTCP_PSFB = 206,
    RTCP_XR = 207
};

enum { RTCP_RTPFB_NACK = 1, RTCP_RTPFB_TWCC = 15 };
enum { RTCP_PSFB_PLI = 1, RTCP_PSFB_FIR = 4, RTCP_PSFB_AFB = 15 /* REMB */ };

#define RTCP_CNAME_MAX 255
#define RTCP_REPORTS_MAX 31
#define RTCP_SOURCES_MAX 31

/* One packet of a compound. */
struct rtcp_packet {
    uint8_t type;
    uint8_t count;     /* reports, sources or the feedback format (FMT) */
    struct bytes body; /* after the four header bytes, without padding */
};

/* Takes the next packet off the front of `rest`. 1, 0 at the end, or -EBADMSG (then stop). */
int rtcp_next(struct bytes *rest, struct rtcp_packet *ret);

struct rtcp_sender_report {
    uint32_t ssrc;
    uint64_t ntp; /* seconds since 1900, 32.32 */
    uint32_t rtp;
    uint32_t packets, octets;
};

struct rtcp_report {
    uint32_t ssrc;         /* of the stream that is reported on */
    uint8_t fraction_lost; /* of 256, since the last report */
    int32_t lost;          /* 24 bits, signed */
    uint32_t highest;      /* extended sequence number */
    uint32_t jitter;       /* in ticks of the stream */
    uint32_t last_sr;      /* middle 32 bits of the last SR's NTP time, 0: none */
    uint32_t delay;        /* since then, 1/65536 s */
};

/* SR. Report blocks follow by rtcp_parse_report. 0 or -EBADMSG (also for other types). */
int rtcp_parse_sr(const struct rtcp_packet *packet, struct rtcp_sender_report *ret);

/* The `index`-th report block of an SR or RR. 0, or -ENOENT past the last, or -EBADMSG. */
int rtcp_parse_report(const struct rtcp_packet *packet, size_t index, struct rtcp_report *ret);

/* CNAME of the first chunk of an SDES that has one. 0, -ENOENT, -EBADMSG. */
int rtcp_parse_sdes(const struct rtcp_packet *packet, uint32_t *ret_ssrc, struct bytes *ret_cname);

/* The SSRCs of a BYE. Returns their number (0..31), or -EBADMSG. */
int rtcp_parse_bye(const struct rtcp_packet *packet, uint32_t ret_ssrcs[static RTCP_SOURCES_MAX]);

/* Any RTPFB or PSFB: who says it about which stream. 0 or -EBADMSG. */
int rtcp_parse_feedback(const struct rtcp_packet *packet, uint32_t *ret_sender,
                        uint32_t *ret_media);

/* Walks the sequence numbers of a NACK (PID and BLP expanded, RFC 4585 §6.2.1). */
struct rtcp_nack_reader {
    struct bytes rest;
    uint16_t pid, blp;
    uint8_t bit; /* next bit of blp; 17: take the next pair */
};

/* 0 or -EBADMSG when it is no generic NACK. */
int rtcp_nack_reader_init(struct rtcp_nack_reader *r, const struct rtcp_packet *packet);
bool rtcp_nack_next(struct rtcp_nack_reader *r, uint16_t *ret_sequence);

bool rtcp_is_pli(const struct rtcp_packet *packet);

/* The `index`-th FIR entry (RFC 5104 §4.3.1). 0, -ENOENT past the last, -EBADMSG when it is no FIR.
 */
int rtcp_parse_fir(const struct rtcp_packet *packet, size_t index, uint32_t *ret_ssrc,
                   uint8_t *ret_command);

/* REMB (draft-alvestrand-rmcat-remb-03 §2). Bits a second. 0, -ENOENT when it is another AFB,
 * -EBADMSG. */
int rtcp_parse_remb(const struct rtcp_packet *packet, uint64_t *ret_bitrate);

/* The writers append one packet and return its size, or -ENOSPC, or -EINVAL for too many items. */

int rtcp_write_sr(struct room room, const struct rtcp_sender_report *sr,
                  const struct rtcp_report *reports, size_t count);
int rtcp_write_rr(struct room room, uint32_t sender, const struct rtcp_report *reports,
                  size_t count);
/* One chunk with a CNAME of at most 255 bytes. */
int rtcp_write_sdes(struct room room, uint32_t ssrc, struct bytes cname);
int rtcp_write_bye(struct room room, const uint32_t *ssrcs, size_t count);
/* `sequences` ascending on the circle of 16 bits; packed into as few PID and BLP pairs as they
 * need. What does not fit is left out; *ret_written says how many went in (may be NULL). */
int rtcp_write_nack(struct room room, uint32_t sender, uint32_t media, const uint16_t *sequences,
                    size_t count, size_t *ret_written);
int rtcp_write_pli(struct room room, uint32_t sender, uint32_t media);
int rtcp_write_fir(struct room room, uint32_t sender, uint32_t media, uint8_t command);
int rtcp_write_remb(struct room room, uint32_t sender, uint64_t bitrate, const uint32_t *ssrcs,
                    size_t count);
