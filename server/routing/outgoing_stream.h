/* routing/outgoing_stream.h: the numbers of one stream to one viewer: contiguous sequence numbers
 * and rising timestamps whatever feeds it. Instead of an entry per packet it keeps a few ranges
 * (place in the source → number, time, picture id); a packet's plaintext is a pure function of its
 * range and its fragment, so a retransmission is byte for byte what was sent (same SRTP index, same
 * plaintext: GCM never sees a nonce twice with different text).
 *
 * Transport-wide numbers are taken when a packet is sent, so they are no function of its index. A
 * stream whose packets may be sent a second time under one index (NACK without RTX) therefore has
 * none, and one that has them but no RTX repeats nothing.
 *
 * Times. All live times of a stream lie on one line from our clock to RTP ticks, chosen at random
 * at the start; a switch puts the new source onto the same line, so the mapping of the sender
 * reports does not jump. Frames that are caught up (cached GOP, seek) are squeezed just before it.
 */
#pragma once
#include "base/clock.h"
#include "routing/fragment.h"
#include "routing/outgoing.h"
#include "wire/rtcp.h"

#define STREAM_RANGES 12
#define STREAM_RETRANSMISSIONS_MAX 64 /* waiting at once */
#define STREAM_PADDING 224
#define STREAM_RECENT 64 /* remembered, so that nothing is repeated within a round trip */
#define STREAM_REPORT_EARLY MSEC(250)
#define STREAM_REPORT_INTERVAL SEC(1)
#define STREAM_SQUEEZE_TICKS 90 /* between frames that are caught up: 1 ms of video */

/* A stretch of consecutive source packets and what is added to each. */
struct stream_range {
    uint64_t source_start; /* sequence in the source */
    uint64_t start;        /* index (ROC << 16 | seq) of it */
    uint32_t timestamp; /* out = in + timestamp; or of the first frame, when squeezed or scaled */
    uint32_t base;      /* first frame number (squeezed), first source time (scaled) */
    uint16_t squeeze;   /* ticks per frame, 0: not squeezed */
    uint16_t rate_percent; /* source ticks are divided by this rate; 0: not scaled */
    uint16_t picture_id;   /* added */
    uint16_t frame_number; /* added, in the dependency descriptor */
    uint8_t tl0picidx;     /* added */
};

/* How a viewer receives, from its receiver reports. */
struct stream_quality {
    bool known;
    float loss;      /* share lost since the last report, smoothed */
    uint32_t rtt_ms; /* 0: unknown */
    uint8_t dots;    /* 1 bad … 4 good */
};

struct stream_recent {
    uint16_t sequence;
    uint16_t at_ms;
};

struct outgoing_stream {
    const struct media_line *line;       /* of the session, outlives the stream */
    const struct media_payload *payload; /* in use; NULL before the first codec */
    uint64_t next;                       /* index of the next packet */
    uint64_t rtx_next;                   /* and of the next RTX packet */
    uint32_t rtp_zero;                   /* RTP time at local time `zero` */
    int64_t zero;
    uint32_t clock_rate;
    bool placed; /* zero is set */
    uint8_t template_size;
    bool numbered;                /* packets have a place for a transport-wide number */
    uint8_t number_at;            /* in the template; 0: none */
    uint8_t level_from, level_at; /* element and value of the audio level; 0: none */
    uint8_t template[48];         /* header of a packet without extras: all but a few bytes fixed */

    uint32_t last_timestamp;
    uint16_t last_picture_id, last_frame_number;
    uint8_t last_tl0picidx;
    uint8_t range_count, range_newest;
    struct stream_range ranges[STREAM_RANGES];

    uint32_t packets, octets, packets_reported;
    uint8_t early_reports; /* still to come soon after a start or switch */
    uint64_t bytes;        /* sent, with headers and retransmissions; for rates */
    uint64_t retransmitted;
    usec_t report_due;
    int64_t retransmission_credit; /* bytes */
    uint8_t queue_first, queue_count, recent_next, recent_count;
    uint16_t queue[STREAM_RETRANSMISSIONS_MAX];
    struct stream_recent recent[STREAM_RECENT];
    struct stream_quality quality;
};

