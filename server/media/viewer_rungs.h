/* media/viewer_rungs.h: which rung of its source each of a viewer's pictures gets, and the going
 * over to it: the rung that runs goes on until a key frame of the other is here. Part of viewer.c.
 */
#pragma once
#include "media/viewer.h"

#define VIEWER_ALLOCATE_EVERY MSEC(100) /* at most so often for what viewers report */

/* Looks at what the network carries, what the sources send and what the viewer wishes. */
void viewer_allocate(struct viewer *v, usec_t now);

/* The rung that runs or the one that the slot waits for has something new: goes over if it can. The
 * slot may then be in another list of subscribers. */
void viewer_slot_follow(struct viewer_slot *slot, usec_t now);

/* A viewer's wish, and what is told of its rungs (session_role). */
void viewer_wish(struct session *s, const struct media_wish *wish, uint64_t request, usec_t now);
void viewer_tell_layers(struct session *s, usec_t now);

/* Waits for no other rung any more. */
void viewer_slot_stay(struct viewer_slot *slot);
