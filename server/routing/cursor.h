/* routing/cursor.h: one viewer's place in a presentation. Frames leave when their media time comes;
 * sound and picture share one clock. A seek sends at once the key frame at or before the new place
 * and, squeezed, what lies between, so that the exact frame stands there; numbers go on without a
 * break and timestamps by the real time that passed. Other rates scale the picture's times and use
 * the sound rung of that speed (silence when there is none). Pause stops RTP. Another rung of the
 * picture begins with its next key frame, on the same line of time, or at once where nothing runs.
 *
 * Belongs to one thread; the presentation outlives it. */
#pragma once
#include "base/clock.h"
#include "routing/outgoing_stream.h"
#include "routing/presentation.h"

#define CURSOR_CATCH_UP SEC(3)
#define CURSOR_RATE_MIN 0.5
#define CURSOR_RATE_MAX 2.0

enum cursor_state { CURSOR_PLAYING, CURSOR_PAUSED, CURSOR_ENDED };

struct cursor_position {
    enum cursor_state state;
    double t, rate, duration; /* seconds, factor, seconds */
};

struct cursor_stream {
    struct outgoing_stream stream;
    const struct rung_file *rung;   /* NULL: none, or no sound at this rate */
    uint32_t frame;                 /* next to send; rung->frame_count: at the end */
    uint32_t packet;                /* next inside it, 0.. */
    uint32_t live_frame;            /* frames before are caught up at once */
    uint64_t range_floor;           /* older ranges belong to another rung: */
    const struct rung_file *former; /* that one, for retransmissions; or NULL */
    uint64_t former_floor;          /* the first index that was its */
    const struct rung_file *next;   /* goes on with this rung from its frame `next_key`; or NULL */
    uint32_t next_key;
    bool begin;    /* the next packet starts a range */
    bool catch_up; /* frames up to live_frame leave at once, whatever the state */
    usec_t catch_up_since;
    bool resume;             /* after the squeeze, at live_timestamp */
    uint32_t live_timestamp; /* RTP time of the frame that began the exact times, */
    int64_t live_local;      /* and when it was due: the line of the sender reports */
    int64_t due_media;       /* media time of `frame`, µs */
};

struct cursor {
    const struct presentation *presentation;
    enum cursor_state state;
    uint32_t rate_percent;
    int64_t media; /* position at `at`, µs */
    usec_t at;
    bool has_video, has_audio;
    usec_t keyframe_earliest;
    struct cursor_stream video, audio;
};

/* A line may be NULL or inactive. Starts paused at `start_at` seconds; the caller plays when the
 * viewer is connected. 0, or -ENOTSUP when no line can carry anything the presentation has. */
int cursor_init(struct cursor *c, const struct presentation *p, const struct media_line *video,
                const struct media_line *audio, double start_at, uint64_t seed);

/* Each then wants cursor_next to be drained. Values out of range are pulled into it; not-a-number
 * is -EINVAL, else 0. */
int cursor_play(struct cursor *c, usec_t now);
int cursor_pause(struct cursor *c, usec_t now);
int cursor_seek(struct cursor *c, double seconds, usec_t now);
int cursor_rate(struct cursor *c, double factor, usec_t now);

/* The rungs that the picture may be played from, in the manifest's order. Returns how many, at most
 * `max`; 0 without a picture. *ret_current is the one that is sent, *ret_next the one it is going
 * over to; -1: none. */
size_t cursor_rungs(const struct cursor *c, const struct rung_file **ret, size_t max,
                    int *ret_current, int *ret_next);

/* Goes over to one of them. Then wants cursor_next to be drained. */
void cursor_set_rung(struct cursor *c, const struct rung_file *rung, usec_t now);

/* When the next frame of a kind is due, or with the picture the end; USEC_NEVER when paused or
 * ended and drained. */
usec_t cursor_next_timeout(const struct cursor *c, enum media_kind kind);

/* The next packet of a kind that is due: 1, or 0: drained. At the end, both drained, the state
 * becomes CURSOR_ENDED. */
int cursor_next(struct cursor *c, enum media_kind kind, usec_t now, struct outgoing *ret);

/* The picture cannot be sent as fast as it plays. When the frame that is next is later than
 * `limit`, goes on at the first key frame that is not late yet; the sound goes on. A frame that
 * began is finished, and a seek may take CURSOR_CATCH_UP. Returns the number of frames left out. */
uint32_t cursor_drop_late(struct cursor *c, usec_t limit, usec_t now);

/* A packet that repeats what the viewer has, or only pads, for a probe: about `size` bytes. False:
 * there is none. */
bool cursor_pad(struct cursor *c, size_t size, struct outgoing *ret);

void cursor_position(const struct cursor *c, usec_t now, struct cursor_position *ret);

/* RTCP of the viewer, by the media SSRC. NACK: as subscription_nack; -ENOENT also for unknown
 * SSRCs. A PLI sends the picture at the place again from its key frame, at most once a second. */
int cursor_nack(struct cursor *c, uint32_t ssrc, uint16_t sequence, usec_t now);
int cursor_next_retransmission(struct cursor *c, struct outgoing *ret);
void cursor_want_keyframe(struct cursor *c, usec_t now);
bool cursor_receiver_report(struct cursor *c, const struct rtcp_report *report, uint64_t unix_usec);

/* SR and SDES for one of its streams. Size, 0: none due. */
int cursor_sender_report(struct cursor *c, enum media_kind kind, uint64_t unix_usec, usec_t now,
                         struct bytes cname, struct room room);

/* The worse of both streams. */
struct stream_quality cursor_quality(const struct cursor *c);
