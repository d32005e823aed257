/* routing/track.h: one incoming RTP stream: a ring of its packets (at once the cached group of
 * pictures and the retransmission history), loss repair towards the publisher, and the release of
 * packets to subscriptions in order.
 *
 * Release. Packets reach viewers strictly in sequence, in batches: a whole frame once its last
 * packet is there, or, while a big frame trickles in, what is in order after TRACK_BATCH_WAIT. The
 * packets of a batch are made equal in size by padding (all but the last), for UDP_SEGMENT.
 *
 * Gaps. A missing packet stops the release: nothing after it could be decoded, so waiting costs a
 * viewer no frame. NACKs go to the publisher meanwhile. After TRACK_GAP_RTTS round trips, at least
 * TRACK_GAP_MIN and at most TRACK_GAP_MAX, video is given up up to the next key frame, which is
 * asked for at once: viewers see a still, never a damaged picture, and contiguous numbers. Audio
 * waits only TRACK_AUDIO_WAIT and then goes on with the gap left open in the viewers' numbers, so
 * that their concealment and Opus FEC know of it.
 *
 * Restarts. A new SSRC or a jump in sequence, once two packets agree on it, starts a new epoch: a
 * new stretch of extended numbers; subscriptions go on with their own numbers at the first key
 * frame.
 *
 * Belongs to one media thread. */
#pragma once
#include "routing/capture_clock.h"
#include "routing/keyframe_request.h"
#include "routing/nack_generator.h"
#include "routing/packet.h"
#include "routing/rate_meter.h"
#include "routing/receive_stats.h"
#include "wire/picture_size.h"

#define TRACK_VIDEO_RING 1024
#define TRACK_AUDIO_RING 128
#define TRACK_BATCH_WAIT MSEC(3)
#define TRACK_GAP_RTTS 6
#define TRACK_GAP_MIN MSEC(200)
#define TRACK_GAP_MAX MSEC(600)
#define TRACK_REORDER_WAIT MSEC(50) /* video without NACK */
#define TRACK_AUDIO_WAIT MSEC(15)
#define TRACK_GOP_AGE_MAX SEC(3) /* older key frames are no start for a new viewer */
#define TRACK_REPORT_INTERVAL SEC(1)

struct track_counters {
    uint64_t packets, bytes, duplicates, late, repaired, frames, frames_given_up, restarts;
    uint64_t nacks, plis; /* sent to the publisher */
};

struct track {
    enum media_kind kind;
    enum media_codec codec;
    uint32_t clock_rate;
    struct media_payload payload;
    struct capture_clock *clock; /* of the source */
    struct packet **ring;
    uint64_t mask;

    bool started, waiting_for_key, frame_open;
    bool nack, pli; /* negotiated */
    bool unwatched; /* track_set_watched */
    uint32_t ssrc, own_ssrc, epoch;
    struct packet *candidate; /* first packet of what may be a restart */
    uint64_t highest;         /* newest received, extended */
    uint64_t released;        /* everything below is with the viewers or given up */
    uint64_t scan;            /* first number that was not yet found in order */
    uint64_t epoch_start;
    usec_t gap_since;   /* the packet at `scan` is known to be missing; or USEC_NEVER */
    usec_t batch_since; /* the batch from `released` to `scan` waits; or USEC_NEVER */
    uint32_t frame;     /* number of the newest released frame */
    uint32_t frame_timestamp;
    uint64_t frame_start; /* its first packet */
    uint16_t picture_id;  /* unwrapped, of the newest released frame */

    bool key_valid;
    uint64_t key_start; /* first packet of the newest released key frame */
    usec_t key_arrival;
    struct picture_size size; /* of the newest key frame that says it */

    bool anchored; /* before the first sender report: arrival times */
    uint32_t anchor_timestamp;
    int64_t anchor_local;
    bool reported;
    uint64_t report_ntp;
    uint32_t report_timestamp;

    usec_t report_due;
    struct keyframe_request keyframe;
    struct nack_generator nacks;
    struct receive_stats stats;
    struct rate_meter meter;
    struct track_counters counters;
};

/* `payload` is the one in use; `clock` is the source's, shared by its tracks, and outlives the
 * track; `own_ssrc` is the sender SSRC of the RTCP we send. 0 or -ENOMEM. */
int track_init(struct track *t, const struct media_line *line, const struct media_payload *payload,
               struct capture_clock *clock, uint32_t own_ssrc, usec_t now);
void track_clear(struct track *t); /* drops its packets; zeroed is fine */

/* Takes over the caller's reference. 1: viewers have something new; 0: not yet; -EEXIST duplicate,
 * -ESTALE too late, -EAGAIN held back as the possible start of a new stream. */
int track_input(struct track *t, struct packet *p, usec_t now);

/* Time has passed (track_next_timeout). 1: viewers have something new, else 0. */
int track_advance(struct track *t, usec_t now);

/* Gives back the packets that lie `keep` or more behind the newest one, but none that is still to
 * be released. What they were is then missing: as retransmission and as start for a new viewer. */
void track_shed(struct track *t, size_t keep);

/* A sender report of the stream t->ssrc. */
void track_sender_report(struct track *t, uint64_t ntp, uint32_t rtp, usec_t now);

/* Packet `p` of the newest frame starts a key frame: keeps where that is and how large. For the
 * track itself and its copies. */
void track_note_key(struct track *t, const struct packet *p, usec_t now);

/* Whether anybody takes the packets. Nobody is asked to repair or to begin anew a stream that
 * nobody watches; its ring goes on. Watched at first. */
void track_set_watched(struct track *t, bool watched);

/* Bits a second that came lately, 0 while not known. */
uint64_t track_bits(struct track *t, usec_t now);

/* A viewer needs a key frame (PLI, FIR, lost, switched). Coalesced. Audio: nothing. */
void track_want_keyframe(struct track *t, usec_t now);

/* RTCP for the publisher: one compound of RR, NACK and PLI as they are due. Size, or 0: drained. */
int track_output_rtcp(struct track *t, usec_t now, struct room room);

usec_t track_next_timeout(const struct track *t);

/* For subscriptions. */

/* The packet with this extended number if it is in the ring, else NULL. */
const struct packet *track_packet(const struct track *t, uint64_t sequence);

/* The same with a reference more, which another thread may hold. */
struct packet *track_share(const struct track *t, uint64_t sequence);

/* The first released packet at or after `from`, or NULL. */
const struct packet *track_released_from(const struct track *t, uint64_t from);

/* True when the newest key frame and all after it are in the ring and it is young enough. */
bool track_has_gop(const struct track *t, usec_t now);

/* True when the newest key frame is here from its first packet to its last. */
bool track_has_key(const struct track *t);

/* When the frame with this RTP time was captured, on our clock (µs; may lie before 0). */
int64_t track_capture_time(const struct track *t, uint32_t timestamp);
