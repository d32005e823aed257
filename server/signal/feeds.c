#include "signal/feeds.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/live.h"
#include "signal/presentation.h"
#include "signal/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_PROGRESS_EVERY SEC(1)

struct feed {
    struct feed *next;
    job_id job;
    /* compile */
    char walkthrough[ID_MAX]; /* "" for an ingest */
    char directory[64];       /* the new presentation's name */
    char source[STORE_PATH_MAX];
    char old_directory[STORE_PATH_MAX], old_source[STORE_PATH_MAX]; /* what it replaces, or "" */
    double old_duration;
    bool gone; /* nobody wants it any more */
    usec_t stored_at;
    /* ingest */
    char id[ID_MAX];
    char visit[ID_MAX];
    char participant[ID_MAX];
    media_id session;      /* 0: not streaming now */
    media_id source_media; /* the session that the visit knows its source by; 0: none */
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

static struct feed *find_job(struct signal *s, job_id job) {
    for (struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        if (f->job == job) {
            return f;
        }
    }
    return NULL;
}

static struct feed *feed_add(struct signal *s) {
    struct feed *f = calloc(1, sizeof *f);

    if (f != NULL) {
        random_text(f->id, 12);
        f->next = s->feeds->first;
        s->feeds->first = f;
    }
    return f;
}

/* ---- compiling ---- */

static struct feed *find_compile(struct signal *s, const char *walkthrough) {
    for (struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        if (!f->gone && strcmp(f->walkthrough, walkthrough) == 0) {
            return f;
        }
    }
    return NULL;
}

void feeds_forget(struct signal *s, const char *walkthrough) {
    struct feed *f = find_compile(s, walkthrough);

    if (f != NULL) {
        f->gone = true;
        s->jobs->stop(s->jobs->ctx, f->job);
        upload_remove(s, f->old_source);
    }
}

/* The new job answers for what the one before it would have replaced. */
static void supersede(struct signal *s, struct feed *f, struct feed *before) {
    memcpy(f->old_source, before->old_source, sizeof f->old_source);
    before->gone = true;
    s->jobs->stop(s->jobs->ctx, before->job);
}

static int make_room(const struct signal *s) {
    char path[JOB_PATH_MAX];

    snprintf(path, sizeof path, "%.400s/presentations", s->config->data_dir);
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int feeds_compile(struct signal *s, const struct walkthrough_row *row, const char *old_source) {
    struct job_task job = {.kind = JOB_COMPILE};
    struct feed *f, *before = find_compile(s, row->id);
    char suffix[7];

    if (s->jobs == NULL) {
        return -ENOSYS;
    }
    int r = make_room(s);
    f = r == 0 ? feed_add(s) : NULL;
    if (f == NULL) {
        return r < 0 ? r : -ENOMEM;
    }
    random_text(suffix, 6);
    snprintf(f->walkthrough, sizeof f->walkthrough, "%s", row->id);
    snprintf(f->directory, sizeof f->directory, "%s-%s", row->id, suffix);
    snprintf(f->source, sizeof f->source, "%s", row->source);
    snprintf(f->old_directory, sizeof f->old_directory, "%s", row->directory);
    snprintf(f->old_source, sizeof f->old_source, "%s", old_source);
    f->old_duration = row->duration;
    snprintf(job.input, sizeof job.input, "%s%s%.300s",
             row->source[0] == '/' ? "" : s->config->data_dir, row->source[0] == '/' ? "" : "/",
             row->source);
    snprintf(job.output, sizeof job.output, "%.400s/presentations/%s", s->config->data_dir,
             f->directory);
    snprintf(job.title, sizeof job.title, "%s", row->title);
    r = s->jobs->run(s->jobs->ctx, &job, &f->job);
    if (r < 0) {
        feed_remove(s, f);
    } else if (before != NULL) {
        supersede(s, f, before);
    }
    return r;
}

static void outcome_stored(void *ctx, int result, void *argument) {
    const struct walkthrough_row *row = argument;

    (void)ctx;
    if (result < 0 && result != -ENOENT) {
        log_warn("walkthrough.store", "walkthrough=%s error=%d", row->id, -result);
    }
}

static void store_outcome(struct signal *s, struct walkthrough_row *row) {
    if (store_walkthroughs_change(s->store, row, outcome_stored, s) < 0) {
        log_warn("walkthrough.store", "walkthrough=%s error=busy", row->id);
    }
}

/* Its job is over: away with what it leaves. */
static void clear_forgotten(struct signal *s, struct feed *f) {
    presentation_remove(s->config->data_dir, f->directory);
    presentation_remove_half(s->config->data_dir, f->directory);
    upload_remove(s, f->source);
    feed_remove(s, f);
}

static bool is_over(const struct job_event *e) {
    return e->type == JOB_EVENT_READY || e->type == JOB_EVENT_FAILED || e->type == JOB_EVENT_ENDED;
}

static void compile_event(struct signal *s, struct feed *f, const struct job_event *e) {
    struct walkthrough_row row = {0};
    usec_t now = clock_now();

    if (f->gone) {
        if (is_over(e)) {
            clear_forgotten(s, f);
        }
        return;
    }
    snprintf(row.id, sizeof row.id, "%s", f->walkthrough);
    switch (e->type) {
    case JOB_EVENT_PROGRESS:
        if (now - f->stored_at < STORE_PROGRESS_EVERY) {
            break;
        }
        f->stored_at = now;
        row.fields = WALKTHROUGH_PROGRESS;
        row.progress = e->fraction < 0 ? 0 : e->fraction > 1 ? 1 : e->fraction;
        store_outcome(s, &row);
        break;
    case JOB_EVENT_READY:
        row.fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_PROGRESS;
        row.state = WALKTHROUGH_READY;
        row.progress = 1;
        row.duration = e->duration;
        snprintf(row.directory, sizeof row.directory, "%s", f->directory);
        store_outcome(s, &row);
        presentation_remove(s->config->data_dir, f->old_directory);
        upload_remove(s, f->old_source);
        break;
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
        row.fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_SOURCE;
        row.state = WALKTHROUGH_FAILED;
        row.duration = f->old_duration; /* the old film goes on */
        memcpy(row.directory, f->old_directory, sizeof row.directory);
        memcpy(row.source, f->old_source, sizeof row.source);
        snprintf(row.error, sizeof row.error, "%s",
                 e->message[0] != '\0' ? e->message : "The video could not be prepared.");
        store_outcome(s, &row);
        presentation_remove_half(s->config->data_dir, f->directory);
        upload_remove(s, f->source);
        break;
    case JOB_EVENT_STARTED:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
    case JOB_EVENT_RESTARTING:
        break;
    }
    if (is_over(e)) {
        log_info("walkthrough.compiled", "walkthrough=%s state=%s reason=%s", f->walkthrough,
                 walkthrough_state_name(row.state), e->reason);
        feed_remove(s, f);
    }
}

static void compiling_listed(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct walkthrough_list *list = argument;
    char path[2 * STORE_PATH_MAX];

    for (size_t i = 0; result == 0 && i < list->count; i++) {
        struct walkthrough_row row = list->rows[i];
        if (row.source[0] == '/') {
            snprintf(path, sizeof path, "%s", row.source);
        } else {
            snprintf(path, sizeof path, "%s/%s", s->config->data_dir, row.source);
        }
        if (row.source[0] != '\0' && access(path, R_OK) == 0 && feeds_compile(s, &row, "") == 0) {
            log_info("walkthrough.again", "walkthrough=%s", row.id);
            continue;
        }
        row.fields = WALKTHROUGH_OUTCOME;
        row.state = WALKTHROUGH_FAILED;
        snprintf(row.error, sizeof row.error, "%s",
                 "The server was stopped while the video was prepared. Please upload it again.");
        store_outcome(s, &row);
    }
}

void feeds_resume(struct signal *s) {
    struct walkthrough_list list = {.compiling_only = true};

    if (s->jobs != NULL && store_walkthroughs_list(s->store, &list, compiling_listed, s) < 0) {
        log_warn("walkthrough.again", "error=busy");
    }
}

/* ---- live feeds ---- */

int feeds_start(struct signal *s, struct live *live, const char *file, bool h264,
                char ret_id[static ID_MAX]) {
    struct job_ingest job = {.source = file[0] != '\0' ? JOB_INGEST_FILE : JOB_INGEST_TEST,
                             .codec = h264 ? JOB_INGEST_H264 : JOB_INGEST_VP8};
    struct visit_join join = {.actor = {.kind = ACTOR_ENCODER}, .name = "Content"};

    if (s->jobs == NULL) {
        return -ENOSYS;
    }
    struct feed *f = feed_add(s);
    if (f == NULL) {
        return -ENOMEM;
    }
    snprintf(job.file, sizeof job.file, "%s", file);
    snprintf(f->visit, sizeof f->visit, "%s", visit_id(live->visit));
    snprintf(join.actor.id, sizeof join.actor.id, "feed-%.12s", f->id);
    snprintf(join.actor.visit, sizeof join.actor.visit, "%s", f->visit);
    int r = visit_join(live->visit, &join, f->participant);
    if (r == 0) {
        r = s->jobs->ingest(s->jobs->ctx, &job, &f->job);
        if (r < 0) {
            visit_leave(live->visit, f->participant);
        }
    }
    if (r < 0) {
        feed_remove(s, f);
        return r;
    }
    live->sessions++;
    memcpy(ret_id, f->id, sizeof f->id);
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
    struct live *live = live_find(s, f->visit);

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

int feeds_stop(struct signal *s, const char *visit, const char *id) {
    for (struct feed *f = s->feeds->first; f != NULL; f = f->next) {
        if (f->walkthrough[0] == '\0' && strcmp(f->visit, visit) == 0 && strcmp(f->id, id) == 0) {
            s->jobs->stop(s->jobs->ctx, f->job);
            feed_over(s, f);
            return 0;
        }
    }
    return -ENOENT;
}

void feeds_stop_visit(struct signal *s, const char *visit) {
    for (struct feed *f = s->feeds->first, *next; f != NULL; f = next) {
        next = f->next;
        if (f->walkthrough[0] == '\0' && strcmp(f->visit, visit) == 0) {
            s->jobs->stop(s->jobs->ctx, f->job);
            feed_over(s, f);
        }
    }
}

/* A process runs: its socket becomes a source of the visit. */
static void feed_started(struct signal *s, struct feed *f, int fd) {
    struct live *live = live_find(s, f->visit);
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
        log_warn("feed.refused", "visit=%s feed=%s error=%d", f->visit, f->id, -r);
        close(fd);
    } else {
        f->session = config.session;
    }
    live_changed(s, live);
}

static void ingest_event(struct signal *s, struct feed *f, const struct job_event *e) {
    struct live *live = live_find(s, f->visit);

    switch (e->type) {
    case JOB_EVENT_STARTED:
        feed_started(s, f, e->fd);
        break;
    case JOB_EVENT_RESTARTING:
        log_warn("feed.restarting", "visit=%s feed=%s reason=\"%s\"", f->visit, f->id, e->message);
        feed_dark(s, f, live);
        if (live != NULL) {
            live_changed(s, live);
        }
        break;
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
    case JOB_EVENT_READY:
        log_info("feed.ended", "visit=%s feed=%s reason=%s", f->visit, f->id, e->reason);
        feed_over(s, f);
        break;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
        break;
    }
}

void feeds_service(struct signal *s) {
    struct job_event e;

    while (s->jobs != NULL && s->jobs->next_event(s->jobs->ctx, &e)) {
        struct feed *f = find_job(s, e.job);
        if (f == NULL) {
            if (e.type == JOB_EVENT_STARTED && e.fd >= 0) {
                close(e.fd);
            }
        } else if (f->walkthrough[0] != '\0') {
            compile_event(s, f, &e);
        } else {
            ingest_event(s, f, &e);
        }
    }
}

bool feeds_media_event(struct signal *s, const struct media_event *e) {
    struct feed *f = s->feeds->first;

    while (f != NULL && (f->session == 0 || f->session != e->session)) {
        f = f->next;
    }
    if (f == NULL) {
        return false;
    }
    struct live *live = live_find(s, f->visit);
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
