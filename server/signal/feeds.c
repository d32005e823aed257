#include "signal/feeds.h"
#include "base/random.h"
#include "signal/envelope.h"
#include "signal/live.h"
#include "signal/state.h"
#include "signal/websocket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct feed {
    struct feed *next;
    job_id job;
    char participant[ID_MAX];
    media_id session;      /* 0: not streaming now */
    media_id source_media; /* the session that the visit knows its source by; 0: none */
    struct feed_state state;
};

struct feeds {
    struct feed *first;
};

int feeds_new(struct signal *s) {
    s->feeds = calloc(1, sizeof *s->feeds);
    return s->feeds != NULL ? 0 : -ENOMEM;
}

static void feed_remove(struct signal *s, struct feed *feed) {
    for (struct feed **at = &s->feeds->first; *at != NULL; at = &(*at)->next) {
        if (*at == feed) {
            *at = feed->next;
            free(feed);
            return;
        }
    }
}

void feeds_free(struct signal *s) {
    while (s->feeds != NULL && s->feeds->first != NULL) {
        feed_remove(s, s->feeds->first);
    }
    free(s->feeds);
    s->feeds = NULL;
}

const struct feed_state *feeds_of_source(const struct signal *s, const char *source) {
    for (const struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        if (source[0] != '\0' && strcmp(f->state.source, source) == 0) {
            return &f->state;
        }
    }
    return NULL;
}

size_t feeds_connected(const struct signal *s) {
    size_t n = 0;

    for (const struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        n += f->state.source[0] != '\0' && strcmp(f->state.state, "connected") == 0;
    }
    return n;
}

int feeds_start(struct signal *s, struct live *live, const struct feed_opening *opening,
                char ret_id[static ID_MAX]) {
    struct visit_join join = {.actor = {.kind = ACTOR_ENCODER}};

    if (s->jobs == NULL) {
        return -ENOSYS;
    }
    if (feeds_of_source(s, opening->source) != NULL) {
        return -EEXIST;
    }
    struct feed *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return -ENOMEM;
    }
    random_text(f->state.id, 12);
    f->state.delay_ms = -1;
    snprintf(f->state.state, sizeof f->state.state, "waiting");
    snprintf(f->state.source, sizeof f->state.source, "%s", opening->source);
    snprintf(f->state.visit, sizeof f->state.visit, "%s", visit_id(live->visit));
    join.name = opening->name[0] != '\0' ? opening->name : "Content";
    snprintf(join.actor.id, sizeof join.actor.id, "feed-%.12s", f->state.id);
    snprintf(join.actor.visit, sizeof join.actor.visit, "%s", f->state.visit);
    int r = visit_join(live->visit, &join, f->participant);
    if (r == 0) {
        r = s->jobs->ingest(s->jobs->ctx, opening->job, &f->job);
        if (r < 0) {
            visit_leave(live->visit, f->participant);
        }
    }
    if (r < 0) {
        free(f);
        return r;
    }
    f->next = s->feeds->first;
    s->feeds->first = f;
    live->sessions++;
    memcpy(ret_id, f->state.id, sizeof f->state.id);
    live_changed(s, live);
    return 0;
}

/* Its picture stops; the source stays, for it may come back. */
static void feed_dark(struct signal *s, struct feed *f, struct live *live) {
    if (f->session != 0) {
        media_close_session(s->media, f->session);
        f->session = 0;
    }
    if (live != NULL && f->source_media != 0) {
        visit_source_alive(live->visit, f->source_media, true, false);
        visit_source_alive(live->visit, f->source_media, false, false);
    }
}

static void feed_over(struct signal *s, struct feed *f) {
    struct live *live = live_find(s, f->state.visit);

    feed_dark(s, f, live);
    if (live != NULL) {
        visit_remove_source(live->visit, f->source_media);
        if (visit_find_participant(live->visit, f->participant) != NULL) {
            visit_leave(live->visit, f->participant);
        }
        live->sessions--;
        live_changed(s, live);
    }
    feed_remove(s, f);
}

static void feed_stop(struct signal *s, struct feed *f) {
    s->jobs->stop(s->jobs->ctx, f->job);
    feed_over(s, f);
}

int feeds_stop(struct signal *s, const char *visit, const char *id) {
    for (struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        if (strcmp(f->state.visit, visit) == 0 && strcmp(f->state.id, id) == 0) {
            feed_stop(s, f);
            return 0;
        }
    }
    return -ENOENT;
}

