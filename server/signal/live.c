#include "signal/live.h"
#include "signal/feeds.h"
#include "signal/recordings.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "signal/websocket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

_Static_assert(STAGE_SLOTS == MEDIA_STAGE_SLOTS, "stage and media have the same slots");

struct lives {
    struct live *first;
    size_t count;
    struct map map;
};

int lives_new(struct signal *s) {
    s->lives = calloc(1, sizeof *s->lives);
    if (s->lives == NULL) {
        return -ENOMEM;
    }
    map_init(&s->lives->map);
    return 0;
}

static void live_free(struct signal *s, struct live *l) {
    map_remove(&s->lives->map, l->key);
    if (l->previous != NULL) {
        l->previous->next = l->next;
    } else {
        s->lives->first = l->next;
    }
    if (l->next != NULL) {
        l->next->previous = l->previous;
    }
    s->lives->count--;
    visit_free(l->visit);
    free(l);
}

void lives_free(struct signal *s) {
    if (s->lives == NULL) {
        return;
    }
    while (s->lives->first != NULL) {
        live_free(s, s->lives->first);
    }
    map_clear(&s->lives->map);
    free(s->lives);
    s->lives = NULL;
}

struct live *live_find(struct signal *s, const char *visit) {
    struct live *l = map_get(&s->lives->map, map_hash(visit, strlen(visit), s->secret));

    return l != NULL && strcmp(visit_id(l->visit), visit) == 0 ? l : NULL;
}

struct live *lives_first(const struct signal *s) {
    return s->lives->first;
}

struct live *live_of_row(struct signal *s, const struct visit_row *row) {
    struct live *l = live_find(s, row->id);

    if (l != NULL) {
        return l;
    }
    if (s->lives->count >= s->config->visits_open_max) {
        s->counters.refused_limit++;
        return NULL;
    }
    struct visit_config config = {.participants_max = s->config->participants_max,
                                  .sources_max = s->config->sources_max,
                                  .first_seq = clock_unix() / 1000};
    snprintf(config.id, sizeof config.id, "%s", row->id);
    snprintf(config.summary.title, sizeof config.summary.title, "%s", row->title);
    config.summary.state = row->state;
    config.summary.recording = row->recording;

    l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    l->key = map_hash(row->id, strlen(row->id), s->secret);
    l->visit = visit_new(&config);
    if (l->visit == NULL || map_set(&s->lives->map, l->key, l) < 0) {
        visit_free(l->visit);
        free(l);
        return NULL;
    }
    l->room = signal_new_media_id(s);
    l->handled = visit_seq(l->visit);
    l->next = s->lives->first;
    if (l->next != NULL) {
        l->next->previous = l;
    }
    s->lives->first = l;
    s->lives->count++;
    return l;
}

static void progress_stored(void *ctx, int result, void *argument) {
    const struct visit_progress *p = argument;

    (void)ctx;
    if (result < 0) {
        log_warn("visit.store", "visit=%s error=%d", p->id, -result);
    }
}

static void store_progress(struct signal *s, const struct live *l) {
    struct visit_progress p = {.state = visit_state(l->visit)};

    snprintf(p.id, sizeof p.id, "%s", visit_id(l->visit));
    int r = store_visits_progress(s->store, &p, progress_stored, NULL);
    if (r < 0) {
        log_warn("visit.store", "visit=%s error=%d", p.id, -r);
    }
}

static void set_stage(struct signal *s, const struct live *l) {
    const struct stage *from = visit_media_stage(l->visit);
    struct media_stage to = {.main_video = from->main_video, .main_audio = from->main_audio};

    memcpy(to.video, from->video, sizeof to.video);
    memcpy(to.audio, from->audio, sizeof to.audio);
    int r = media_set_stage(s->media, l->room, &to);
    if (r < 0) {
        log_warn("visit.stage", "visit=%s error=%d", visit_id(l->visit), -r);
    }
}

void live_changed(struct signal *s, struct live *l) {
    const struct visit_event *e;
    bool stage = false, summary = false;

    while ((e = visit_event_after(l->visit, l->handled)) != NULL) {
        l->handled = e->seq;
        stage |= e->type == VISIT_EVENT_STAGE;
        summary |= e->type == VISIT_EVENT_VISIT;
    }
    if (stage) {
        set_stage(s, l);
    }
    if (summary) {
        store_progress(s, l);
    }
    recordings_follow(s, l);
    for (struct client *c = l->clients; c != NULL; c = client_next(c)) {
        client_wake(c);
    }
    if (visit_state(l->visit) == VISIT_ENDED && !l->ended) {
        l->ended = true;
        sessions_close_visit(s, visit_id(l->visit), NULL);
        feeds_stop_visit(s, visit_id(l->visit));
    }
}

void live_rest(struct signal *s, struct live *l) {
    if (l->clients == NULL && l->sessions == 0 && visit_is_empty(l->visit)) {
        recordings_leave(s, l);
        media_close_room(s->media, l->room);
        live_free(s, l);
    }
}

void live_expel(struct signal *s, struct live *l, const char *credential, const char *word) {
    for (struct client *c = l->clients; c != NULL; c = client_next(c)) {
        if (client_is(c, credential)) {
            client_close(c, 1008, word);
        }
    }
    sessions_close_visit(s, visit_id(l->visit), credential);
}

void lives_tick(struct signal *s, usec_t now) {
    for (struct live *l = s->lives->first, *next; l != NULL; l = next) {
        next = l->next;
        if (visit_next_timeout(l->visit) <= now) {
            visit_timeout(l->visit, now);
            live_changed(s, l);
        }
        recordings_look(s, l, now);
        live_rest(s, l);
    }
}
