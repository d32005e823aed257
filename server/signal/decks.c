#include "signal/decks.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/job_events.h"
#include "signal/presentation.h"
#include "signal/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct deck {
    struct deck *next;
    job_id job;
    char slides[ID_MAX];
    char directory[64];
    bool gone, started;
};

struct decks {
    struct deck *first;
};

int decks_new(struct signal *s) {
    s->decks = calloc(1, sizeof *s->decks);
    return s->decks != NULL ? 0 : -ENOMEM;
}

static void deck_remove(struct signal *s, struct deck *d) {
    for (struct deck **at = &s->decks->first; *at != NULL; at = &(*at)->next) {
        if (*at == d) {
            *at = d->next;
            free(d);
            return;
        }
    }
}

void decks_free(struct signal *s) {
    while (s->decks != NULL && s->decks->first != NULL) {
        deck_remove(s, s->decks->first);
    }
    free(s->decks);
    s->decks = NULL;
}

void decks_count(const struct signal *s, size_t *running, size_t *waiting) {
    for (const struct deck *d = s->decks->first; d != NULL; d = d->next) {
        *running += d->started;
        *waiting += !d->started;
    }
}

void decks_drop(struct signal *s, const char *slides) {
    for (struct deck *d = s->decks->first; d != NULL; d = d->next) {
        if (!d->gone && strcmp(d->slides, slides) == 0) {
            d->gone = true;
            s->jobs->stop(s->jobs->ctx, d->job);
        }
    }
}

static int run(struct signal *s, struct deck *d, const struct slides_row *row) {
    struct job_task task = {.kind = JOB_SLIDES};
    char folder[JOB_PATH_MAX];
    struct stat st;

    snprintf(folder, sizeof folder, "%.400s/" DECKS_FOLDER, s->config->data_dir);
    if (mkdir(folder, 0700) < 0 && errno != EEXIST) {
        return -errno;
    }
    if (upload_path(s, row->source, task.input, sizeof task.input) < 0) {
        return -ENAMETOOLONG;
    }
    snprintf(task.output, sizeof task.output, "%.440s/%s", folder, d->directory);
    snprintf(task.title, sizeof task.title, "%s", row->title);
    task.weight = stat(task.input, &st) == 0 ? (uint64_t)st.st_size : 0;
    return s->jobs->run(s->jobs->ctx, &task, &d->job);
}

int decks_start(struct signal *s, const struct slides_row *row) {
    char suffix[7];

    if (s->jobs == NULL) {
        return -ENOSYS;
    }
    struct deck *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return -ENOMEM;
    }
    random_text(suffix, 6);
    snprintf(d->slides, sizeof d->slides, "%s", row->id);
    snprintf(d->directory, sizeof d->directory, "%s-%s", row->id, suffix);
    int r = run(s, d, row);
    if (r < 0) {
        free(d);
        return r;
    }
    d->next = s->decks->first;
    s->decks->first = d;
    return 0;
}

static void outcome_stored(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct slides_row *row = argument;

    if (result == 0) {
        upload_remove(s, row->source); /* the pages are all that is wanted of it */
    } else if (result == -ENOENT) {
        directory_remove(s->config->data_dir, DECKS_FOLDER, row->directory);
    } else if (result < 0) {
        log_warn("slides.store", "slides=%s error=%d", row->id, -result);
    }
}

static void store_outcome(struct signal *s, struct slides_row *row) {
    row->fields = SLIDES_OUTCOME;
    int r = store_slides_change(s->store, row, outcome_stored, s);
    if (r < 0) {
        log_warn("slides.store", "slides=%s error=%d", row->id, -r);
    }
}

static void over(struct signal *s, struct deck *d, const struct job_event *e) {
    struct slides_row row = {.state = WALKTHROUGH_READY};

    memcpy(row.id, d->slides, sizeof row.id);
    if (d->gone) {
        directory_remove(s->config->data_dir, DECKS_FOLDER, d->directory);
    } else if (e->type == JOB_EVENT_READY) {
        snprintf(row.directory, sizeof row.directory, "%s", d->directory);
        store_outcome(s, &row);
    } else {
        row.state = WALKTHROUGH_FAILED;
        snprintf(row.reason, sizeof row.reason, "%s", e->reason[0] != '\0' ? e->reason : "stopped");
        snprintf(row.error, sizeof row.error, "%s",
                 e->message[0] != '\0' ? e->message : "The slides could not be prepared.");
        store_outcome(s, &row);
        signal_count_failure(s, row.reason);
    }
    log_info("slides.prepared", "slides=%s gone=%d reason=%s", d->slides, d->gone, e->reason);
    deck_remove(s, d);
}

bool decks_job_event(struct signal *s, const struct job_event *e) {
    struct deck *d = s->decks->first;

    while (d != NULL && d->job != e->job) {
        d = d->next;
    }
    if (d == NULL) {
        return false;
    }
    switch (e->type) {
    case JOB_EVENT_STARTED:
    case JOB_EVENT_PROGRESS:
        d->started = true;
        break;
    case JOB_EVENT_READY:
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
        over(s, d, e);
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

static void listed(void *ctx, int result, void *argument) {
    struct signal *s = ctx;
    const struct slides_list *list = argument;

    for (size_t i = 0; result == 0 && i < list->count; i++) {
        struct slides_row row = list->rows[i];
        if (decks_start(s, &row) < 0) {
            row.state = WALKTHROUGH_FAILED;
            snprintf(row.reason, sizeof row.reason, "too_many_jobs");
            snprintf(row.error, sizeof row.error, "%s",
                     "The server was stopped while the slides were prepared. Upload them again.");
            store_outcome(s, &row);
        }
    }
}

void decks_resume(struct signal *s) {
    struct slides_list list = {.compiling_only = true};

    if (s->jobs != NULL && store_slides_list(s->store, &list, listed, s) < 0) {
        log_warn("slides.again", "error=busy");
    }
}
