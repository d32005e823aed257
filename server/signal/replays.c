/* DESIGN: one struct replay per visit, from the wish to have a replay until its last job is over.
 * Answers of the store find it by the visit's id, so it may vanish while one is on its way. What is
 * stored is enough to begin again after a crash: a row that is `compiling`, or none, and an ended
 * visit with a recording. */
#include "signal/replays.h"
#include "base/random.h"
#include "signal/job_events.h"
#include "signal/presentation.h"
#include "signal/recording_log.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "wire/json.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TRY_AGAIN SEC(10)
#define TITLE_SUFFIX " (replay)"

enum replay_phase {
    REPLAY_WAITING, /* for `retry_at` */
    REPLAY_STORING, /* its row */
    REPLAY_ASSEMBLING,
    REPLAY_ENRICHING
};

struct replay {
    struct replay *next;
    char visit[ID_MAX];
    char title[VISIT_TITLE_MAX];
    enum replay_phase phase;
    usec_t retry_at;
    bool again; /* the recording has changed: what is being made is of no use */
    char walkthrough[ID_MAX];
    char directory[64]; /* of the presentation */
    job_id job;         /* 0: none */
    bool started;
    double fraction, seconds_left;
    char stage[JOB_WORD_MAX];
};

struct orphan { /* a job of a replay that nobody wants: away with what it makes */
    struct orphan *next;
    job_id job;
    char directory[64];
};

struct replays {
    struct replay *first;
    struct orphan *orphans;
    char (*found)[ID_MAX];             /* recordings that are looked at after the start */
    char found_title[VISIT_TITLE_MAX]; /* of the visit that is looked at */
    size_t found_count, found_at;
};

int replays_new(struct signal *s) {
    s->replays = calloc(1, sizeof *s->replays);
    return s->replays != NULL ? 0 : -ENOMEM;
}

static void replay_remove(struct signal *s, struct replay *r) {
    for (struct replay **at = &s->replays->first; *at != NULL; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            free(r);
            return;
        }
    }
}

void replays_free(struct signal *s) {
    if (s->replays == NULL) {
        return;
    }
    while (s->replays->first != NULL) {
        replay_remove(s, s->replays->first);
    }
    while (s->replays->orphans != NULL) {
        struct orphan *o = s->replays->orphans;
        s->replays->orphans = o->next;
        free(o);
    }
    free(s->replays->found);
    free(s->replays);
    s->replays = NULL;
}

static struct replay *find(struct signal *s, const char *visit) {
    for (struct replay *r = s->replays->first; r != NULL; r = r->next) {
        if (strcmp(r->visit, visit) == 0) {
            return r;
        }
    }
    return NULL;
}

/* ---- The way of a replay ---- */

static void wait_a_while(struct replay *r) {
    r->phase = REPLAY_WAITING;
    r->retry_at = clock_now() + TRY_AGAIN;
}

static void drop_job(struct signal *s, struct replay *r) {
    struct orphan *o = r->job != 0 ? calloc(1, sizeof *o) : NULL;

    if (o != NULL) {
        o->job = r->job;
        memcpy(o->directory, r->directory, sizeof o->directory);
        o->next = s->replays->orphans;
        s->replays->orphans = o;
    }
    if (r->job != 0) {
        s->jobs->stop(s->jobs->ctx, r->job);
    }
    r->job = 0;
    r->started = false;
}

static void change_row(struct signal *s, struct walkthrough_row *row, store_done *done) {
    if (store_walkthroughs_change(s->store, row, done, s) < 0) {
        log_warn("replay.store", "walkthrough=%s error=busy", row->id);
    }
}

static void failed(struct signal *s, struct replay *r, const char *reason, const char *message) {
    struct walkthrough_row row = {.fields = WALKTHROUGH_OUTCOME, .state = WALKTHROUGH_FAILED};

    memcpy(row.id, r->walkthrough, sizeof row.id);
    snprintf(row.reason, sizeof row.reason, "%s", reason[0] != '\0' ? reason : "failed");
    snprintf(row.error, sizeof row.error, "%s",
             message[0] != '\0' ? message : "The replay could not be made.");
    change_row(s, &row, NULL);
    signal_count_failure(s, row.reason);
    log_warn("replay.failed", "visit=%s reason=%s message=\"%s\"", r->visit, row.reason, row.error);
    replay_remove(s, r);
}

