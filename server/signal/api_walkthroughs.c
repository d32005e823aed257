#include "signal/api.h"
#include "signal/feeds.h"
#include "signal/fields.h"
#include "signal/presentation.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

static struct json *walkthrough_json(const struct exchange *x, const struct walkthrough_row *w,
                                     bool whole) {
    struct json *o = json_new_object(), *details = NULL, *manifest = NULL;
    char url[URL_BASE_MAX + STORE_SLUG_MAX + 8], base[URL_BASE_MAX], path[STORE_PATH_MAX];

    url_base(x, base);
    json_parse(bytes_of_text(w->details), sizeof w->details, &details);
    json_put_text(o, "id", w->id);
    json_put_text(o, "slug", w->slug);
    json_put_text(o, "title", w->title);
    json_put_text(o, "state", walkthrough_state_name(w->state));
    json_put_number(o, "progress", w->progress);
    json_put_text(o, "error", w->error[0] != '\0' ? w->error : NULL);
    json_put_number(o, "duration", w->duration);
    json_put_bool(o, "published", w->published);
    json_put_text(o, "product", w->product[0] != '\0' ? w->product : NULL);
    snprintf(url, sizeof url, "%s/w/%s", base, w->slug);
    json_put_text(o, "url", url);
    snprintf(url, sizeof url, "/w/%s/poster.jpg", w->slug);
    json_put_text(o, "poster", w->directory[0] != '\0' ? url : NULL);
    for (size_t i = 0; detail_keys[i] != NULL; i++) {
        json_put(o, detail_keys[i], json_duplicate(json_get(details, detail_keys[i])));
    }
    if (whole && presentation_path(x->signal->config->data_dir, w, path, sizeof path) == 0 &&
        presentation_manifest(path, &manifest) == 0) {
        json_put(o, "rungs", rungs_json(manifest));
        json_free(manifest);
    } else if (whole) {
        json_put(o, "rungs", json_new_list());
    }
    put_time(o, "created_at", w->created_at);
    put_time(o, "updated_at", w->updated_at);
    json_free(details);
    return o;
}

static void name_row(struct exchange *x, struct walkthrough_row *w) {
    snprintf(w->id, sizeof w->id, "%.*s", ID_MAX - 1, x->request.params[0]);
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

    name_row(x, &w);
    EXCHANGE_STORE(x, walkthroughs_get, &w, got);
}

/* Starts the compile job of a row that is stored as compiling. */
static void compile(struct exchange *x, struct walkthrough_row *w, const char *old_source) {
    int r = feeds_compile(x->signal, w, old_source);

    if (r < 0) {
        w->fields = WALKTHROUGH_OUTCOME;
        w->state = WALKTHROUGH_FAILED;
        snprintf(w->error, sizeof w->error, "%s",
                 r == -ENOSYS ? "parlour-pipeline is not installed on this server."
                              : "Too many videos are waiting to be prepared. Try again later.");
        store_walkthroughs_change(x->signal->store, w, NULL, NULL);
    }
}

/* ---- create ---- */

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row *w = argument;

    if (result == 0) {
        compile(x, w, "");
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

/* Takes the upload: whoever does not store `w` gives it back. */
static bool read_upload(struct exchange *x, const struct json *body, struct walkthrough_row *w,
                        bool required) {
    char upload[64] = "";
    bool given = false;

    if (!field_text(x, body, "upload", upload, sizeof upload, &given)) {
        return false;
    }
    if (!given && !required) {
        return true;
    }
    int r = upload_take(x->signal, upload, w->source, sizeof w->source);
    if (r < 0) {
        reply_bad_field(x, "upload",
                        r == -EAGAIN ? "The upload is not complete yet."
                                     : "There is no such upload.");
        return false;
    }
    w->fields |= WALKTHROUGH_SOURCE;
    return true;
}

void api_walkthroughs_create(struct exchange *x) {
    static const char *const known[] = {"upload", "title", "product", NULL};
    struct walkthrough_row w = {.state = WALKTHROUGH_COMPILING};
    const struct json *body = exchange_json(x, known);

    if (body == NULL || !field_required(x, body, "title", w.title, sizeof w.title) ||
        !field_text(x, body, "product", w.product, sizeof w.product, NULL)) {
        return;
    }
    if (x->signal->jobs == NULL) {
        reply_problem(x, 503, "no-pipelines", "parlour-pipeline is not installed on this server.");
        return;
    }
    if (!read_upload(x, body, &w, true)) {
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

static void changed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct walkthrough_row *w = argument;

    if (result == 0 && x->scratch != NULL) { /* a new video came with the change */
        compile(x, w, x->scratch);
    } else if (x->scratch != NULL) {
        upload_give_back(x->signal, w->source);
    }
    got(ctx, result, argument);
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct json *body = x->json;
    struct walkthrough_row w;
    bool title = false, product = false, published = false;

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
        !field_bool(x, body, "published", &w.published, &published) || !read_details(x, body, &w)) {
        return;
    }
    if (title && w.title[strspn(w.title, " \t\r\n")] == '\0') {
        reply_bad_field(x, "title", "“title” is missing.");
        return;
    }
    w.fields |= (title ? WALKTHROUGH_TITLE : 0u) | (product ? WALKTHROUGH_PRODUCT : 0u) |
                (published ? WALKTHROUGH_PUBLISHED : 0u);
    char *old_source = strdup(w.source);
    if (old_source == NULL || !read_upload(x, body, &w, false)) {
        free(old_source);
        reply_failure(x, -ENOMEM, NULL); /* unless answered already */
        return;
    }
    if ((w.fields & WALKTHROUGH_SOURCE) != 0) {
        x->scratch = old_source;
    } else {
        free(old_source);
    }
    EXCHANGE_STORE(x, walkthroughs_change, &w, changed);
    if (x->answered && x->scratch != NULL) { /* the store is too busy */
        upload_give_back(x->signal, w.source);
    }
}

void api_walkthrough_change(struct exchange *x) {
    static const char *const known[] = {"title",    "product",  "published",      "upload",
                                        "chapters", "captions", "call_to_action", NULL};
    struct walkthrough_row w = {0};

    name_row(x, &w);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, walkthroughs_get, &w, change_now);
    }
}

static void deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;

    if (result == 0) {
        feeds_forget(x->signal, w->id);
        presentation_remove(x->signal->config->data_dir, w->directory);
        upload_remove(x->signal, w->source);
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

    name_row(x, &w);
    EXCHANGE_STORE(x, walkthroughs_delete, &w, deleted);
}
