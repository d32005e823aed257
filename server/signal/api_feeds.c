/* Feeds of visits: the test picture, a walkthrough's film, or a kept live source. What a request
 * needs from the store is read step by step into a struct opening. */
#include "signal/api.h"
#include "signal/feeds.h"
#include "signal/fields.h"
#include "signal/live.h"
#include "signal/sources.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct opening {
    struct visit_row visit;
    struct source_row source; /* id "" none */
    struct job_ingest job;
    struct text playlist; /* paths, a line each */
    size_t next;          /* film of the playlist to look up */
};

static void opening_free(struct exchange *x) {
    struct opening *o = x->context;

    text_clear(&o->playlist);
    free(o);
}

/* Who asks for a codec gets that one alone. */
static bool read_codec(struct exchange *x, struct job_ingest *job) {
    char codec[8] = "";
    bool given = false;

    if (!field_text(x, x->json, "codec", codec, sizeof codec, &given)) {
        return false;
    }
    if (!given) {
        return true;
    }
    if (strcmp(codec, "vp8") != 0 && strcmp(codec, "h264") != 0) {
        reply_bad_field(x, "codec", "“codec” must be vp8 or h264.");
        return false;
    }
    job->codec = strcmp(codec, "h264") == 0 ? JOB_INGEST_H264 : JOB_INGEST_VP8;
    job->rungs[0] = '\0';
    return true;
}

static void start(struct exchange *x, struct opening *o) {
    const struct visit_row *v = &o->visit;
    const struct feed_opening feed = {
        .job = &o->job, .name = o->source.name, .source = o->source.id};
    struct live *live = v->state != VISIT_ENDED ? live_of_row(x->signal, v) : NULL;
    char id[ID_MAX];

    if (!read_codec(x, &o->job)) {
        return;
    }
    if (live == NULL || visit_state(live->visit) == VISIT_ENDED) {
        reply_failure(x, v->state == VISIT_ENDED || live != NULL ? -EPERM : -ENOBUFS, NULL);
        return;
    }
    int r = feeds_start(x->signal, live, &feed, id);
    if (r == -ENOSYS) {
        reply_problem(x, 503, "no-pipelines", "parlour-pipeline is not installed on this server.");
    } else if (r == -EEXIST) {
        reply_problem(x, 409, "on-air", "This source is shown in a visit already.");
    } else if (r < 0) {
        reply_failure(x, r, NULL);
    } else {
        struct json *answer = json_new_object();
        json_put_text(answer, "id", id);
        reply_header(x, "location", "/api/v1/visits/%s/feeds/%s", v->id, id);
        reply_json(x, 201, answer);
    }
}

/* The visit as it is now: the look-ups since then took their time. */
static void visit_again(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    struct opening *o = x->context;
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
    } else {
        o->visit = *(const struct visit_row *)argument;
        start(x, o);
    }
}

static void start_soon(struct exchange *x, const struct opening *o) {
    struct visit_row v = {0};

    memcpy(v.id, o->visit.id, sizeof v.id);
    EXCHANGE_STORE(x, visits_get, &v, visit_again);
}

/* The file that a walkthrough's film was made of. False: it is not here. */
static bool film_path(const struct exchange *x, const struct walkthrough_row *w,
                      char ret[static JOB_PATH_MAX]) {
    const char *film = w->film[0] != '\0' ? w->film : w->source;

    return film[0] != '\0' && strchr(film, '\n') == NULL &&
           upload_path(x->signal, film, ret, JOB_PATH_MAX) == 0 && access(ret, R_OK) == 0;
}

/* ---- a film ---- */

static void film_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    struct opening *o = x->context;
    if (result < 0) {
        reply_bad_field(x, "file", "There is no such walkthrough.");
    } else if (!film_path(x, argument, o->job.file)) {
        reply_problem(x, 409, "no-source", "The walkthrough's original file is no longer here.");
    } else { /* a keyed film's original still has its wall */
        const struct walkthrough_row *w = argument;
        o->job.source = JOB_INGEST_FILE;
        snprintf(o->job.key, sizeof o->job.key, "%s", w->key);
        start_soon(x, o);
    }
}

