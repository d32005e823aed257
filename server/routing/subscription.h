/* routing/subscription.h: one outgoing stream of a live viewer (a slot) and the track that feeds
 * it. Keeps its place in the track and numbers of its own (outgoing_stream), no packets.
 *
 * A switch begins at a key frame: the cached group of pictures when it is young and whole, squeezed
 * into the time just before the live edge, so that a join shows a picture at once and the next live
 * frame has its exact time; otherwise a key frame is asked for and nothing is sent until it comes.
 * A viewer that falls behind the ring goes on at the next key frame: never late, never growing.
 *
 * A change of rung is a switch that nobody should see: the rung that runs goes on until a whole key
 * frame of the other is here. What that one shows again is squeezed behind the last time that was
 * sent, and from the first frame that is newer times are exact again.
 *
 * Belongs to the thread of its track. */
#pragma once
#include "routing/outgoing_stream.h"
#include "routing/track.h"

enum subscription_state {
    SUBSCRIPTION_IDLE,    /* dark slot */
    SUBSCRIPTION_WAITING, /* for a key frame (or the first sound) of its track */
    SUBSCRIPTION_RUNNING
};

#define SUBSCRIPTION_KEYFRAME_SPACING SEC(2)

struct subscription {
    struct outgoing_stream stream;
    struct track *track; /* NULL when idle */
    enum subscription_state state;
    uint64_t next; /* extended number in the track */
    uint32_t epoch;
    uint32_t live_frame; /* from this frame of the track on times are exact */
    bool squeezed;
    bool catching_up; /* after a change of rung, until a frame is newer than what was sent */
    bool mid_frame;   /* the last packet sent did not end its frame */
    usec_t started;   /* when it went on at a key frame */
    usec_t keyframe_earliest; /* for subscription_drop_late */
    uint64_t range_floor;     /* indices below this belong to a former track */
    struct track *former;     /* the rung before this one, for retransmissions; or NULL */
    uint64_t former_floor;    /* the first index that was its */
    uint32_t live_delta;      /* exact RTP time − time in the track */
    uint32_t live_timestamp;  /* time in the track of the newest frame that was sent */
};

/* `line` (the viewer's) outlives the subscription. */
void subscription_init(struct subscription *s, const struct media_line *line, uint64_t seed);

/* Feeds the slot from `track` from now on; asks it for a key frame if it must. 0, or -ENOTSUP when
 * the viewer has not negotiated the track's codec (the slot is then dark). */
int subscription_switch(struct subscription *s, struct track *track, usec_t now);

/* Gives up what was not taken and goes on as after a switch to the same track: for a viewer that
 * was away or could not be served for a while. Nothing happens to a dark slot. */
void subscription_rejoin(struct subscription *s, usec_t now);

/* Goes over to the newest key frame of `track`, another rung of the same source: 0. -EAGAIN when
 * that key frame is not whole yet or the frame that is being sent is not: again after the next
 * input of either. -ENOTSUP as above, and the rung that runs goes on. A subscription that does not
 * run switches. */
int subscription_change_rung(struct subscription *s, struct track *track, usec_t now);

/* `track`, a rung that no longer feeds the slot, is about to be cleared. */
void subscription_forget(struct subscription *s, const struct track *track);

/* Goes dark. Must be called before its track is cleared. */
void subscription_stop(struct subscription *s);

/* The next packet: 1, or 0: drained. To be drained after track_input or track_advance returned 1,
 * and after subscription_switch. */
int subscription_next(struct subscription *s, usec_t now, struct outgoing *ret);

/* A NACK from the viewer. 0 or as outgoing_stream_nack. Then drain
 * subscription_next_retransmission: 1 or 0. */
int subscription_nack(struct subscription *s, uint16_t sequence, usec_t now);
int subscription_next_retransmission(struct subscription *s, struct outgoing *ret);

/* A packet that repeats what the viewer has, or only pads, for a probe: about `size` bytes. False:
 * there is none. */
bool subscription_pad(struct subscription *s, size_t size, struct outgoing *ret);

/* True when released packets wait for it. */
bool subscription_waits(const struct subscription *s);

/* The picture may not be sent as fast as it comes. When the frame that is next has waited longer
 * than `limit`, all up to the next key frame is given up; none is half sent. Returns the number of
 * packets; when there is no newer key frame one is asked for, at most every
 * SUBSCRIPTION_KEYFRAME_SPACING, so that a slow viewer costs the others little. */
size_t subscription_drop_late(struct subscription *s, usec_t limit, usec_t now);

/* A PLI or FIR from the viewer. */
void subscription_want_keyframe(struct subscription *s, usec_t now);

/* SR and SDES for the viewer; call it after draining and with a coarse timer (250 ms): it says
 * itself when one is due. Size, or 0: none due, or -ENOSPC. */
int subscription_sender_report(struct subscription *s, uint64_t unix_usec, usec_t now,
                               struct bytes cname, struct room room);

/* A report block; false when it is about another stream. Updates s->stream.quality. */
bool subscription_receiver_report(struct subscription *s, const struct rtcp_report *report,
                                  uint64_t unix_usec);
