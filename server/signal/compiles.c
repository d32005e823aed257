#include "signal/compiles.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/job_events.h"
#include "signal/presentation.h"
#include "signal/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct compile {
    struct compile *next;
    job_id job;
    char walkthrough[ID_MAX];
    char directory[64]; /* the new presentation's name */
    char source[STORE_PATH_MAX];
    char old_directory[STORE_PATH_MAX], old_film[STORE_PATH_MAX]; /* what it replaces, or "" */
    double old_duration;
    bool gone, started;
    double fraction, seconds_left;
    char stage[JOB_WORD_MAX];
};

struct compiles {
    struct compile *first;
};

int compiles_new(struct signal *s) {
    s->compiles = calloc(1, sizeof *s->compiles);
    return s->compiles != NULL ? 0 : -ENOMEM;
}

static void compile_remove(struct signal *s, struct compile *c) {
    for (struct compile **at = &s->compiles->first; *at != NULL; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            free(c);
            return;
        }
    }
}

void compiles_free(struct signal *s) {
    while (s->compiles != NULL && s->compiles->first != NULL) {
        compile_remove(s, s->compiles->first);
    }
    free(s->compiles);
    s->compiles = NULL;
}

static struct compile *find(struct signal *s, const char *walkthrough) {
    for (struct compile *c = s->compiles->first; c != NULL; c = c->next) {
        if (!c->gone && strcmp(c->walkthrough, walkthrough) == 0) {
            return c;
        }
    }
    return NULL;
}

bool compiles_drop(struct signal *s, const char *walkthrough) {
    struct compile *c = find(s, walkthrough);

    if (c == NULL) {
        return false;
    }
    c->gone = true;
    s->jobs->stop(s->jobs->ctx, c->job);
    return true;
}

bool compiles_state(struct signal *s, const char *walkthrough, struct compile_state *ret) {
    const struct compile *c = find(s, walkthrough);

    if (c == NULL) {
        return false;
    }
    *ret = (struct compile_state){.fraction = c->fraction, .seconds_left = c->seconds_left};
    ret->ahead = c->started ? 0 : s->jobs->ahead(s->jobs->ctx, c->job);
    snprintf(ret->stage, sizeof ret->stage, "%s",
             !c->started           ? "queued"
             : c->stage[0] != '\0' ? c->stage
                                   : "starting");
    return true;
}

void compiles_count(const struct signal *s, size_t *running, size_t *waiting) {
    for (const struct compile *c = s->compiles->first; c != NULL; c = c->next) {
        *running += c->started;
        *waiting += !c->started;
    }
}

/* ---- starting ---- */