/* ---- a kept source ---- */

static void next_film(struct exchange *x, struct opening *o);

static void playlist_film_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    char path[JOB_PATH_MAX];

    if (!exchange_resume(x)) {
        return;
    }
    struct opening *o = x->context;
    if (result == 0 && film_path(x, argument, path)) { /* what was deleted is left out */
        text_add(&o->playlist, path);
        text_add(&o->playlist, "\n");
    }
    next_film(x, o);
}

static void next_film(struct exchange *x, struct opening *o) {
    struct walkthrough_row w = {0};

    if (o->next < o->source.walkthrough_count) {
        snprintf(w.id, sizeof w.id, "%s", o->source.walkthroughs[o->next++]);
        EXCHANGE_STORE(x, walkthroughs_get, &w, playlist_film_found);
        return;
    }
    if (o->playlist.n == 0 || o->playlist.failed) {
        reply_problem(x, 409, "no-source", "None of the playlist's original files is here.");
        return;
    }
    int r = source_write_playlist(x->signal, &o->source, o->playlist.p, &o->job);
    if (r < 0) {
        reply_failure(x, r, NULL);
    } else {
        start_soon(x, o);
    }
}

static void source_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    struct opening *o = x->context;
    if (result < 0) {
        reply_bad_field(x, "source_id", "There is no such source.");
        return;
    }
    o->source = *(const struct source_row *)argument;
    if (feeds_of_source(x->signal, o->source.id) != NULL) {
        reply_problem(x, 409, "on-air", "This source is shown in a visit already.");
        return;
    }
    int r = source_job(x->signal, &o->source, &o->job);
    if (r == -ENOTCONN) {
        reply_problem(x, 503, "no-rtmp", "This server takes no RTMP: set rtmp_listen.");
    } else if (r < 0) {
        log_error("source.path", "error=%d remedy=\"a shorter data directory\"", -r);
        reply_problem(x, 503, "no-rtmp", "The data directory's path is too long for sockets.");
    } else if (o->source.kind == INPUT_PLAYLIST) {
        next_film(x, o);
    } else {
        start_soon(x, o);
    }
}

/* ---- the request ---- */

static void visit_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row w = {0};
    struct source_row kept = {0};
    char source[8] = "";

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
        return;
    }
    if (!field_text(x, x->json, "source", source, sizeof source, NULL) ||
        !field_text(x, x->json, "file", w.id, sizeof w.id, NULL) ||
        !field_text(x, x->json, "source_id", kept.id, sizeof kept.id, NULL)) {
        return;
    }
    struct opening *o = calloc(1, sizeof *o);
    if (o == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    o->visit = *(const struct visit_row *)argument;
    x->context = o;
    x->gone = opening_free;
    if (kept.id[0] != '\0') {
        EXCHANGE_STORE(x, sources_get, &kept, source_found);
    } else if (strcmp(source, "test") == 0) {
        o->job.source = JOB_INGEST_TEST;
        start(x, o);
    } else if (strcmp(source, "file") != 0) {
        reply_bad_field(x, "source", "“source” must be test or file; or send “source_id”.");
    } else if (w.id[0] == '\0') {
        reply_bad_field(x, "file", "“file” must be the id of a walkthrough.");
    } else {
        EXCHANGE_STORE(x, walkthroughs_get, &w, film_found);
    }
}

void api_feeds_create(struct exchange *x) {
    static const char *const fields[] = {"source", "file", "source_id", "codec", NULL};
    struct visit_row v = {0};

    snprintf(v.id, sizeof v.id, "%.*s", ID_MAX - 1, x->request.params[0]);
    if (exchange_json(x, fields) != NULL) {
        EXCHANGE_STORE(x, visits_get, &v, visit_found);
    }
}

void api_feed_delete(struct exchange *x) {
    if (feeds_stop(x->signal, x->request.params[0], x->request.params[1]) < 0) {
        reply_failure(x, -ENOENT, "There is no such feed.");
    } else {
        reply_empty(x, 204);
    }
}