static void assemble(struct signal *s, struct replay *r) {
    struct job_task task = {.kind = JOB_ASSEMBLE};
    char suffix[7], path[JOB_PATH_MAX];

    snprintf(path, sizeof path, "%.400s/presentations", s->config->data_dir);
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        failed(s, r, "cannot_write", "The server cannot write its presentations.");
        return;
    }
    random_text(suffix, 6);
    snprintf(r->directory, sizeof r->directory, "%s-%s", r->walkthrough, suffix);
    recording_path(s->config->data_dir, r->visit, "", task.input, sizeof task.input);
    snprintf(task.output, sizeof task.output, "%.400s/presentations/%s", s->config->data_dir,
             r->directory);
    snprintf(task.title, sizeof task.title, "%s", r->title);
    int error = s->jobs->run(s->jobs->ctx, &task, &r->job);
    if (error < 0) {
        r->job = 0;
        log_warn("replay.waits", "visit=%s error=%d", r->visit, -error);
        wait_a_while(r);
        return;
    }
    r->phase = REPLAY_ASSEMBLING;
    r->started = false;
    r->fraction = 0;
    r->seconds_left = -1;
    log_info("replay.assembling", "visit=%s walkthrough=%s", r->visit, r->walkthrough);
}

static void look(struct signal *s, struct replay *r);

/* The row says "compiling": the job may begin. */
static void row_stored(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct walkthrough_row *row = argument;
    struct replay *r = find(s, row->visit);

    if (r == NULL || r->phase != REPLAY_STORING) {
        return;
    }
    if (result < 0) {
        log_warn("replay.store", "visit=%s error=%d", r->visit, -result);
        wait_a_while(r);
        return;
    }
    memcpy(r->walkthrough, row->id, sizeof r->walkthrough);
    if (r->title[0] == '\0') {
        snprintf(r->title, sizeof r->title, "%s", row->title);
    }
    if (r->again) {
        look(s, r);
    } else {
        assemble(s, r);
    }
}

/* What there was is not shown any more from here on: somebody may have taken back a word. */
static void take_back(struct signal *s, struct replay *r, const struct walkthrough_row *old) {
    struct walkthrough_row row = {.fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_PROGRESS,
                                  .state = WALKTHROUGH_COMPILING};

    sessions_close_slug(s, old->slug);
    presentation_remove(s->config->data_dir, old->directory);
    memcpy(row.id, old->id, sizeof row.id);
    memcpy(row.visit, r->visit, sizeof row.visit);
    if (store_walkthroughs_change(s->store, &row, row_stored, s) < 0) {
        wait_a_while(r);
    }
}

static void create(struct signal *s, struct replay *r) {
    struct walkthrough_row row = {.state = WALKTHROUGH_COMPILING};
    const int room = (int)(sizeof row.title - sizeof TITLE_SUFFIX);
    int n = (int)strlen(r->title);

    if (n > room) { /* not within a character */
        for (n = room; n > 0 && ((unsigned char)r->title[n] & 0xc0) == 0x80; n--) {
        }
    }
    memcpy(row.visit, r->visit, sizeof row.visit);
    snprintf(row.title, sizeof row.title, "%.*s" TITLE_SUFFIX, n, r->title);
    if (store_walkthroughs_create(s->store, &row, row_stored, s) < 0) {
        wait_a_while(r);
    }
}

/* Nothing of it may be shown, or nothing was ever recorded. */
static void give_up(struct signal *s, struct replay *r, const struct walkthrough_row *row) {
    log_info("replay.nothing", "visit=%s", r->visit);
    if (row != NULL) {
        struct walkthrough_row gone = *row;
        sessions_close_slug(s, row->slug);
        presentation_remove(s->config->data_dir, row->directory);
        if (store_walkthroughs_delete(s->store, &gone, NULL, NULL) < 0) {
            wait_a_while(r);
            return;
        }
    }
    recording_remove(s->config->data_dir, r->visit);
    replay_remove(s, r);
}

static void row_found(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct walkthrough_row *row = argument;
    struct replay *r = find(s, row->visit);

    if (r == NULL || r->phase != REPLAY_STORING) {
        return;
    }
    if (result < 0 && result != -ENOENT) {
        wait_a_while(r);
        return;
    }
    r->again = false;
    int tracks = recording_purge(s->config->data_dir, r->visit);
    if (tracks == 0) {
        give_up(s, r, result == 0 ? row : NULL);
    } else if (tracks < 0) { /* what must go could not be removed: nothing may be shown */
        log_error("replay.purge", "visit=%s error=%d", r->visit, -tracks);
        wait_a_while(r);
    } else if (result == 0) {
        take_back(s, r, row);
    } else {
        create(s, r);
    }
}

