#include "signal/live_view.h"
#include "signal/api.h"
#include "signal/http.h"
#include "signal/live.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "signal/text.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTED_MAX 200 /* viewers of an answer, the worst first */
#define DOTS 5
#define OLD SEC(15) /* an older word about a viewer says nothing of now */

struct seen {
    struct seen *next, *previous;
    media_id id;
    usec_t quality_at, tracks_at; /* 0: never */
    struct media_event quality, tracks;
};

struct live_view {
    struct seen *first;
    struct map by_id;
};

int live_view_new(struct signal *s) {
    s->live_view = calloc(1, sizeof *s->live_view);
    if (s->live_view == NULL) {
        return -ENOMEM;
    }
    map_init(&s->live_view->by_id);
    return 0;
}

static void forget(struct live_view *v, struct seen *seen) {
    *(seen->previous != NULL ? &seen->previous->next : &v->first) = seen->next;
    if (seen->next != NULL) {
        seen->next->previous = seen->previous;
    }
    map_remove(&v->by_id, seen->id);
    free(seen);
}

void live_view_free(struct signal *s) {
    if (s->live_view == NULL) {
        return;
    }
    while (s->live_view->first != NULL) {
        forget(s->live_view, s->live_view->first);
    }
    map_clear(&s->live_view->by_id);
    free(s->live_view);
    s->live_view = NULL;
}

static struct seen *see(struct live_view *v, media_id id) {
    struct seen *seen = map_get(&v->by_id, id);

    if (seen != NULL) {
        return seen;
    }
    seen = calloc(1, sizeof *seen);
    if (seen == NULL || map_set(&v->by_id, id, seen) < 0) {
        free(seen);
        return NULL;
    }
    seen->id = id;
    seen->next = v->first;
    if (seen->next != NULL) {
        seen->next->previous = seen;
    }
    v->first = seen;
    return seen;
}

void live_view_media_event(struct signal *s, const struct media_event *e) {
    struct seen *seen;

    switch (e->type) {
    case MEDIA_EVENT_QUALITY:
        seen = see(s->live_view, e->session);
        if (seen != NULL) {
            seen->quality = *e;
            seen->quality_at = clock_now();
        }
        break;
    case MEDIA_EVENT_TRACKS:
        seen = see(s->live_view, e->session);
        if (seen != NULL) {
            seen->tracks = *e;
            seen->tracks_at = clock_now();
        }
        break;
    case MEDIA_EVENT_ENDED:
        seen = map_get(&s->live_view->by_id, e->session);
        if (seen != NULL) {
            forget(s->live_view, seen);
        }
        break;
    case MEDIA_EVENT_CONNECTED:
    case MEDIA_EVENT_SOURCE:
    case MEDIA_EVENT_POSITION:
    case MEDIA_EVENT_LAYERS:
    case MEDIA_EVENT_UNPLAYABLE:
        break;
    }
}

/* What is known of a session's quality and young enough, or NULL. */
static const struct media_event *quality_of(const struct signal *s, media_id id) {
    const struct seen *seen = map_get(&s->live_view->by_id, id);

    return seen != NULL && seen->quality_at != 0 && clock_now() < seen->quality_at + OLD
               ? &seen->quality
               : NULL;
}

/* ---- the answer ---- */

struct listed {
    const struct session *session;
    const struct media_event *quality;
};

/* Those of whom nothing is known come last. */
static int worse_first(const void *a, const void *b) {
    const struct media_event *p = ((const struct listed *)a)->quality;
    const struct media_event *q = ((const struct listed *)b)->quality;

    if (p == NULL || q == NULL) {
        return (p == NULL) - (q == NULL);
    }
    if (p->quality.dots != q->quality.dots) {
        return p->quality.dots - q->quality.dots;
    }
    return (p->quality.loss < q->quality.loss) - (p->quality.loss > q->quality.loss);
}

static struct json *viewer_json(const struct visit *v, const struct listed *l) {
    struct json *o = json_new_object();
    const struct participant *p = l->session->participant[0] != '\0'
                                      ? visit_find_participant(v, l->session->participant)
                                      : NULL;

    json_put_text(o, "participant", p != NULL ? p->id : NULL);
    json_put_text(o, "name", p != NULL ? p->name : NULL);
    json_put_text(o, "role", p != NULL ? participant_role_name(p->role) : NULL);
    if (l->quality == NULL) {
        json_put_text(o, "dots", NULL);
        return o;
    }
    json_put_int(o, "dots", l->quality->quality.dots);
    json_put_number(o, "loss", (double)l->quality->quality.loss);
    json_put_int(o, "rtt_ms", l->quality->quality.rtt_ms);
    json_put_int(o, "kbit_s", l->quality->quality.kbit_s);
    if (l->quality->quality.carries_kbit_s > 0) {
        json_put_int(o, "carries_kbit_s", l->quality->quality.carries_kbit_s);
    } else {
        json_put_text(o, "carries_kbit_s", NULL);
    }
    return o;
}

