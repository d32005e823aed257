/* Slides: a PDF becomes page images with their texts; index.json of the deck lists them. */
#include "signal/api.h"
#include "signal/decks.h"
#include "signal/fields.h"
#include "signal/files.h"
#include "signal/presentation.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define INDEX_MAX (4u * 1024 * 1024)

static int deck_path(const struct signal *s, const struct slides_row *r, char *ret, size_t n) {
    if (r->directory[0] == '\0') {
        return -ENOENT;
    }
    int length = snprintf(ret, n, "%s/" DECKS_FOLDER "/%s", s->config->data_dir, r->directory);
    return length < 0 || (size_t)length >= n ? -ENAMETOOLONG : 0;
}

static int read_index(const struct signal *s, const struct slides_row *r, struct json **ret) {
    char path[STORE_PATH_MAX], file[STORE_PATH_MAX + 16], *text = NULL;
    size_t n = 0;
    int error = deck_path(s, r, path, sizeof path);

    if (error < 0) {
        return error;
    }
    snprintf(file, sizeof file, "%s/index.json", path);
    error = file_read(file, INDEX_MAX, &text, &n);
    if (error == 0) {
        error = json_parse(bytes_of(text, n), INDEX_MAX, ret);
    }
    free(text);
    return error;
}

static void put_link(struct json *page, const char *key, const struct slides_row *r,
                     const struct json *from) {
    const char *name = NULL;
    char url[160];

    json_get_text(from, key, &name);
    snprintf(url, sizeof url, "/slides/%s/%.100s", r->id, name != NULL ? name : "");
    json_put_text(page, key, name != NULL ? url : NULL);
}

static struct json *pages_json(const struct slides_row *r, const struct json *index) {
    const struct json *pages = json_get(index, "pages");
    struct json *list = json_new_list();

    for (size_t i = 0; i < json_count(pages); i++) {
        const struct json *from = json_at(pages, i);
        struct json *page = json_new_object();
        double width = 0, height = 0;
        json_get_number(from, "width", &width);
        json_get_number(from, "height", &height);
        json_put_number(page, "width", width);
        json_put_number(page, "height", height);
        put_link(page, "image", r, from);
        put_link(page, "text", r, from);
        json_add(list, page);
    }
    return list;
}

static struct json *slides_json(const struct exchange *x, const struct slides_row *r, bool whole) {
    struct json *o = json_new_object(), *index = NULL;

    json_put_text(o, "id", r->id);
    json_put_text(o, "title", r->title);
    json_put_text(o, "state", walkthrough_state_name(r->state));
    json_put_text(o, "error", r->error[0] != '\0' ? r->error : NULL);
    json_put_text(o, "reason", r->reason[0] != '\0' ? r->reason : NULL);
    if (whole) {
        read_index(x->signal, r, &index);
        json_put(o, "pages", pages_json(r, index));
        json_free(index);
    }
    put_time(o, "created_at", r->created_at);
    put_time(o, "updated_at", r->updated_at);
    return o;
}

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct slides_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, slides_json(x, &list->rows[i], false));
    }
    reply_json(x, 200, items);
}

void api_slides_list(struct exchange *x) {
    struct slides_list list = {0};

    if (read_paging(x, &list.offset, &list.limit)) {
        EXCHANGE_STORE(x, slides_list, &list, listed);
    }
}

static void got(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There are no such slides.");
    } else {
        reply_json(x, 200, slides_json(x, argument, true));
    }
}

void api_slides_get(struct exchange *x) {
    struct slides_row r = {0};

    read_id(x, r.id);
    EXCHANGE_STORE(x, slides_get, &r, got);
}

/* ---- create ---- */

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct slides_row *r = argument;

    if (result < 0) {
        upload_give_back(x->signal, r->source);
    } else if (decks_start(x->signal, r) < 0) {
        r->fields = SLIDES_OUTCOME;
        r->state = WALKTHROUGH_FAILED;
        snprintf(r->reason, sizeof r->reason, "too_many_jobs");
        snprintf(r->error, sizeof r->error, "%s",
                 "Too many jobs are waiting. Upload the slides again later.");
        store_slides_change(x->signal->store, r, NULL, NULL);
        upload_remove(x->signal, r->source);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
    } else {
        reply_header(x, "location", "/api/v1/slides/%s", r->id);
        reply_json(x, 202, slides_json(x, r, true));
    }
}

void api_slides_create(struct exchange *x) {
    static const char *const known[] = {"upload", "title", NULL};
    struct slides_row r = {.state = WALKTHROUGH_COMPILING};
    const struct json *body = exchange_json(x, known);
    bool given = false;

    if (body == NULL || !field_required(x, body, "title", r.title, sizeof r.title)) {
        return;
    }
    if (x->signal->jobs == NULL) {
        reply_problem(x, 503, "no-pipelines", "parlour-pipeline is not installed on this server.");
        return;
    }
    if (!upload_read(x, body, r.source, sizeof r.source, true, &given)) {
        return;
    }
    EXCHANGE_STORE(x, slides_create, &r, created);
    if (x->answered) { /* the store is too busy */
        upload_give_back(x->signal, r.source);
    }
}

/* ---- delete ---- */

static void deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct slides_row *r = argument;

    if (result == 0) {
        decks_drop(x->signal, r->id);
        directory_remove(x->signal->config->data_dir, DECKS_FOLDER, r->directory);
        upload_remove(x->signal, r->source);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There are no such slides.");
    } else {
        reply_empty(x, 204);
    }
}

void api_slides_delete(struct exchange *x) {
    struct slides_row r = {0};

    read_id(x, r.id);
    EXCHANGE_STORE(x, slides_delete, &r, deleted);
}

/* ---- files ---- */

static bool is_of_deck(const char *file) {
    static const char *const endings[] = {".webp", ".png", ".jpg", ".json"};
    bool fine = false;

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        fine |= presentation_file_ends(file, endings[i]);
    }
    return fine && presentation_file_name(file);
}

static bool names(const struct json *index, const char *file) {
    const struct json *pages = json_get(index, "pages");

    for (size_t i = 0; i < json_count(pages); i++) {
        const char *image = "", *text = "";
        json_get_text(json_at(pages, i), "image", &image);
        json_get_text(json_at(pages, i), "text", &text);
        if (strcmp(file, image) == 0 || strcmp(file, text) == 0) {
            return true;
        }
    }
    return false;
}

static void file_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct slides_row *r = argument;
    const char *name = x->request.params[1];
    char path[STORE_PATH_MAX], file[2 * STORE_PATH_MAX];
    struct json *index = NULL;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There are no such slides.");
        return;
    }
    if (is_of_deck(name) && deck_path(x->signal, r, path, sizeof path) == 0 &&
        read_index(x->signal, r, &index) == 0 && names(index, name)) {
        snprintf(file, sizeof file, "%s/%s", path, name);
        file_reply(x, file, "private, max-age=86400, immutable"); /* slides are never replaced */
    } else {
        reply_problem(x, 404, "not-found", "There is no such file.");
    }
    json_free(index);
}

void api_slides_file(struct exchange *x) {
    struct slides_row r = {0};

    read_id(x, r.id);
    EXCHANGE_STORE(x, slides_get, &r, file_found);
}
