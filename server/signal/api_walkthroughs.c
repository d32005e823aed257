#include "signal/api.h"
#include "signal/captions.h"
#include "signal/compiles.h"
#include "signal/fields.h"
#include "signal/job_events.h"
#include "signal/presentation.h"
#include "signal/recording_log.h"
#include "signal/replays.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const detail_keys[] = {"chapters", "captions", "call_to_action", NULL};

static struct json *rungs_json(const struct json *manifest) {
    const struct json *rungs = json_get(manifest, "rungs");
    struct json *list = json_new_list();

    for (size_t i = 0; i < json_count(rungs); i++) {
        static const char *const kept[] = {"kind", "codec", "width", "height", "bitrate", "speed"};
        const struct json *rung = json_at(rungs, i);
        struct json *o = json_new_object();
        for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
            if (json_has(rung, kept[k])) {
                json_put(o, kept[k], json_duplicate(json_get(rung, kept[k])));
            }
        }
        json_add(list, o);
    }
    return list;
}

/* While it is prepared these come from the queue; they change faster than anybody stores. */
static void put_progress(struct json *o, const struct exchange *x,
                         const struct walkthrough_row *w) {
    struct compile_state now = {.fraction = w->progress, .seconds_left = -1};
    bool compiling = w->state == WALKTHROUGH_COMPILING && (compiles_state(x->signal, w->id, &now) ||
                                                           replays_state(x->signal, w->id, &now));

    json_put_number(o, "progress", now.fraction);
    json_put_text(o, "stage", compiling ? now.stage : NULL);
    if (compiling && now.seconds_left >= 0) {
        json_put_number(o, "seconds_left", now.seconds_left);
    } else {
        json_put(o, "seconds_left", NULL);
    }
    if (compiling) {
        json_put_int(o, "ahead", (int64_t)now.ahead);
    } else {
        json_put(o, "ahead", NULL);
    }
}

/* Where the manifest's files are served, or null. */
static void put_file(struct json *o, const char *key, const struct walkthrough_row *w,
                     const struct json *manifest) {
    char url[STORE_SLUG_MAX + 160];

    json_put_text(o, key, presentation_url(w, manifest, key, url, sizeof url) == 0 ? url : NULL);
}

struct json *walkthrough_json(const struct exchange *x, const struct walkthrough_row *w,
                              bool whole) {
    struct json *o = json_new_object(), *details = NULL, *manifest = NULL;
    char url[URL_BASE_MAX + STORE_SLUG_MAX + 8], base[URL_BASE_MAX], path[STORE_PATH_MAX];

    url_base(x, base);
    json_parse(bytes_of_text(w->details), sizeof w->details, &details);
    json_put_text(o, "id", w->id);
    json_put_text(o, "slug", w->slug);
    json_put_text(o, "title", w->title);
    json_put_text(o, "state", walkthrough_state_name(w->state));
    put_progress(o, x, w);
    json_put_text(o, "error", w->error[0] != '\0' ? w->error : NULL);
    json_put_text(o, "reason", w->reason[0] != '\0' ? w->reason : NULL);
    json_put_number(o, "duration", w->duration);
    json_put_bool(o, "published", w->published);
    json_put_text(o, "product", w->product[0] != '\0' ? w->product : NULL);
    json_put_text(o, "visit", w->visit[0] != '\0' ? w->visit : NULL);
    json_put_text(o, "answers", w->answers[0] != '\0' ? w->answers : NULL);
    json_put_int(o, "questions_open", w->questions_open);
    json_put_text(o, "key", w->key[0] != '\0' ? w->key : NULL);
    snprintf(url, sizeof url, "%s/w/%s", base, w->slug);
    json_put_text(o, "url", url);
    snprintf(url, sizeof url, "/w/%s/poster.jpg", w->slug);
    json_put_text(o, "poster", w->directory[0] != '\0' ? url : NULL);
    for (size_t i = 0; detail_keys[i] != NULL; i++) {
        json_put(o, detail_keys[i], json_duplicate(json_get(details, detail_keys[i])));
    }
    if (presentation_path(x->signal->config->data_dir, w, path, sizeof path) == 0) {
        presentation_manifest(path, &manifest);
    }
    if (json_kind_of(json_get(details, "captions")) != JSON_KIND_LIST) {
        json_put(o, "captions", whole ? captions_of(x->signal, w, manifest, NULL) : NULL);
    }
    put_file(o, "hls", w, manifest);
    put_file(o, "mp4", w, manifest);
    put_file(o, "storyboard", w, manifest);
    json_put(o, "matte_layout", json_duplicate(presentation_matte(manifest)));
    if (whole) {
        json_put(o, "rungs", rungs_json(manifest));
    }
    json_free(manifest);
    put_time(o, "created_at", w->created_at);
    put_time(o, "updated_at", w->updated_at);
    json_free(details);
    return o;
}

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, walkthrough_json(x, &list->rows[i], false));
    }
    reply_json(x, 200, items);
}

