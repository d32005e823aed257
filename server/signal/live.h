/* signal/live.h: the visits that somebody is in: the pure visit, the media room that belongs to it
 * and the WebSocket clients that follow it. */
#pragma once
#include "base/clock.h"
#include "media/media_api.h"
#include "store/rows.h"

struct client;
struct signal;

struct live {
    struct live *next, *previous;
    struct visit *visit;
    media_id room;
    uint64_t key;
    uint64_t handled; /* seq up to which media and store know */
    struct client *clients;
    size_t sessions;          /* WHIP and WHEP of it */
    bool ended;               /* its sessions were closed */
    usec_t recording_look_at; /* recordings.c: whether it can be recorded */
    uint64_t watch_round;     /* invite_watch.c: the last one that was through with it */
    size_t watch_at;          /* the participant with whom its present round goes on */
};

int lives_new(struct signal *s);
void lives_free(struct signal *s);

struct live *live_find(struct signal *s, const char *visit); /* NULL: nobody is in it */

/* Finds it or lets it come to be from its row. NULL: too many at once, or without memory. */
struct live *live_of_row(struct signal *s, const struct visit_row *row);

/* After every change of live->visit: tells store and media, wakes the clients. */
void live_changed(struct signal *s, struct live *live);

/* Frees it when nobody needs it any more; `live` may be gone afterwards. */
void live_rest(struct signal *s, struct live *live);

/* Someone's access is over: sessions and connections of that credential end. `word` says why:
 * "revoked", "expired". */
void live_expel(struct signal *s, struct live *live, const char *credential, const char *word);

struct live *lives_first(const struct signal *s); /* then by `next` */

void lives_tick(struct signal *s, usec_t now);
