/* media/relay.h: one visit, many threads. A room's publishers live on its own thread (its home).
 * Where other threads have viewers of it, each of them keeps a copy of every publisher: the same
 * tracks, fed with the home's released packets (shared, never changed again) by rings without
 * locks, one from each thread to each other. Subscriptions, numbers and queues of a viewer stay on
 * the viewer's thread; loss repair, feedback and recording stay at home. Back go only wishes for
 * key frames.
 *
 * A ring that is full drops a track's packets up to its next key frame (of sound: until there is
 * room), counted. What opens and closes copies has places of its own; should even those be used up,
 * all copies of the room are made anew once there is room.
 *
 * Each thread works on its own struct relay; only the inboxes are shared. */
#pragma once
#include "base/clock.h"
#include "media/media_api.h"

#define RELAY_THREADS_MAX 26 /* the first letter of a ufrag names the thread */

struct publisher;
struct publisher_track;
struct relay_inbox;
struct shard_state;

struct relay {
    unsigned index, count;     /* this thread and how many there are; 0: no relay */
    struct relay_inbox *inbox; /* owned */
    struct relay_inbox *inboxes[RELAY_THREADS_MAX]; /* of all threads; not owned */
};

/* 0 or −errno. */
int relay_open(struct relay *r, unsigned index, unsigned count);
/* Thread `index` is reached by `other`. Before the first round. */
void relay_share(struct relay *r, unsigned index, const struct relay *other);
/* Gives back what waits in the inbox. When no thread runs any more, before relay_close of any. */
void relay_drop(struct relay *r);
void relay_close_copies(struct shard_state *shard); /* the same */
void relay_close(struct relay *r);                  /* zeroed is fine */

int relay_fd(const struct relay *r); /* readable when there is something to read; −1: never */
void relay_read(struct shard_state *shard, usec_t now);

/* Thread `to` gets the sources of a room, or no longer. */
void relay_room(struct shard_state *shard, media_id room, unsigned to, bool on, usec_t now);

/* At home: the track has been opened (anew), has released packets, its publisher goes away. */
void relay_track_opened(struct publisher_track *t, usec_t now);
void relay_forward(struct publisher_track *t, usec_t now);
void relay_publisher_gone(struct publisher *p);

/* Every copy of this thread's tracks keeps `packets` packets at most: the pool is empty. */
void relay_shed(struct shard_state *shard, size_t packets);

/* A publisher of another thread, shown here. */
bool relay_is_copy(const struct publisher *p);
