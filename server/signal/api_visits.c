#include "signal/api.h"
#include "signal/fields.h"
#include "signal/live.h"
#include "signal/recordings.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>

static const char *const known[] = {"title", "products", "starts_at", "tz", "recording", NULL};

static struct json *replay_json(const struct visit_row *v) {
    struct json *o = v->replay[0] != '\0' ? json_new_object() : NULL;

    if (o != NULL) {
        json_put_text(o, "slug", v->replay);
        json_put_text(o, "state", walkthrough_state_name(v->replay_state));
    }
    return o;
}

struct json *visit_json(const struct exchange *x, const struct visit_row *v) {
    struct json *o = json_new_object(), *products = json_new_list(), *host = json_new_object();
    struct json *people = json_new_object();
    const struct live *live = live_find(x->signal, v->id);
    char base[URL_BASE_MAX], url[URL_BASE_MAX + 64];

    url_base(x, base);
    json_put_text(o, "id", v->id);
    json_put_text(o, "title", v->title);
    json_put_text(o, "state", visit_state_name(live != NULL ? visit_state(live->visit) : v->state));
    put_time(o, "starts_at", v->starts_at);
    json_put_text(o, "tz", v->tz[0] != '\0' ? v->tz : NULL);
    json_put_text(o, "recording", visit_recording_name(v->recording));
    put_time(o, "created_at", v->created_at);
    put_time(o, "started_at", v->started_at);
    put_time(o, "ended_at", v->ended_at);
    json_put(o, "replay", replay_json(v));
    for (size_t i = 0; i < v->product_count; i++) {
        json_add_text(products, v->products[i]);
    }
    json_put(o, "products", products);
    json_put_text(host, "name", v->host_name);
    json_put(o, "host", host);
    snprintf(url, sizeof url, "%s/whip/%s", base, v->id);
    json_put_text(o, "whip_url", url);
    snprintf(url, sizeof url, "%s/whep/%s", base, v->id);
    json_put_text(o, "whep_url", url);
    json_put_text(o, "stream_key", v->stream_key);
    json_put_int(people, "present", live != NULL ? (int64_t)visit_present(live->visit) : 0);
    json_put(o, "people", people);
    return o;
}

static void reply_visit(struct exchange *x, int status, int result, const struct visit_row *v) {
    if (result == -EINVAL) {
        reply_bad_field(x, "products", "One of the products does not exist.");
        return;
    }
    if (result < 0) {
        reply_failure(x, result, result == -ENOENT ? "There is no such visit." : NULL);
        return;
    }
    if (status == 201) {
        reply_header(x, "location", "/api/v1/visits/%s", v->id);
    }
    reply_json(x, status, visit_json(x, v));
}

/* ---- list, get ---- */

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct visit_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, visit_json(x, &list->rows[i]));
    }
    reply_json(x, 200, items);
}

void api_visits_list(struct exchange *x) {
    struct visit_list list = {0};

    if (read_paging(x, &list.offset, &list.limit)) {
        EXCHANGE_STORE(x, visits_list, &list, listed);
    }
}

static void got(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        reply_visit(x, 200, result, argument);
    }
}

void api_visit_get(struct exchange *x) {
    struct visit_row v = {0};

    read_id(x, v.id);
    EXCHANGE_STORE(x, visits_get, &v, got);
}

/* ---- create and change ---- */

static bool read_products(struct exchange *x, const struct json *body, struct visit_row *v) {
    const struct json *list = json_get(body, "products");

    if (!json_has(body, "products")) {
        return true;
    }
    if (json_kind_of(list) != JSON_KIND_LIST || json_count(list) > STORE_PRODUCTS_PER_VISIT) {
        reply_bad_field(x, "products", "“products” must be a list of at most %d product ids.",
                        STORE_PRODUCTS_PER_VISIT);
        return false;
    }
    v->fields |= VISIT_PRODUCTS;
    v->product_count = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *id = json_text(json_at(list, i));
        if (id == NULL || strlen(id) >= ID_MAX) {
            reply_bad_field(x, "products", "“products” must be a list of product ids.");
            return false;
        }
        snprintf(v->products[v->product_count++], ID_MAX, "%s", id);
    }
    return true;
}

static bool read_visit(struct exchange *x, const struct json *body, struct visit_row *v) {
    char recording[16] = "";
    bool title = false, starts = false, tz = false, record = false;

    if (!field_text(x, body, "title", v->title, sizeof v->title, &title) ||
        !field_time(x, body, "starts_at", &v->starts_at, &starts) ||
        !field_text(x, body, "tz", v->tz, sizeof v->tz, &tz) ||
        !field_text(x, body, "recording", recording, sizeof recording, &record) ||
        !read_products(x, body, v)) {
        return false;
    }
    if (record && !visit_recording_parse(recording, &v->recording)) {
        reply_bad_field(x, "recording", "“recording” must be off, ask or on.");
        return false;
    }
    if (v->title[strspn(v->title, " \t\r\n")] == '\0') {
        reply_bad_field(x, "title", "“title” is missing.");
        return false;
    }
    v->fields |= (title ? VISIT_TITLE : 0u) | (starts || tz ? VISIT_STARTS_AT : 0u) |
                 (record ? VISIT_RECORDING : 0u);
    return true;
}

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        reply_visit(x, 201, result, argument);
    }
}

void api_visits_create(struct exchange *x) {
    struct visit_row v = {0};
    const struct json *body = exchange_json(x, known);

    if (body == NULL || !read_visit(x, body, &v)) {
        return;
    }
    if (x->user.id[0] != '\0') {
        snprintf(v.host, sizeof v.host, "%s", x->user.id);
    }
    EXCHANGE_STORE(x, visits_create, &v, created);
}

static void changed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct visit_row *v = argument;

    if (!exchange_resume(x)) {
        return;
    }
    struct live *live = result == 0 ? live_find(x->signal, v->id) : NULL;
    if (live != NULL) {
        visit_describe(live->visit, v->title, v->recording);
        live_changed(x->signal, live);
    }
    reply_visit(x, 200, result, v);
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct visit_row v;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_visit(x, 200, result, argument);
        return;
    }
    v = *(const struct visit_row *)argument;
    v.fields = 0;
    if (read_visit(x, x->json, &v)) {
        EXCHANGE_STORE(x, visits_change, &v, changed);
    }
}

void api_visit_change(struct exchange *x) {
    struct visit_row v = {0};

    read_id(x, v.id);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, visits_get, &v, change_now);
    }
}

/* ---- start, end ---- */

static void progressed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct visit_progress *p = argument;
    struct live *live = result == 0 ? live_find(x->signal, p->id) : NULL;

    if (live != NULL && p->state == VISIT_ENDED) {
        visit_end(live->visit);
        live_changed(x->signal, live);
    } else if (live != NULL && p->state == VISIT_LIVE) {
        visit_start(live->visit);
        live_changed(x->signal, live);
    }
    if (result == 0 && live == NULL && p->state == VISIT_ENDED) {
        recordings_visit_ended(x->signal, p->id, p->visit.title);
    }
    if (exchange_resume(x)) {
        reply_visit(x, 200, result, &p->visit);
    }
}

static void progress(struct exchange *x, enum visit_state state) {
    struct visit_progress p = {.state = state};

    read_id(x, p.id);
    EXCHANGE_STORE(x, visits_progress, &p, progressed);
}

void api_visit_start(struct exchange *x) {
    progress(x, VISIT_LIVE);
}

void api_visit_end(struct exchange *x) {
    progress(x, VISIT_ENDED);
}
