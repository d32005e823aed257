#include "signal/invite_watch.h"
#include "signal/live.h"
#include "signal/state.h"

#include <errno.h>
#include <string.h>

static void checked(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct invite_row *invite = argument;
    struct live *live = live_find(s, invite->visit);
    const char *word = result == -EKEYEXPIRED                        ? "expired"
                       : result == -EKEYREVOKED || result == -ENOENT ? "revoked"
                                                                     : NULL;

    if (live != NULL && word != NULL) {
        log_info("invite.over", "visit=%s invite=%s reason=%s", invite->visit, invite->id, word);
        live_expel(s, live, invite->id, word);
    }
}

static bool ask(struct signal *s, const struct live *live, const struct participant *p) {
    struct invite_row invite = {0};

    memcpy(invite.id, p->credential, sizeof invite.id);
    memcpy(invite.visit, visit_id(live->visit), strlen(visit_id(live->visit)) + 1);
    return store_invites_check(s->store, &invite, checked, s) == 0;
}

/* True when all guests of the visit were looked at; `budget` is what the store may be asked. */
static bool look(struct signal *s, struct live *live, size_t *budget) {
    const struct participant *p;

    while ((p = visit_participant(live->visit, live->watch_at)) != NULL) {
        if (p->role == PARTICIPANT_CUSTOMER && p->present) {
            if (*budget == 0 || !ask(s, live, p)) {
                *budget = 0;
                return false;
            }
            --*budget;
        }
        live->watch_at++;
    }
    return true;
}

void invite_watch_tick(struct signal *s, usec_t now) {
    size_t budget = INVITE_WATCH_TICK;

    for (struct live *l = lives_first(s); l != NULL; l = l->next) {
        if (l->watch_round == s->invite_round) {
            continue;
        }
        if (!look(s, l, &budget)) {
            return; /* the round goes on with the next tick */
        }
        l->watch_round = s->invite_round;
        l->watch_at = 0;
    }
    if (now >= s->next_invite_round) {
        s->next_invite_round = now + INVITE_WATCH_EVERY;
        s->invite_round++;
    }
}