static int make_room(const struct signal *s) {
    char path[JOB_PATH_MAX];

    snprintf(path, sizeof path, "%.400s/presentations", s->config->data_dir);
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static uint64_t size_of(const char *path) {
    struct stat st;

    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static int run(struct signal *s, struct compile *c, const struct walkthrough_row *row) {
    struct job_task task = {.kind = JOB_COMPILE};

    if (upload_path(s, row->source, task.input, sizeof task.input) < 0) {
        return -ENAMETOOLONG;
    }
    snprintf(task.output, sizeof task.output, "%.400s/presentations/%s", s->config->data_dir,
             c->directory);
    snprintf(task.title, sizeof task.title, "%s", row->title);
    snprintf(task.key, sizeof task.key, "%s", row->key);
    task.weight = size_of(task.input);
    return s->jobs->run(s->jobs->ctx, &task, &c->job);
}

int compiles_start(struct signal *s, const struct walkthrough_row *row) {
    struct compile *c;
    char suffix[7];

    if (s->jobs == NULL) {
        return -ENOSYS;
    }
    compiles_drop(s, row->id);
    int r = make_room(s);
    c = r == 0 ? calloc(1, sizeof *c) : NULL;
    if (c == NULL) {
        return r < 0 ? r : -ENOMEM;
    }
    random_text(suffix, 6);
    snprintf(c->walkthrough, sizeof c->walkthrough, "%s", row->id);
    snprintf(c->directory, sizeof c->directory, "%s-%s", row->id, suffix);
    snprintf(c->source, sizeof c->source, "%s", row->source);
    snprintf(c->old_directory, sizeof c->old_directory, "%s", row->directory);
    snprintf(c->old_film, sizeof c->old_film, "%s", row->film);
    c->old_duration = row->duration;
    c->seconds_left = -1;
    r = run(s, c, row);
    if (r < 0) {
        free(c);
        return r;
    }
    c->next = s->compiles->first;
    s->compiles->first = c;
    return 0;
}

/* ---- outcomes ---- */

/* What to remove once the store has the outcome. */
struct outcome {
    struct signal *s;
    char directory[64], old_directory[STORE_PATH_MAX], old_film[STORE_PATH_MAX];
};

static void outcome_stored(void *ctx, int result, void *argument) {
    const struct walkthrough_row *row = argument;
    struct outcome *o = ctx;

    if (result == 0 && row->state == WALKTHROUGH_READY) {
        presentation_remove(o->s->config->data_dir, o->old_directory);
        if (strcmp(o->old_film, row->film) != 0) {
            upload_remove(o->s, o->old_film);
        }
    } else if (result == -ENOENT) { /* deleted, or another film came meanwhile */
        presentation_remove(o->s->config->data_dir, o->directory);
    } else if (result < 0) {
        log_warn("walkthrough.store", "walkthrough=%s error=%d", row->id, -result);
    }
    free(o);
}

static void store_outcome(struct signal *s, const struct compile *c, struct walkthrough_row *row) {
    struct outcome *o = calloc(1, sizeof *o);
    int r = -ENOMEM;

    if (o != NULL) {
        o->s = s;
        memcpy(o->directory, c->directory, sizeof o->directory);
        memcpy(o->old_directory, c->old_directory, sizeof o->old_directory);
        memcpy(o->old_film, c->old_film, sizeof o->old_film);
        r = store_walkthroughs_change(s->store, row, outcome_stored, o);
    }
    if (r < 0) { /* the next start takes it up again */
        log_warn("walkthrough.store", "walkthrough=%s error=%d", row->id, -r);
        free(o);
    }
}

static void ready(struct signal *s, const struct compile *c, const struct job_event *e) {
    struct walkthrough_row row = {.fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_PROGRESS,
                                  .state = WALKTHROUGH_READY,
                                  .progress = 1,
                                  .duration = e->duration};

    memcpy(row.id, c->walkthrough, sizeof row.id);
    memcpy(row.source, c->source, sizeof row.source);
    memcpy(row.film, c->source, sizeof row.film);
    snprintf(row.directory, sizeof row.directory, "%s", c->directory);
    store_outcome(s, c, &row);
}

/* The old film goes on; the new source waits for another try. */
static void failed(struct signal *s, const struct compile *c, const struct job_event *e) {
    struct walkthrough_row row = {
        .fields = WALKTHROUGH_OUTCOME, .state = WALKTHROUGH_FAILED, .duration = c->old_duration};

    memcpy(row.id, c->walkthrough, sizeof row.id);
    memcpy(row.source, c->source, sizeof row.source);
    memcpy(row.film, c->old_film, sizeof row.film);
    memcpy(row.directory, c->old_directory, sizeof row.directory);
    snprintf(row.reason, sizeof row.reason, "%s", e->reason[0] != '\0' ? e->reason : "stopped");
    snprintf(row.error, sizeof row.error, "%s",
             e->message[0] != '\0' ? e->message : "The video could not be prepared.");
    store_outcome(s, c, &row);
    signal_count_failure(s, row.reason);
}

static void over(struct signal *s, struct compile *c, const struct job_event *e) {
    if (c->gone) {
        presentation_remove(s->config->data_dir, c->directory);
    } else if (e->type == JOB_EVENT_READY) {
        ready(s, c, e);
    } else {
        failed(s, c, e);
    }
    log_info("walkthrough.compiled", "walkthrough=%s state=%s reason=%s", c->walkthrough,
             c->gone                      ? "dropped"
             : e->type == JOB_EVENT_READY ? "ready"
                                          : "failed",
             e->reason);
    compile_remove(s, c);
}

bool compiles_job_event(struct signal *s, const struct job_event *e) {
    struct compile *c = s->compiles->first;

    while (c != NULL && c->job != e->job) {
        c = c->next;
    }
    if (c == NULL) {
        return false;
    }
    switch (e->type) {
    case JOB_EVENT_STARTED:
        c->started = true;
        break;
    case JOB_EVENT_PROGRESS:
        c->started = true;
        c->fraction = e->fraction < 0 ? 0 : e->fraction > 1 ? 1 : e->fraction;
        c->seconds_left = e->seconds_left;
        memcpy(c->stage, e->stage, sizeof c->stage);
        break;
    case JOB_EVENT_READY:
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
        over(s, c, e);
        break;
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
    case JOB_EVENT_MATTE:
    case JOB_EVENT_GATE:
    case JOB_EVENT_RESTARTING:
        break;
    }
    return true;
}

/* ---- after a restart ---- */

static void listed(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct walkthrough_list *list = argument;
    char path[JOB_PATH_MAX];

    for (size_t i = 0; result == 0 && i < list->count; i++) {
        struct walkthrough_row row = list->rows[i];
        if (row.visit[0] != '\0') {
            continue;
        }
        bool there = row.source[0] != '\0' && upload_path(s, row.source, path, sizeof path) == 0 &&
                     access(path, R_OK) == 0;
        if (there && compiles_start(s, &row) == 0) {
            log_info("walkthrough.again", "walkthrough=%s", row.id);
            continue;
        }
        row.fields = WALKTHROUGH_OUTCOME;
        row.state = WALKTHROUGH_FAILED;
        snprintf(row.reason, sizeof row.reason, "%s", there ? "too_many_jobs" : "no_source");
        snprintf(row.error, sizeof row.error, "%s",
                 there ? "Too many videos are waiting to be prepared. Try again later."
                       : "The uploaded file is no longer here. Please upload it again.");
        signal_count_failure(s, row.reason);
        if (store_walkthroughs_change(s->store, &row, NULL, NULL) < 0) {
            log_warn("walkthrough.store", "walkthrough=%s error=busy", row.id);
        }
    }
}

void compiles_resume(struct signal *s) {
    struct walkthrough_list list = {.compiling_only = true};

    if (s->jobs != NULL && store_walkthroughs_list(s->store, &list, listed, s) < 0) {
        log_warn("walkthrough.again", "error=busy");
    }
}
