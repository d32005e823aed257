#include "media/placement.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

void placement_init(struct placement *p, unsigned threads, unsigned spread_from) {
    assert(threads > 0 && threads <= PLACEMENT_THREADS_MAX);
    *p = (struct placement){.threads = threads, .spread_from = spread_from};
    map_init(&p->rooms);
    map_init(&p->sessions_by_id);
}

static void free_values(struct map *m) {
    for (size_t i = 0; i < m->capacity; i++) {
        free(m->entries[i].value);
    }
    map_clear(m);
}

void placement_clear(struct placement *p) {
    free_values(&p->rooms);
    free_values(&p->sessions_by_id);
}

unsigned placement_home(const struct placement *p, media_id room) {
    return (unsigned)(room % p->threads);
}

/* The thread with the fewest sessions; `first` when it is as good as any. */
static unsigned least_loaded(const struct placement *p, unsigned first) {
    unsigned best = first;
    for (unsigned i = 0; i < p->threads; i++) {
        if (p->sessions[i] < p->sessions[best]) {
            best = i;
        }
    }
    return best;
}

unsigned placement_choose(const struct placement *p, media_id room, enum media_role role) {
    const struct placed_room *r = placement_find_room(p, room);
    const unsigned home = placement_home(p, room);
    switch (role) {
    case MEDIA_PUBLISH:
        return home;
    case MEDIA_WATCH:
        return (r ? r->viewers[home] : 0) < p->spread_from ? home : least_loaded(p, home);
    case MEDIA_PLAY:
        break;
    }
    return least_loaded(p, home);
}

struct placed_room *placement_find_room(const struct placement *p, media_id id) {
    return map_get(&p->rooms, id);
}

struct placed_room *placement_room(struct placement *p, media_id id) {
    struct placed_room *r = placement_find_room(p, id);
    if (r) {
        return r;
    }
    r = calloc(1, sizeof(*r));
    if (!r || map_set(&p->rooms, id, r) < 0) {
        free(r);
        return NULL;
    }
    r->id = id;
    r->home = placement_home(p, id);
    return r;
}

static void forget_when_done(struct placement *p, struct placed_room *r) {
    if (r->closed && r->viewers_sum == 0) {
        map_remove(&p->rooms, r->id);
        free(r);
    }
}

void placement_close_room(struct placement *p, media_id id) {
    struct placed_room *r = placement_find_room(p, id);
    if (r) {
        r->closed = true;
        forget_when_done(p, r);
    }
}

int placement_add(struct placement *p, media_id session, media_id room, unsigned thread,
                  bool *ret_first) {
    struct placed_session *s = calloc(1, sizeof(*s));
    struct placed_room *r = room && s ? placement_room(p, room) : NULL;
    if (!s || (room && !r) || map_set(&p->sessions_by_id, session, s) < 0) {
        free(s);
        return -ENOMEM;
    }
    *s = (struct placed_session){.thread = thread, .room = r};
    p->sessions[thread]++;
    *ret_first = r && thread != r->home && r->viewers[thread] == 0;
    if (r) {
        r->viewers[thread]++;
        r->viewers_sum++;
    }
    return 0;
}

bool placement_remove(struct placement *p, media_id session, media_id *ret_room,
                      unsigned *ret_thread) {
    struct placed_session *s = map_get(&p->sessions_by_id, session);
    if (!s) {
        return false;
    }
    struct placed_room *r = s->room;
    const unsigned thread = s->thread;
    map_remove(&p->sessions_by_id, session);
    free(s);
    p->sessions[thread]--;
    if (!r) {
        return false;
    }
    r->viewers_sum--;
    const bool last = --r->viewers[thread] == 0 && thread != r->home;
    *ret_room = r->id;
    *ret_thread = thread;
    forget_when_done(p, r);
    return last;
}

int placement_of(const struct placement *p, media_id session) {
    const struct placed_session *s = map_get(&p->sessions_by_id, session);
    return s ? (int)s->thread : -ENOENT;
}