void feeds_stop_visit(struct signal *s, const char *visit) {
    for (struct feed *f = s->feeds->first, *next; f != NULL; f = next) {
        next = f->next;
        if (strcmp(f->state.visit, visit) == 0) {
            feed_stop(s, f);
        }
    }
}

void feeds_stop_source(struct signal *s, const char *source) {
    for (struct feed *f = s->feeds->first, *next; f != NULL; f = next) {
        next = f->next;
        if (source[0] != '\0' && strcmp(f->state.source, source) == 0) {
            feed_stop(s, f);
        }
    }
}

/* A process runs: its socket becomes a source of the visit. */
static void feed_started(struct signal *s, struct feed *f, int fd) {
    struct live *live = live_find(s, f->state.visit);
    struct media_feed_config config = {.session = signal_new_media_id(s), .fd = fd};
    char source[ID_MAX];

    if (live == NULL || fd < 0) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    feed_dark(s, f, live);
    config.room = live->room;
    int r = visit_source_returns(live->visit, f->source_media, config.session);
    if (r == -ENOENT) {
        r = visit_add_source(live->visit, f->participant, SOURCE_CONTENT, config.session, true,
                             true, source);
    }
    if (r == 0) {
        f->source_media = config.session;
        r = media_open_feed(s->media, &config);
    }
    if (r < 0) {
        log_warn("feed.refused", "visit=%s feed=%s error=%d", f->state.visit, f->state.id, -r);
        close(fd);
    } else {
        f->session = config.session;
    }
    live_changed(s, live);
}

/* How its source does goes to whoever looks at it. */
static void feed_told(struct feed *f, struct live *live, const char *state, int delay_ms,
                      const char *detail) {
    snprintf(f->state.state, sizeof f->state.state, "%.*s", (int)sizeof f->state.state - 1, state);
    snprintf(f->state.detail, sizeof f->state.detail, "%s", detail);
    f->state.delay_ms = delay_ms;
    const struct source *source =
        live != NULL ? visit_find_media(live->visit, f->source_media) : NULL;
    if (source != NULL) {
        clients_feed(live, &(struct feed_news){.source = source->id,
                                               .state = f->state.state,
                                               .delay_ms = f->state.delay_ms,
                                               .detail = f->state.detail});
    }
}

/* A keyed feed: its picture is a virtual person's. */
static void feed_laid_out(struct signal *s, struct feed *f, struct live *live,
                          const struct matte_layout *layout) {
    const struct matte matte = {.laid_out = true, .layout = *layout};

    if (live != NULL && visit_set_matte(live->visit, f->source_media, &matte) == 0) {
        live_changed(s, live);
    }
}

bool feeds_job_event(struct signal *s, const struct job_event *e) {
    struct feed *f = s->feeds->first;

    while (f != NULL && f->job != e->job) {
        f = f->next;
    }
    if (f == NULL) {
        return false;
    }
    struct live *live = live_find(s, f->state.visit);
    switch (e->type) {
    case JOB_EVENT_STARTED:
        feed_started(s, f, e->fd);
        break;
    case JOB_EVENT_SOURCE:
        feed_told(f, live, e->stage, e->delay_ms, e->message);
        break;
    case JOB_EVENT_MATTE:
        feed_laid_out(s, f, live, &e->matte);
        break;
    case JOB_EVENT_RESTARTING:
        log_warn("feed.restarting", "visit=%s feed=%s reason=\"%s\"", f->state.visit, f->state.id,
                 e->message);
        feed_told(f, live, "lost", -1, e->message);
        feed_dark(s, f, live);
        if (live != NULL) {
            live_changed(s, live);
        }
        break;
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
    case JOB_EVENT_READY:
        log_info("feed.ended", "visit=%s feed=%s reason=%s", f->state.visit, f->state.id,
                 e->reason);
        feed_over(s, f);
        break;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_GATE:
        break;
    }
    return true;
}

bool feeds_media_event(struct signal *s, const struct media_event *e) {
    struct feed *f = s->feeds->first;

    while (f != NULL && (f->session == 0 || f->session != e->session)) {
        f = f->next;
    }
    if (f == NULL) {
        return false;
    }
    struct live *live = live_find(s, f->state.visit);
    if (e->type == MEDIA_EVENT_SOURCE && live != NULL) {
        visit_source_alive(live->visit, f->session, e->source.kind == MEDIA_VIDEO, e->source.alive);
    } else if (e->type == MEDIA_EVENT_ENDED) {
        f->session = 0;
        feed_dark(s, f, live);
    }
    if (live != NULL) {
        live_changed(s, live);
    }
    return true;
}