static void put_viewers(struct json *o, const struct signal *s, const struct visit *v) {
    struct json *list = json_new_list(), *dots = json_new_list();
    struct listed *all = calloc(sessions_count(s) + 1, sizeof *all);
    int64_t by_dots[DOTS] = {0};
    size_t n = 0, unknown = 0;

    for (const struct session *e = all != NULL ? sessions_first(s) : NULL; e != NULL; e = e->next) {
        if (e->kind == SESSION_WATCH && strcmp(e->visit, visit_id(v)) == 0) {
            all[n] = (struct listed){.session = e, .quality = quality_of(s, e->id)};
            if (all[n].quality == NULL) {
                unknown++;
            } else if (all[n].quality->quality.dots < DOTS) {
                by_dots[all[n].quality->quality.dots]++;
            }
            n++;
        }
    }
    if (n > 0) {
        qsort(all, n, sizeof *all, worse_first);
    }
    for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
        json_add(list, viewer_json(v, &all[i]));
    }
    for (size_t i = 0; i < DOTS; i++) {
        json_add_int(dots, by_dots[i]);
    }
    free(all);
    json_put_int(o, "viewer_count", (int64_t)n);
    json_put(o, "viewers_by_dots", dots);
    json_put_int(o, "viewers_unknown", (int64_t)unknown);
    json_put(o, "viewers", list);
}

static struct json *tracks_json(const struct signal *s, media_id id) {
    const struct seen *seen = map_get(&s->live_view->by_id, id);
    struct json *list = json_new_list();

    for (size_t i = 0; seen != NULL && seen->tracks_at != 0 && i < seen->tracks.tracks.count; i++) {
        const struct media_track_state *t = &seen->tracks.tracks.list[i];
        struct json *o = json_new_object();
        json_put_text(o, "kind", t->kind == MEDIA_VIDEO ? "video" : "audio");
        json_put_text(o, "codec", media_codec_name(t->codec));
        if (t->width > 0) {
            json_put_int(o, "width", t->width);
            json_put_int(o, "height", t->height);
        }
        json_put_int(o, "kbit_s", t->kbit_s);
        json_put_number(o, "lost", (double)t->lost);
        json_put_bool(o, "alive", t->alive && clock_now() < seen->tracks_at + OLD);
        json_add(list, o);
    }
    return list;
}

static struct json *sources_json(const struct signal *s, const struct visit *v) {
    struct json *list = json_new_list();
    const struct source *source;

    for (size_t i = 0; (source = visit_source(v, i)) != NULL; i++) {
        struct json *o = json_new_object();
        json_put_text(o, "id", source->id);
        json_put_text(o, "participant", source->participant);
        json_put_text(o, "kind", source_kind_name(source->kind));
        json_put_bool(o, "alive", source->alive);
        json_put(o, "tracks", tracks_json(s, source->media));
        json_add(list, o);
    }
    return list;
}

/* A visit that nobody is in has no live view: empty, not an error. */
static void visit_known(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct visit_row *row = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
        return;
    }
    const struct live *live = live_find(x->signal, row->id);
    struct json *o = json_new_object();
    json_put_text(o, "visit", row->id);
    json_put_int(o, "present", live != NULL ? (int64_t)visit_present(live->visit) : 0);
    if (live != NULL) {
        put_viewers(o, x->signal, live->visit);
        json_put(o, "sources", sources_json(x->signal, live->visit));
    } else {
        json_put_int(o, "viewer_count", 0);
        json_put(o, "viewers_by_dots", json_new_list());
        json_put_int(o, "viewers_unknown", 0);
        json_put(o, "viewers", json_new_list());
        json_put(o, "sources", json_new_list());
    }
    reply_header(x, "cache-control", "no-store");
    reply_json(x, 200, o);
}

void api_visit_live(struct exchange *x) {
    struct visit_row row = {0};

    snprintf(row.id, sizeof row.id, "%.*s", (int)sizeof row.id - 1, x->request.params[0]);
    EXCHANGE_STORE(x, visits_get, &row, visit_known);
}

void live_view_metrics(struct text *t, const struct signal *s) {
    uint64_t by_dots[DOTS] = {0}, known = 0;
    double loss = 0;

    for (const struct session *e = sessions_first(s); e != NULL; e = e->next) {
        const struct media_event *q = e->kind != SESSION_PUBLISH ? quality_of(s, e->id) : NULL;
        if (q != NULL && q->quality.dots < DOTS) {
            by_dots[q->quality.dots]++;
            loss += (double)q->quality.loss;
            known++;
        }
    }
    text_add(t, "# HELP parlour_viewers_by_dots Viewers by how well they receive, 0 to 4.\n"
                "# TYPE parlour_viewers_by_dots gauge\n");
    for (size_t i = 0; i < DOTS; i++) {
        text_addf(t, "parlour_viewers_by_dots{dots=\"%zu\"} %llu\n", i,
                  (unsigned long long)by_dots[i]);
    }
    text_addf(t,
              "# HELP parlour_viewer_loss Mean share of packets that viewers report as lost.\n"
              "# TYPE parlour_viewer_loss gauge\nparlour_viewer_loss %.6f\n",
              known > 0 ? loss / (double)known : 0);
}
