/* Replays of visits, and a customer's consent to be in one. */
#include "signal/api.h"
#include "signal/captions.h"
#include "signal/fields.h"
#include "signal/live.h"
#include "signal/presentation.h"
#include "signal/recording_log.h"
#include "signal/recordings.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static bool keep_visit(struct exchange *x, const struct visit_row *v) {
    x->scratch = malloc(sizeof *v);
    if (x->scratch == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return false;
    }
    memcpy(x->scratch, v, sizeof *v);
    return true;
}

static void get_visit(struct exchange *x, store_done *done) {
    struct visit_row v = {0};

    snprintf(v.id, sizeof v.id, "%.*s", ID_MAX - 1, x->request.params[0]);
    EXCHANGE_STORE(x, visits_get, &v, done);
}

/* ---- The replay ---- */

/* The visit is over and its recorder writes the last packets: the row comes in a moment. */
static bool is_coming(const struct exchange *x, const struct visit_row *v) {
    return v->state == VISIT_ENDED && x->signal->jobs != NULL &&
           recording_exists(x->signal->config->data_dir, v->id);
}

static void row_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *row = argument;

    if (!exchange_resume(x)) {
        return;
    }
    const struct visit_row *v = x->scratch;
    if (result == 0) {
        reply_json(x, 200, walkthrough_json(x, row, true));
    } else if (result == -ENOENT && is_coming(x, v)) {
        struct walkthrough_row coming = {.state = WALKTHROUGH_COMPILING};
        memcpy(coming.visit, v->id, sizeof coming.visit);
        snprintf(coming.title, sizeof coming.title, "%s", v->title);
        reply_json(x, 200, walkthrough_json(x, &coming, true));
    } else if (result == -ENOENT) {
        reply_problem(x, 404, "not-recorded",
                      v->state == VISIT_ENDED
                          ? "This visit was not recorded."
                          : "A replay is made when the visit has ended, if it was recorded.");
    } else {
        reply_failure(x, result, NULL);
    }
}

static void replay_visit(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row row = {0};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else if (keep_visit(x, argument)) {
        memcpy(row.visit, ((const struct visit_row *)argument)->id, sizeof row.visit);
        EXCHANGE_STORE(x, walkthroughs_get, &row, row_found);
    }
}

void api_visit_replay(struct exchange *x) {
    get_visit(x, replay_visit);
}

/* ---- Consent ---- */

static void consent_visit(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    bool agreed = false;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else if (json_get_bool(x->json, "recording", &agreed) < 0) {
        reply_bad_field(x, "recording", "“recording” must be true or false.");
    } else if (agreed && !recordings_may_agree(x->signal, ((const struct visit_row *)argument)->id,
                                               x->actor.id)) {
        reply_header(x, "retry-after", "2");
        reply_problem(x, 429, "too-fast", "Please wait a moment before you agree again.");
    } else {
        agreed = recordings_consent(x->signal, argument, x->actor.id, agreed);
        struct json *o = json_new_object();
        json_put_bool(o, "recording", agreed);
        reply_json(x, 200, o);
    }
}

void api_recording_consent(struct exchange *x) {
    static const char *const fields[] = {"recording", NULL};

    if (exchange_json(x, fields) != NULL) {
        get_visit(x, consent_visit);
    }
}

/* ---- Deletion: an unpublished replay goes before its visit does, with all that was recorded ----
 */

static void visit_deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct row_id *id = argument;

    if (result == 0) {
        struct live *live = live_find(x->signal, id->id);
        if (live != NULL) {
            visit_end(live->visit);
            live_changed(x->signal, live);
        }
        recordings_forget(x->signal, id->id);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else {
        reply_empty(x, 204);
    }
}

static void delete_visit(struct exchange *x) {
    struct row_id id = {0};

    snprintf(id.id, sizeof id.id, "%.*s", ID_MAX - 1, x->request.params[0]);
    EXCHANGE_STORE(x, visits_delete, &id, visit_deleted);
}

static void replay_deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *row = argument;

    if (result == 0) {
        sessions_close_slug(x->signal, row->slug);
        presentation_remove(x->signal->config->data_dir, row->directory);
        captions_forget(x->signal, row->id);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0 && result != -ENOENT) {
        reply_failure(x, result, NULL);
    } else {
        delete_visit(x);
    }
}

static void replay_to_delete(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *row = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result == 0 && !row->published) {
        EXCHANGE_STORE(x, walkthroughs_delete, row, replay_deleted);
    } else if (result == 0 || result == -ENOENT) {
        delete_visit(x);
    } else {
        reply_failure(x, result, NULL);
    }
}

void api_visit_delete(struct exchange *x) {
    struct walkthrough_row row = {0};

    snprintf(row.visit, sizeof row.visit, "%.*s", ID_MAX - 1, x->request.params[0]);
    EXCHANGE_STORE(x, walkthroughs_get, &row, replay_to_delete);
}
