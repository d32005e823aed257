/* media/media_room.h: a visit on its media thread: who publishes, who watches, and the stage that
 * decides which source feeds which slot. Comes to be when first named, goes when it is closed. */
#pragma once
#include "base/map.h"
#include "media/media_api.h"

struct shard_state;
struct publisher;
struct recorder;
struct viewer;

struct media_room {
    media_id id;
    struct media_stage stage;
    struct publisher *publishers; /* linked by next_in_room; owned by their sessions and feeds */
    struct viewer *viewers;       /* linked by next_in_room; owned by their sessions */
    bool closed;                  /* goes with the last of them */
    struct recorder *recorder;    /* owned; NULL: none */
    struct media_recorded recorded;
    uint32_t relays;     /* threads, a bit each, that have copies of our publishers (relay.h) */
    uint32_t relay_lost; /* of them: those whose copies must be made anew */
};

struct rooms {
    struct map map; /* id → struct media_room, owned */
};

void rooms_init(struct rooms *r);
void rooms_clear(struct rooms *r);

/* The room of this id, made when there is none. NULL without memory. */
struct media_room *room_named(struct shard_state *shard, media_id id);

/* 0 or -ENOMEM; sets `room` of the publisher or viewer. */
int room_add_publisher(struct shard_state *shard, media_id room, struct publisher *p);
int room_add_viewer(struct shard_state *shard, media_id room, struct viewer *v);
void room_remove_publisher(struct publisher *p);
void room_remove_viewer(struct viewer *v);

void room_set_stage(struct shard_state *shard, media_id room, const struct media_stage *stage,
                    usec_t now);

/* The pool is empty: every track keeps an equal share of half of `packets`, which is returned. */
size_t rooms_shed(struct rooms *r, size_t packets);
/* The pool of another thread is: every copy of a track (relay.h) keeps `keep` packets. */
void rooms_shed_copies(struct rooms *r, size_t keep);

/* The room is forgotten once it is empty. */
void room_close(struct shard_state *shard, media_id room);
void room_forget_when_done(struct shard_state *shard, struct media_room *room);

/* Gives every viewer's slots the sources the stage names; those that have them already go on. */
void room_apply_stage(struct media_room *room, usec_t now);

/* Whom the stage puts into a viewer's slot: the `index`-th of `kind`, `alone` when the viewer has
 * no other of that kind. NULL: dark, not there, or the viewer's own sound. */
struct publisher *room_source(const struct media_room *room, enum media_kind kind, size_t index,
                              bool alone, media_id participant);
