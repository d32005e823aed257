/* base/timers.h: when is what due? A binary heap of timers that are embedded in their owners. */
#pragma once
#include "base/clock.h"

#include <stddef.h>

struct timer {
    usec_t due;
    size_t at; /* place in the heap + 1; 0: not set */
    void (*fire)(struct timer *timer,
                 usec_t now); /* the owner's; called by whoever runs the heap */
};

struct timers {
    struct timer **heap;
    size_t used, capacity;
};

void timers_init(struct timers *t);
void timers_clear(struct timers *t); /* the timers themselves belong to their owners */

/* Sets or moves a timer; USEC_NEVER takes it out. 0 or -ENOMEM (only for a timer not yet set). */
int timers_set(struct timers *t, struct timer *timer, usec_t due);
void timers_unset(struct timers *t, struct timer *timer);

/* When the first is due; USEC_NEVER when there is none. */
usec_t timers_next(const struct timers *t);

/* Takes out and gives the first timer that is due at `now`, or NULL. */
struct timer *timers_pop(struct timers *t, usec_t now);
