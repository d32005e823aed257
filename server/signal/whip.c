/* WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) endpoints: who may, of what; the rest is in
 * sessions.c. */
#include "signal/live.h"
#include "signal/presentation.h"
#include "signal/sessions.h"
#include "signal/state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* 401 without a token, 403 with the wrong one. */
static bool permitted(struct exchange *x, enum permission permission) {
    if (permission_allows(&x->actor, permission, x->request.params[0])) {
        return true;
    }
    if (request_bearer(&x->request) == NULL && !permission_is_known(&x->actor)) {
        reply_header(x, "www-authenticate", "Bearer");
        reply_problem(x, 401, "unauthorized", "Send a token: Authorization: Bearer …");
    } else {
        reply_problem(x, 403, "forbidden", "This token does not allow that.");
    }
    return false;
}

static void open_in_visit(struct exchange *x, const struct visit_row *row,
                          struct session_opening *o) {
    o->live = row->state != VISIT_ENDED ? live_of_row(x->signal, row) : NULL;
    if (row->state == VISIT_ENDED ||
        (o->live != NULL && visit_state(o->live->visit) == VISIT_ENDED)) {
        reply_problem(x, 409, "ended", "The visit has ended.");
    } else if (o->live == NULL) {
        reply_failure(x, -ENOBUFS, NULL);
    } else {
        sessions_open(x, o);
    }
}

/* ---- WHIP ---- */

static enum permission publish_permission(enum source_kind kind) {
    switch (kind) {
    case SOURCE_CAMERA:
        return PERMISSION_PUBLISH_CAMERA;
    case SOURCE_SCREEN:
        return PERMISSION_PUBLISH_SCREEN;
    case SOURCE_PERSON:
        return PERMISSION_PUBLISH_PERSON;
    case SOURCE_CONTENT:
        return PERMISSION_PUBLISH_CONTENT;
    }
    return PERMISSION_PUBLISH_CAMERA;
}

static bool read_source(struct exchange *x, enum source_kind *ret) {
    const char *name = request_query(&x->request, "source");

    *ret = SOURCE_CAMERA;
    if (name != NULL && !source_kind_parse(name, ret)) {
        reply_bad_field(x, "source", "“source” must be camera, screen, person or content.");
        return false;
    }
    return true;
}

static void whip_visit(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct session_opening o = {.kind = SESSION_PUBLISH};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else if (read_source(x, &o.source)) {
        x->signal->counters.whip++;
        open_in_visit(x, argument, &o);
    }
}

static void get_visit(struct exchange *x, store_done *done) {
    struct visit_row row = {0};

    snprintf(row.id, sizeof row.id, "%.*s", (int)sizeof row.id - 1, x->request.params[0]);
    EXCHANGE_STORE(x, visits_get, &row, done);
}

void whip_post(struct exchange *x) {
    enum source_kind kind;

    if (read_source(x, &kind) && permitted(x, publish_permission(kind))) {
        get_visit(x, whip_visit);
    }
}

/* ---- WHEP on a visit ---- */

static void whep_visit(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct session_opening o = {.kind = SESSION_WATCH};

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else {
        x->signal->counters.whep++;
        open_in_visit(x, argument, &o);
    }
}

void whep_post(struct exchange *x) {
    if (permitted(x, PERMISSION_VISIT_WATCH)) {
        get_visit(x, whep_visit);
    }
}

/* ---- WHEP on a walkthrough ---- */

static bool read_start(struct exchange *x, double *ret) {
    const char *text = request_query(&x->request, "t");
    char *end = NULL;

    *ret = 0;
    if (text == NULL) {
        return true;
    }
    *ret = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(*ret) || *ret < 0 || *ret > 1e6) {
        reply_bad_field(x, "t", "“t” must be a time in seconds, 0 or later.");
        return false;
    }
    return true;
}

static void play(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *row = argument;
    struct session_opening o = {.kind = SESSION_PLAY};
    char path[512];

    if (!exchange_resume(x)) {
        return;
    }
    if (result == 0 && !presentation_may_know(&x->actor, row)) {
        result = -ENOENT;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
        return;
    }
    if (!read_start(x, &o.start_at)) {
        return;
    }
    if (row->directory[0] == '\0' ||
        presentation_path(x->signal->config->data_dir, row, path, sizeof path) < 0 ||
        presentation_codecs(path, &o.codecs) < 0) {
        reply_problem(x, 409, "not-ready", "The walkthrough is not ready to be played.");
        return;
    }
    o.slug = row->slug;
    o.presentation = path;
    x->signal->counters.walkthrough_sessions++;
    sessions_open(x, &o);
}

void whep_walkthrough_post(struct exchange *x) {
    struct walkthrough_row row = {0};

    snprintf(row.slug, sizeof row.slug, "%.*s", (int)sizeof row.slug - 1, x->request.params[0]);
    EXCHANGE_STORE(x, walkthroughs_get, &row, play);
}

/* ---- a session of nothing, for the page that finds out which ways lead here ---- */

void whep_check_post(struct exchange *x) {
    sessions_open(x, &(struct session_opening){.kind = SESSION_CHECK, .slug = SESSION_CHECK_NAME});
}
