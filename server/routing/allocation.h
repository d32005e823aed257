/* routing/allocation.h: which rung of each picture a viewer gets: what its network carries is
 * shared out to its slots, the main picture before the small ones, after the sound has had its
 * part.
 *
 * Every slot in order of priority first gets its smallest rung; a slot that is not the main one and
 * whose smallest rung does not fit rests. What is left then lifts the slots, again in order, as
 * high as their wish goes. A rung above the one that runs must fit with ALLOCATION_MARGIN to spare
 * and, once the network took one away, only after a wait that doubles as long as it keeps failing:
 * no flicker. A rung that runs is given up when it has not fitted for ALLOCATION_PATIENCE, at once
 * when it is far from fitting.
 *
 * While the rate is unknown ALLOCATION_START is taken for it, doubled every second that shows no
 * loss, halved where there is much.
 *
 * Pure. Belongs to the thread of its viewer. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define ALLOCATION_RUNGS_MAX 6
#define ALLOCATION_PICTURES_MAX 16
#define ALLOCATION_START 1200000u /* bits a second: what a line at home carries */
#define ALLOCATION_MARGIN 15      /* percent */
#define ALLOCATION_PATIENCE MSEC(300)
#define ALLOCATION_WAIT_MIN SEC(4)
#define ALLOCATION_WAIT_MAX SEC(32)

struct allocation_rung {
    uint64_t bits_s;        /* measured; 0: not known, then guessed from the size */
    uint32_t width, height; /* pixels; 0: not known */
    bool usable;            /* it comes, and the viewer can play it */
};

/* What the viewer asked for. Zeroed: whatever the network carries. */
struct allocation_wish {
    uint16_t width, height; /* pixels that its window shows; 0: not told, 1: as small as there is */
    uint16_t rung;          /* short side of a rung picked by hand: no more than that; 0: none */
};

/* What is remembered of a slot. Zeroed is initialised. */
struct allocation_slot {
    struct allocation_wish wish;
    usec_t over_since; /* its rung has not fitted since; 0: it fits */
    usec_t lifted;     /* when the network last let it go up */
    usec_t up_after;   /* not before */
    usec_t wait;       /* the next wait */
};

/* One picture to decide about. */
struct allocation_picture {
    struct allocation_slot *slot;
    size_t rung_count;
    struct allocation_rung rungs[ALLOCATION_RUNGS_MAX]; /* in any order */
    int current;                                        /* the rung that runs, -1: none */
    int chosen;                                         /* the outcome; -1: rests */
};

struct allocation {
    uint64_t assumed; /* bits a second while the rate is unknown */
    usec_t assumed_at;
};

/* Decides about `count` pictures in order of priority. `rate` is what the network carries, bits a
 * second, 0: unknown; `sound` the part that is not for pictures; `loss` the share of packets that
 * are lost. Returns what could be used: all that was chosen and the next rung up, or no more than
 * that when nothing is wished for. */
uint64_t allocation_choose(struct allocation *a, struct allocation_picture *pictures, size_t count,
                           uint64_t rate, uint64_t sound, float loss, usec_t now);

/* Another source feeds the slot: what was learned of the one before does not count, the wish does.
 */
void allocation_slot_reset(struct allocation_slot *s);
