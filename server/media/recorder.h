/* media/recorder.h: taps the recorded tracks of a room, packet by packet as viewers get them, and
 * hands them to the room's recorder process (media_api.h has the format). Never waits: what a full
 * socket does not take is counted and lost, video up to the next key frame. Belongs to the thread
 * of its room; nothing is allocated per packet. */
#pragma once
#include "base/clock.h"
#include "media/media_api.h"

#define RECORDER_KEYFRAME_EVERY SEC(5) /* asked for when the publisher sent none by itself */

struct media_room;
struct publisher;
struct publisher_track;
struct recorder;
struct shard_state;

/* One track's place in the recording; part of a publisher_track. */
struct recorder_tap {
    bool active;          /* the track is recorded */
    bool waiting;         /* for a key frame from `next` on */
    uint64_t next;        /* extended number in the track */
    uint32_t track_epoch; /* of the last packet taken */
    uint32_t epoch;       /* as told to the recorder */
    uint32_t key_frame;   /* number of the last frame that was told to be a key frame */
    uint64_t message;     /* the newest message with something of this track */
    usec_t keyframe_due;
};

/* Gives the room a recorder that writes to `fd`, in the place of the one before; `fd` is the
 * recorder's from now on, also when there is no memory for it (told by the log). -1: none. */
void recorder_open(struct shard_state *shard, media_id room, int fd, usec_t now);

/* Which sources are recorded. */
void recorder_set_sources(struct shard_state *shard, media_id room,
                          const struct media_recorded *list, usec_t now);

/* Sends what it still holds if there is room for it. NULL is fine. */
void recorder_free(struct recorder *r);

/* Begins and ends the taps of the room after its tracks changed. */
void recorder_apply(struct media_room *room, usec_t now);

/* The rungs of a source may have changed: goes over to the best one with its next key frame, once
 * it has been the best for a while. */
void recorder_follow(struct publisher *p, usec_t now);

/* The track has released something new. */
void recorder_take(struct publisher_track *t, usec_t now);

/* The track is about to be cleared. */
void recorder_leave(struct publisher_track *t);

/* The stage was another one: what is shown from now on should begin with a key frame. */
void recorder_stage(struct media_room *room, const struct media_stage *before, usec_t now);

/* When recorder_tick has to be called; USEC_NEVER: not at all. */
usec_t recorder_next_timeout(const struct publisher_track *t);
void recorder_tick(struct publisher_track *t, usec_t now);

/* At the end of a round: sends what was gathered. */
void recorders_flush(struct shard_state *shard, usec_t now);