static void look(struct signal *s, struct replay *r) {
    struct walkthrough_row row = {0};

    r->phase = REPLAY_STORING;
    memcpy(row.visit, r->visit, sizeof row.visit);
    if (store_walkthroughs_get(s->store, &row, row_found, s) < 0) {
        wait_a_while(r);
    }
}

static struct replay *add(struct signal *s, const char *visit, const char *title) {
    struct replay *r = calloc(1, sizeof *r);

    if (r != NULL) {
        snprintf(r->visit, sizeof r->visit, "%s", visit);
        snprintf(r->title, sizeof r->title, "%s", title);
        r->next = s->replays->first;
        s->replays->first = r;
    }
    return r;
}

void replays_make(struct signal *s, const char *visit, const char *title) {
    struct replay *r = find(s, visit);

    if (!recording_exists(s->config->data_dir, visit)) {
        return;
    }
    if (s->jobs == NULL) {
        recording_purge(s->config->data_dir, visit);
        return;
    }
    if (r == NULL) {
        r = add(s, visit, title);
        if (r != NULL) {
            look(s, r);
        } else {
            log_error("replay.failed", "visit=%s reason=memory", visit);
        }
    } else if (r->phase == REPLAY_STORING) {
        r->again = true;
    } else {
        drop_job(s, r);
        look(s, r);
    }
}

void replays_forget(struct signal *s, const char *visit) {
    struct replay *r = find(s, visit);

    if (r != NULL) {
        drop_job(s, r);
        replay_remove(s, r);
    }
    recording_remove(s->config->data_dir, visit);
}

/* ---- Jobs ---- */

static void enrich(struct signal *s, struct replay *r) {
    struct job_task task = {.kind = JOB_ENRICH};

    snprintf(task.input, sizeof task.input, "%.400s/presentations/%s", s->config->data_dir,
             r->directory);
    r->started = false;
    r->job = 0;
    if (s->jobs->run(s->jobs->ctx, &task, &r->job) < 0) {
        log_warn("replay.plain", "visit=%s error=busy", r->visit);
        replay_remove(s, r); /* the next start tries again */
        return;
    }
    r->phase = REPLAY_ENRICHING;
}

static void ready(struct signal *s, struct replay *r, const struct job_event *e) {
    struct walkthrough_row row = {.fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_PROGRESS,
                                  .state = WALKTHROUGH_READY,
                                  .progress = 1,
                                  .duration = e->duration};

    memcpy(row.id, r->walkthrough, sizeof row.id);
    snprintf(row.directory, sizeof row.directory, "%s", r->directory);
    change_row(s, &row, NULL);
    log_info("replay.ready", "visit=%s walkthrough=%s seconds=%.1f", r->visit, r->walkthrough,
             e->duration);
    enrich(s, r);
}

static void over(struct signal *s, struct replay *r, const struct job_event *e) {
    r->job = 0;
    if (r->phase == REPLAY_ENRICHING) {
        log_info("replay.enriched", "visit=%s reason=%s", r->visit, e->reason);
        replay_remove(s, r);
    } else if (e->type == JOB_EVENT_READY) {
        ready(s, r, e);
    } else if (e->type == JOB_EVENT_FAILED) {
        failed(s, r, e->reason, e->message);
    } else { /* the server stops; the next start begins again */
        replay_remove(s, r);
    }
}

static bool is_over(const struct job_event *e) {
    return e->type == JOB_EVENT_READY || e->type == JOB_EVENT_FAILED || e->type == JOB_EVENT_ENDED;
}

static bool orphan_event(struct signal *s, const struct job_event *e) {
    for (struct orphan **at = &s->replays->orphans; *at != NULL; at = &(*at)->next) {
        struct orphan *o = *at;
        if (o->job != e->job) {
            continue;
        }
        if (is_over(e)) {
            presentation_remove(s->config->data_dir, o->directory);
            *at = o->next;
            free(o);
        }
        return true;
    }
    return false;
}

