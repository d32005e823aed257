/* media/publisher.h: one source of a room: its tracks and who is subscribed to them. What carries
 * it is either a WHIP session (publisher_role) or a pipeline's feed. The picture may come in
 * several rungs: of a feed with the same times and key frames, the best one first; of a browser as
 * its simulcast streams (RFC 8853), in the order of the offer, each with times and key frames of
 * its own. Viewers are given one of them each (viewer_rungs), a recorder the best. */
#pragma once
#include "media/recorder.h"
#include "media/session.h"
#include "routing/capture_clock.h"
#include "routing/demux.h"
#include "routing/track.h"
#include "routing/twcc_receiver.h"

#define PUBLISHER_KINDS 2 /* indexed by enum media_kind */
#define PUBLISHER_RUNGS_MAX 6
#define PUBLISHER_TRACKS (1 + PUBLISHER_RUNGS_MAX) /* the sound, then the rungs of the picture */

struct media_room;
struct publisher_carrier;
struct viewer_slot;

struct publisher_track {
    struct publisher *publisher;
    struct track track;
    struct viewer_slot *subscribers; /* linked by next_subscriber */
    struct viewer_slot *waiting;     /* for its next key frame, linked by next_waiting */
    bool open;                       /* the first packet came */
    bool alive;                      /* not silent */
    bool stalled;                    /* as seen when its rungs were last looked at */
    usec_t heard;
    uint64_t told_expected, told_received; /* packets, when they were told last */
    struct recorder_tap tap;
    uint64_t relayed;       /* everything released below is with the copies (relay.h) */
    uint32_t relay_starved; /* threads, a bit each, that get nothing before the next key frame */
};

struct publisher {
    media_id id, participant;
    struct shard_state *shard;
    struct media_room *room;
    struct publisher *next_in_room;
    size_t line_count;
    struct media_line lines[MEDIA_LINES_MAX];
    int line_of[PUBLISHER_KINDS];                    /* the line that is routed, -1: none */
    struct publisher_track tracks[PUBLISHER_TRACKS]; /* by enum media_kind: rung k of the picture
                                                        is at MEDIA_VIDEO + k */
    size_t track_end;                                /* of those after it none was ever open */
    bool alive[PUBLISHER_KINDS];                     /* as told: any of the kind */
    usec_t opened;                                   /* its first rung; 0: none yet */
    usec_t told_due;                                 /* when its tracks are told; 0: not yet */
    usec_t rungs_due;                                /* when they are looked at; 0: not yet */
    struct publisher_track *recorded;                /* the rung that a recorder gets; NULL: the
                                                        first */
    struct publisher_track *recorded_next;           /* a better one, or NULL, */
    usec_t recorded_since;                           /* and since when */
    struct demux demux;
    struct capture_clock clock;
    struct {
        uint32_t ssrc, rtp;
        uint64_t ntp;          /* 0: none */
    } early[PUBLISHER_TRACKS]; /* sender reports that came before their stream, by turns */
    size_t early_next;
    struct twcc_receiver twcc;
    uint32_t own_ssrc;
    uint32_t record_epochs; /* stretches told to recorders */
    const struct publisher_carrier *carrier;
    void *carrier_ctx;
    unsigned relay_home; /* of a copy: the thread of the publisher itself */
};

/* What brings the packets: a WHIP session, a feed, or another thread (relay.h). */
struct publisher_carrier {
    void (*send_rtcp)(void *ctx, struct bytes compound);
    void (*schedule)(void *ctx, usec_t now);         /* publisher_next_timeout has changed */
    void (*attend)(struct publisher *p, usec_t now); /* in the place of RTCP; NULL: RTCP */
    uint32_t rung_ssrc; /* rung k ≥ 1 has this SSRC + k; 0: rungs are told apart by their rid */
};

/* Enters the room. NULL without memory. `lines` are copied. */
struct publisher *publisher_new(struct shard_state *shard, media_id id, media_id participant,
                                media_id room, const struct media_line *lines, size_t line_count,
                                const struct publisher_carrier *carrier, void *carrier_ctx);

/* Leaves the room; its viewers' slots go dark. NULL is fine. */
void publisher_free(struct publisher *p);

void publisher_rtp(struct publisher *p, struct bytes packet, usec_t now);
void publisher_rtcp(struct publisher *p, struct bytes compound, usec_t now);
usec_t publisher_next_timeout(const struct publisher *p);
void publisher_timeout(struct publisher *p, usec_t now);

/* A viewer asked a track for something, or began to take a rung: says it to the publisher now. */
void publisher_attend(struct publisher *p, usec_t now);

/* A track begins, or begins anew with another codec; `index` in `tracks`, of `line` only the kind
 * counts. The stage and the recorder are the caller's to apply. NULL without memory. */
struct publisher_track *publisher_open_track(struct publisher *p, size_t index,
                                             const struct media_line *line,
                                             const struct media_payload *payload, usec_t now);

/* The track has released something: hands it to viewers, recorder and copies. */
void publisher_forward(struct publisher_track *t, usec_t now);

/* The track of a kind (of the picture the best rung) once packets have come, else NULL. */
struct publisher_track *publisher_track(struct publisher *p, enum media_kind kind);

/* The first track that a viewer with this line can play, else the first there is, or NULL before
 * there is any. */
struct publisher_track *publisher_offer(struct publisher *p, const struct media_line *line);

/* True when a viewer with this line can play the track. */
bool publisher_suits(const struct publisher_track *t, const struct media_line *line);

/* True when other rungs come and this one does not: a browser whose line or processor is short
 * stops its upper streams without a word. */
bool publisher_has_stalled(const struct publisher_track *t);

/* In which order the rungs stand. */
bool publisher_best_first(const struct publisher *p);

/* When it is time: notices rungs that stopped or came back. Of a copy (relay.h) its thread calls
 * it, otherwise publisher_timeout does. */
void publisher_look_at_rungs(struct publisher *p, usec_t now);

/* False for a moment after the first packet of a picture: another rung may still come. */
bool publisher_settled(const struct publisher *p, usec_t now);

extern const struct session_role publisher_role;