void api_walkthroughs_list(struct exchange *x) {
    struct walkthrough_list list = {0};

    if (read_paging(x, &list.offset, &list.limit)) {
        EXCHANGE_STORE(x, walkthroughs_list, &list, listed);
    }
}

static void got(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    if (result == -EINVAL) {
        reply_bad_field(x, "product", "There is no such product.");
    } else if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
    } else {
        reply_json(x, 200, walkthrough_json(x, argument, true));
    }
}

void api_walkthrough_get(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    EXCHANGE_STORE(x, walkthroughs_get, &w, got);
}

void walkthrough_compile(struct exchange *x, struct walkthrough_row *w) {
    int r = compiles_start(x->signal, w);

    if (r < 0) {
        w->fields = WALKTHROUGH_OUTCOME;
        w->state = WALKTHROUGH_FAILED;
        snprintf(w->reason, sizeof w->reason, "%s",
                 r == -ENOSYS ? "no_pipelines" : "too_many_jobs");
        snprintf(w->error, sizeof w->error, "%s",
                 r == -ENOSYS ? "parlour-pipeline is not installed on this server."
                              : "Too many videos are waiting to be prepared. Try again later.");
        signal_count_failure(x->signal, w->reason);
        store_walkthroughs_change(x->signal->store, w, NULL, NULL);
    }
}

/* ---- create ---- */

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row *w = argument;

    if (result == 0) {
        walkthrough_compile(x, w);
    } else {
        upload_give_back(x->signal, w->source);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result == -EINVAL) {
        reply_bad_field(x, "product", "There is no such product.");
    } else if (result < 0) {
        reply_failure(x, result, NULL);
    } else {
        reply_header(x, "location", "/api/v1/walkthroughs/%s", w->id);
        reply_json(x, 202, walkthrough_json(x, w, true));
    }
}

void api_walkthroughs_create(struct exchange *x) {
    static const char *const known[] = {"upload", "title", "product", "key", NULL};
    struct walkthrough_row w = {.state = WALKTHROUGH_COMPILING};
    const struct json *body = exchange_json(x, known);
    bool given = false;

    if (body == NULL || !field_required(x, body, "title", w.title, sizeof w.title) ||
        !field_key(x, body, w.key, &given) ||
        !field_text(x, body, "product", w.product, sizeof w.product, NULL)) {
        return;
    }
    if (x->signal->jobs == NULL) {
        reply_problem(x, 503, "no-pipelines", "parlour-pipeline is not installed on this server.");
        return;
    }
    if (!upload_read(x, body, w.source, sizeof w.source, true, &given)) {
        return;
    }
    EXCHANGE_STORE(x, walkthroughs_create, &w, created);
    if (x->answered) { /* the store is too busy */
        upload_give_back(x->signal, w.source);
    }
}

/* ---- change ---- */

static bool detail_is_fine(const char *key, const struct json *value) {
    enum json_kind kind = json_kind_of(value);

    if (kind == JSON_KIND_NULL) {
        return true;
    }
    if (strcmp(key, "call_to_action") == 0) {
        return kind == JSON_KIND_OBJECT;
    }
    for (size_t i = 0; kind == JSON_KIND_LIST && i < json_count(value); i++) {
        if (json_kind_of(json_at(value, i)) != JSON_KIND_OBJECT) {
            return false;
        }
    }
    return kind == JSON_KIND_LIST;
}

static bool read_details(struct exchange *x, const struct json *body, struct walkthrough_row *w) {
    bool given = false;
    bool fine = fields_merge(x, body, detail_keys, detail_is_fine, w->details, sizeof w->details,
                             &given, "Chapters, captions and call to action are too long.");

    if (given) {
        w->fields |= WALKTHROUGH_DETAILS;
    }
    return fine;
}

/* x->scratch: the source that was there before a new one came. */
static void changed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row *w = argument;
    const char *before = x->scratch;

    if (result == 0 && before != NULL) {
        walkthrough_compile(x, w);
        if (strcmp(before, w->film) != 0) { /* it never became the film */
            upload_remove(x->signal, before);
        }
    } else if (before != NULL) {
        upload_give_back(x->signal, w->source);
    }
    got(ctx, result, argument);
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct json *body = x->json;
    struct walkthrough_row w;
    bool title = false, product = false, published = false, key = false, upload = false;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
        return;
    }
    w = *(const struct walkthrough_row *)argument;
    w.fields = 0;
    if (!field_text(x, body, "title", w.title, sizeof w.title, &title) ||
        !field_text(x, body, "product", w.product, sizeof w.product, &product) ||
        !field_bool(x, body, "published", &w.published, &published) ||
        !field_key(x, body, w.key, &key) || !read_details(x, body, &w)) {
        return;
    }
    if (key && !json_has(body, "upload")) {
        reply_bad_field(x, "key", "“key” is for a film to come: send it with “upload”.");
        return;
    }
    if (w.visit[0] != '\0' && json_has(body, "upload")) {
        reply_bad_field(x, "upload", "A replay is made of its visit; it has no other film.");
        return;
    }
    if (title && w.title[strspn(w.title, " \t\r\n")] == '\0') {
        reply_bad_field(x, "title", "“title” is missing.");
        return;
    }
    w.fields |= (title ? WALKTHROUGH_TITLE : 0u) | (product ? WALKTHROUGH_PRODUCT : 0u) |
                (published ? WALKTHROUGH_PUBLISHED : 0u);
    char *before = strdup(w.source);
    if (before == NULL || !upload_read(x, body, w.source, sizeof w.source, false, &upload)) {
        free(before);
        reply_failure(x, -ENOMEM, NULL); /* unless answered already */
        return;
    }
    if (upload) { /* without a key of its own the new film has none */
        w.fields |= WALKTHROUGH_SOURCE | WALKTHROUGH_KEY;
        w.key[0] = key ? w.key[0] : '\0';
        x->scratch = before;
    } else {
        free(before);
    }
    EXCHANGE_STORE(x, walkthroughs_change, &w, changed);
    if (x->answered && x->scratch != NULL) { /* the store is too busy */
        upload_give_back(x->signal, w.source);
    }
}