bool replays_job_event(struct signal *s, const struct job_event *e) {
    struct replay *r = s->replays->first;

    while (r != NULL && (r->job == 0 || r->job != e->job)) {
        r = r->next;
    }
    if (r == NULL) {
        return orphan_event(s, e);
    }
    r->started = true;
    if (e->type == JOB_EVENT_PROGRESS) {
        r->fraction = e->fraction < 0 ? 0 : e->fraction > 1 ? 1 : e->fraction;
        r->seconds_left = e->seconds_left;
        memcpy(r->stage, e->stage, sizeof r->stage);
    } else if (is_over(e)) {
        over(s, r, e);
    }
    return true;
}

bool replays_state(struct signal *s, const char *walkthrough, struct compile_state *ret) {
    struct replay *r = s->replays->first;

    while (r != NULL &&
           (strcmp(r->walkthrough, walkthrough) != 0 || r->phase == REPLAY_ENRICHING)) {
        r = r->next;
    }
    if (r == NULL) {
        return false;
    }
    *ret = (struct compile_state){.fraction = r->fraction, .seconds_left = r->seconds_left};
    if (r->job != 0 && !r->started) {
        ret->ahead = s->jobs->ahead(s->jobs->ctx, r->job);
    }
    snprintf(ret->stage, sizeof ret->stage, "%s", r->started ? r->stage : "queued");
    return true;
}

void replays_tick(struct signal *s, usec_t now) {
    for (struct replay *r = s->replays->first, *next; r != NULL; r = next) {
        next = r->next;
        if (r->phase == REPLAY_WAITING && now >= r->retry_at) {
            look(s, r);
        }
    }
}

/* ---- After a restart ---- */

static void look_at_next(struct signal *s);

/* A replay that was ready when the server fell may still lack its other speeds. */
static void enrich_if_plain(struct signal *s, const char *visit,
                            const struct walkthrough_row *row) {
    char path[1024];
    struct json *manifest = NULL;

    if (presentation_path(s->config->data_dir, row, path, sizeof path) < 0 ||
        presentation_manifest(path, &manifest) < 0) {
        return;
    }
    struct replay *r = json_has(manifest, "storyboard") ? NULL : add(s, visit, row->title);
    if (r != NULL) {
        memcpy(r->walkthrough, row->id, sizeof r->walkthrough);
        snprintf(r->directory, sizeof r->directory, "%.63s", row->directory);
        enrich(s, r);
    }
    json_free(manifest);
}

static void found_row(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct walkthrough_row *row = argument;
    const char *visit = s->replays->found[s->replays->found_at++];

    if (result == -ENOENT || (result == 0 && row->state == WALKTHROUGH_COMPILING)) {
        replays_make(s, visit, s->replays->found_title);
    } else if (result == 0 && row->state == WALKTHROUGH_READY) {
        enrich_if_plain(s, visit, row);
    }
    look_at_next(s);
}

static void found_visit(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct visit_row *v = argument;
    struct walkthrough_row row = {0};
    const char *visit = s->replays->found[s->replays->found_at];

    if (result == 0 && v->state == VISIT_ENDED && s->jobs != NULL) {
        snprintf(row.visit, sizeof row.visit, "%s", visit);
        snprintf(s->replays->found_title, sizeof s->replays->found_title, "%s", v->title);
        if (store_walkthroughs_get(s->store, &row, found_row, s) == 0) {
            return;
        }
    } else if (result == -ENOENT) {
        recording_remove(s->config->data_dir, visit);
    }
    s->replays->found_at++;
    look_at_next(s);
}

/* One after the other, so that however many there are the store has room for others. */
static void look_at_next(struct signal *s) {
    struct replays *all = s->replays;
    struct visit_row v = {0};

    while (all->found_at < all->found_count) {
        memcpy(v.id, all->found[all->found_at], sizeof v.id);
        if (store_visits_get(s->store, &v, found_visit, s) == 0) {
            return;
        }
        all->found_at++;
    }
    free(all->found);
    all->found = NULL;
    all->found_count = all->found_at = 0;
}

void replays_resume(struct signal *s) {
    struct replays *all = s->replays;
    char path[1024];
    struct dirent *entry;

    snprintf(path, sizeof path, "%.900s/recordings", s->config->data_dir);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const size_t n = strlen(entry->d_name);
        void *list = entry->d_name[0] != '.' && n < ID_MAX
                         ? realloc(all->found, (all->found_count + 1) * sizeof *all->found)
                         : NULL;
        if (list != NULL) {
            all->found = list;
            memcpy(all->found[all->found_count++], entry->d_name, n + 1);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    look_at_next(s);
}
