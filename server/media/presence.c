#include "media/presence.h"

void presence_init(struct presence *p, usec_t now) {
    *p = (struct presence){.heard = now, .steady_since = now};
}

bool presence_is_away(const struct presence *p, usec_t now) {
    const bool steady = p->heard >= p->steady_since + PRESENCE_STEADY;
    const usec_t patience = steady ? PRESENCE_AWAY : PRESENCE_AWAY_SELDOM;
    return p->unanswered != 0 && now >= p->unanswered + patience;
}

bool presence_heard(struct presence *p, usec_t now) {
    const bool was_away = presence_is_away(p, now);
    if (now > p->heard + PRESENCE_PAUSE) {
        p->steady_since = now;
    }
    p->heard = now;
    p->unanswered = 0;
    return was_away;
}