void api_walkthrough_change(struct exchange *x) {
    static const char *const known[] = {"title",          "product",  "published",
                                        "upload",         "chapters", "captions",
                                        "call_to_action", "key",      NULL};
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, walkthroughs_get, &w, change_now);
    }
}

static void deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;

    if (result == 0) {
        compiles_drop(x->signal, w->id);
        presentation_remove(x->signal->config->data_dir, w->directory);
        upload_remove(x->signal, w->source);
        upload_remove(x->signal, w->film);
        captions_forget(x->signal, w->id);
        if (w->visit[0] != '\0') {
            replays_forget(x->signal, w->visit);
        }
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
    } else {
        reply_empty(x, 204);
    }
}

void api_walkthrough_delete(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    EXCHANGE_STORE(x, walkthroughs_delete, &w, deleted);
}

/* ---- cancel, retry ---- */

/* x->scratch: the source that is given up because an older film goes on. */
static void cancelled(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (result == 0 && x->scratch != NULL) {
        upload_remove(x->signal, x->scratch);
    }
    got(ctx, result, argument);
}

static void cancel_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct compile_state now;
    struct walkthrough_row w;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
        return;
    }
    w = *(const struct walkthrough_row *)argument;
    if (w.state != WALKTHROUGH_COMPILING || !compiles_state(x->signal, w.id, &now)) {
        reply_problem(x, 409, "not-compiling", "Nothing is being prepared for it.");
        return;
    }
    w.fields = WALKTHROUGH_OUTCOME;
    if (w.directory[0] != '\0') { /* back to the old film, as if no other had come */
        x->scratch = strcmp(w.source, w.film) != 0 ? strdup(w.source) : NULL;
        w.fields |= WALKTHROUGH_SOURCE | WALKTHROUGH_PROGRESS;
        w.state = WALKTHROUGH_READY;
        w.progress = 1;
        memcpy(w.source, w.film, sizeof w.source);
        w.error[0] = w.reason[0] = '\0';
    } else {
        w.state = WALKTHROUGH_FAILED;
        snprintf(w.reason, sizeof w.reason, "cancelled");
        snprintf(w.error, sizeof w.error, "The preparation was cancelled.");
    }
    EXCHANGE_STORE(x, walkthroughs_change, &w, cancelled);
    if (!x->answered) { /* the store is not too busy: its row will say so */
        compiles_drop(x->signal, w.id);
    }
}

void api_walkthrough_cancel(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    EXCHANGE_STORE(x, walkthroughs_get, &w, cancel_now);
}

static void retried(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (result == 0) {
        walkthrough_compile(x, argument);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
    } else {
        reply_json(x, 202, walkthrough_json(x, argument, true));
    }
}

static void retry_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row w;
    char path[STORE_PATH_MAX];

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
        return;
    }
    w = *(const struct walkthrough_row *)argument;
    if (w.state != WALKTHROUGH_FAILED) {
        reply_problem(x, 409, "not-failed", "Only what has failed can be tried again.");
    } else if (w.visit[0] != '\0' && recording_exists(x->signal->config->data_dir, w.visit)) {
        replays_make(x->signal, w.visit, "");
        w.state = WALKTHROUGH_COMPILING;
        reply_json(x, 202, walkthrough_json(x, &w, true));
    } else if (w.source[0] == '\0' || upload_path(x->signal, w.source, path, sizeof path) < 0 ||
               access(path, R_OK) < 0) {
        reply_problem(x, 409, "no-source", "The uploaded file is no longer here.");
    } else {
        w.fields = WALKTHROUGH_SOURCE;
        EXCHANGE_STORE(x, walkthroughs_change, &w, retried);
    }
}

void api_walkthrough_retry(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    EXCHANGE_STORE(x, walkthroughs_get, &w, retry_now);
}
