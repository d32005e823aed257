/* media/placement.h: which media thread serves which session. Publishers live on the home of their
 * room; its viewers too, up to `spread_from` of them, the others (and who plays a recording) where
 * the fewest sessions are. Pure; belongs to the control thread. */
#pragma once
#include "base/map.h"
#include "media/media_api.h"

#define PLACEMENT_THREADS_MAX 26 /* the first letter of a ufrag names the thread */

/* A room as the control thread must know it: the stage for threads that get their first viewer. */
struct placed_room {
    media_id id;
    unsigned home;
    unsigned viewers[PLACEMENT_THREADS_MAX];
    unsigned viewers_sum;
    bool closed; /* goes with the last viewer */
    struct media_stage stage;
};

struct placed_session {
    unsigned thread;
    struct placed_room *room; /* of a viewer */
};

struct placement {
    unsigned threads, spread_from;
    size_t sessions[PLACEMENT_THREADS_MAX];
    struct map rooms;          /* id → struct placed_room, owned */
    struct map sessions_by_id; /* id → struct placed_session, owned */
};

void placement_init(struct placement *p, unsigned threads, unsigned spread_from);
void placement_clear(struct placement *p);

unsigned placement_home(const struct placement *p, media_id room);

/* The thread for a session that is about to be opened. `room` may be 0. */
unsigned placement_choose(const struct placement *p, media_id room, enum media_role role);

/* The room, made when it is not known. NULL without memory. */
struct placed_room *placement_room(struct placement *p, media_id id);
struct placed_room *placement_find_room(const struct placement *p, media_id id); /* or NULL */

/* Nothing more comes for the room; it is forgotten with its last viewer. */
void placement_close_room(struct placement *p, media_id id);

/* The session is on `thread`; `room` is 0 unless it is a viewer. 0 or -ENOMEM. `ret_first`: it is
 * the first viewer of the room on a thread that is not its home. */
int placement_add(struct placement *p, media_id session, media_id room, unsigned thread,
                  bool *ret_first);

/* What is gone: true when it was the last viewer of `*ret_room` on `*ret_thread`, which is not the
 * room's home. Unknown sessions: false. */
bool placement_remove(struct placement *p, media_id session, media_id *ret_room,
                      unsigned *ret_thread);

/* The thread of a session, or −ENOENT. */
int placement_of(const struct placement *p, media_id session);