/* `line` is the viewer's, with ssrc, rtx_ssrc, payloads and extension ids. Sequence numbers start
 * below 2^15 (libsrtp), they and the first time come from `seed`. */
void outgoing_stream_init(struct outgoing_stream *s, const struct media_line *line, uint64_t seed);

/* Chooses the viewer's payload type. `fmtp` of the source prefers an equal H.264 profile; may be
 * "". 0, or -ENOTSUP when the viewer did not negotiate the codec. */
int outgoing_stream_set_codec(struct outgoing_stream *s, enum media_codec codec, const char *fmtp);

/* The next time of the stream: on the line, but after what was sent last, with `frames` frames
 * before it that are caught up. Fills timestamp, squeeze and base of a squeezed range that starts
 * with frame number `first`, and returns the exact time of the frame after them. */
uint32_t outgoing_stream_place(struct outgoing_stream *s, int64_t local, uint32_t frames,
                               uint32_t first, struct stream_range *ret);

/* RTP time on the line at local time `local`. The first call places the line. */
uint32_t outgoing_stream_time(struct outgoing_stream *s, int64_t local);

/* Starts a range with this fragment, the first of its frame. timestamp, squeeze, base and
 * rate_percent are the caller's; the rest is filled in here so that it follows what was sent last.
 */
void outgoing_stream_begin(struct outgoing_stream *s, const struct fragment *f,
                           struct stream_range range);

/* Starts a range that goes on with the frames of the newest one under other times: what picture ids
 * and frame numbers are rewritten by stays. */
void outgoing_stream_continue(struct outgoing_stream *s, const struct fragment *f,
                              struct stream_range range);

/* The next packet. */
void outgoing_stream_write(struct outgoing_stream *s, const struct fragment *f,
                           struct outgoing *ret);

/* A viewer asks for `sequence` again. 0 queued, -ENOENT never sent, not repeated or too old,
 * -EALREADY asked for within a round trip, -ENOBUFS over the budget. */
int outgoing_stream_nack(struct outgoing_stream *s, uint16_t sequence, usec_t now);

/* Takes the next number off the queue: 1 with the index it had and its place in the source
 * (range in *ret_range), 0: drained. */
int outgoing_stream_next_nack(struct outgoing_stream *s, uint64_t *ret_index, uint64_t *ret_source,
                              const struct stream_range **ret_range);

/* Writes it again: RTX when negotiated (RFC 4588), else byte for byte. */
void outgoing_stream_rewrite(struct outgoing_stream *s, const struct fragment *f, uint64_t index,
                             const struct stream_range *range, struct outgoing *ret);

/* RTX that carries nothing but padding, STREAM_PADDING bytes of it (for probes). False when there
 * is no RTX, or nothing was sent yet. */
bool outgoing_stream_pad(struct outgoing_stream *s, struct outgoing *ret);

/* The newest packet that was sent, to be repeated by RTX as a bigger probe: true with its index and
 * place as outgoing_stream_next_nack. The budget of retransmissions is not touched. */
void outgoing_stream_repeat(struct outgoing_stream *s, const struct fragment *f, uint64_t index,
                            const struct stream_range *range, struct outgoing *ret);
bool outgoing_stream_newest(const struct outgoing_stream *s, uint64_t *ret_index,
                            uint64_t *ret_source, const struct stream_range **ret_range);

/* Reports are due at once after a start or switch, thrice more STREAM_REPORT_EARLY apart (receivers
 * want two before they trust them), then every STREAM_REPORT_INTERVAL. */
bool outgoing_stream_report_is_due(const struct outgoing_stream *s, usec_t now);
void outgoing_stream_report_soon(struct outgoing_stream *s, usec_t now);

/* SR and SDES (RFC 3550 §6.4.1): `rtp` is the stream's time now. Size, 0 when nothing was sent
 * since the last one, or -ENOSPC. */
int outgoing_stream_report(struct outgoing_stream *s, uint32_t rtp, uint64_t unix_usec, usec_t now,
                           struct bytes cname, struct room room);

/* A report block about this stream (other SSRCs are ignored: false). */
bool outgoing_stream_receiver_report(struct outgoing_stream *s, const struct rtcp_report *report,
                                     uint64_t unix_usec);
