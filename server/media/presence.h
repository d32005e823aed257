/* media/presence.h: is there somebody at the other end? Judged by what is heard while we send: a
 * peer that reports steadily and falls silent is away soon; one that reports seldom, as some
 * receivers do, is given longer, and one that is sent nothing (a paused film) has nothing to
 * answer. Pure. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>

#define PRESENCE_AWAY SEC(2)         /* unanswered by a peer that was steady */
#define PRESENCE_AWAY_SELDOM SEC(10) /* by another; browsers report sound alone every 5 s */
#define PRESENCE_PAUSE MSEC(1500)    /* longest between two reports of a steady peer */
#define PRESENCE_STEADY SEC(3)       /* without such a pause */

struct presence {
    usec_t heard;        /* last */
    usec_t steady_since; /* no pause since then */
    usec_t unanswered;   /* since when we send without hearing anything; 0: we do not */
};

void presence_init(struct presence *p, usec_t now);

/* Something is sent. For every packet. */
static inline void presence_sent(struct presence *p, usec_t now) {
    if (p->unanswered == 0) {
        p->unanswered = now;
    }
}

/* Something valid came. True: the peer had been away. */
bool presence_heard(struct presence *p, usec_t now);

bool presence_is_away(const struct presence *p, usec_t now);
