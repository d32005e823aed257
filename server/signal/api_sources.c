/* Kept live sources: what staff set up once and then show in visits. */
#include "base/random.h"
#include "signal/api.h"
#include "signal/feeds.h"
#include "signal/fields.h"
#include "signal/sources.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>

#define PASSPHRASE_MADE 24
#define PASSPHRASE_MIN 10 /* of SRT (draft-sharabayko-srt-01 §6.1.5) */

static struct json *walkthroughs_json(const struct source_row *r) {
    struct json *list = json_new_list();

    for (size_t i = 0; i < r->walkthrough_count; i++) {
        json_add_text(list, r->walkthroughs[i]);
    }
    return list;
}

/* Keys are for those who may use them; the others see what there is. */
static void put_secrets(struct json *o, const struct exchange *x, const struct source_row *r) {
    bool may = permission_allows(&x->actor, PERMISSION_SOURCES_WRITE, NULL);

    json_put_text(o, "url", may && r->url[0] != '\0' ? r->url : NULL);
    json_put_text(o, "passphrase", may && r->passphrase[0] != '\0' ? r->passphrase : NULL);
    json_put_text(o, "stream_key", may && r->kind == INPUT_RTMP ? r->stream_key : NULL);
}

static struct json *source_json(const struct exchange *x, const struct source_row *r) {
    const struct feed_state *feed = feeds_of_source(x->signal, r->id);
    struct json *o = json_new_object();
    struct text server = {0};

    json_put_text(o, "id", r->id);
    json_put_text(o, "name", r->name);
    json_put_text(o, "kind", input_kind_name(r->kind));
    put_secrets(o, x, r);
    json_put(o, "walkthroughs", r->kind == INPUT_PLAYLIST ? walkthroughs_json(r) : NULL);
    json_put_text(o, "key", r->key[0] != '\0' ? r->key : NULL);
    source_server(x, r, &server);
    json_put_text(o, "server", server.n > 0 && !server.failed ? server.p : NULL);
    text_clear(&server);
    json_put_text(o, "state", feed != NULL ? feed->state : "off");
    if (feed != NULL && feed->delay_ms >= 0) {
        json_put_int(o, "delay_ms", feed->delay_ms);
    } else {
        json_put(o, "delay_ms", NULL);
    }
    json_put_text(o, "detail", feed != NULL && feed->detail[0] != '\0' ? feed->detail : NULL);
    json_put_text(o, "visit", feed != NULL ? feed->visit : NULL);
    put_time(o, "created_at", r->created_at);
    put_time(o, "updated_at", r->updated_at);
    return o;
}

static void reply_source(struct exchange *x, int status, int result, const struct source_row *r) {
    if (result == -ENOSPC && status == 201) {
        reply_problem(x, 507, "no-space", "There is no room for more sources: %s",
                      r->kind == INPUT_SRT
                          ? "delete one, or allow more, or more ports, in the configuration."
                          : "delete one, or allow more in the configuration.");
    } else if (result < 0) {
        reply_failure(x, result, "There is no such source.");
    } else {
        if (status == 201) {
            reply_header(x, "location", "/api/v1/sources/%s", r->id);
        }
        reply_json(x, status, source_json(x, r));
    }
}

/* ---- list, get ---- */

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct source_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, source_json(x, &list->rows[i]));
    }
    reply_json(x, 200, items);
}

void api_sources_list(struct exchange *x) {
    struct source_list list = {0};

    if (read_paging(x, &list.offset, &list.limit)) {
        EXCHANGE_STORE(x, sources_list, &list, listed);
    }
}

static void got(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        reply_source(x, 200, result, argument);
    }
}

void api_source_get(struct exchange *x) {
    struct source_row r = {0};

    read_id(x, r.id);
    EXCHANGE_STORE(x, sources_get, &r, got);
}

/* ---- create and change ---- */

static bool read_walkthroughs(struct exchange *x, const struct json *body, struct source_row *r) {
    const struct json *list = json_get(body, "walkthroughs");

    if (!json_has(body, "walkthroughs")) {
        return true;
    }
    size_t n = json_count(list);
    bool fine = json_kind_of(list) == JSON_KIND_LIST && n > 0 && n <= STORE_SOURCE_WALKTHROUGHS;
    r->walkthrough_count = 0;
    for (size_t i = 0; fine && i < n; i++) {
        const char *id = json_text(json_at(list, i));
        fine = id != NULL && id[0] != '\0' && strlen(id) < ID_MAX && strchr(id, ',') == NULL;
        if (fine) {
            snprintf(r->walkthroughs[r->walkthrough_count++], ID_MAX, "%s", id);
        }
    }
    if (!fine) {
        reply_bad_field(x, "walkthroughs", "“walkthroughs” must be a list of 1 to %d ids.",
                        STORE_SOURCE_WALKTHROUGHS);
        return false;
    }
    r->fields |= SOURCE_WALKTHROUGHS;
    return true;
}

/* ASCII, so that every sender's form takes it. */
static bool is_printable(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            return false;
        }
    }
    return true;
}

/* What the kind needs is there and what it has no use for is not. */
static bool fits_kind(struct exchange *x, const struct source_row *r) {
    bool url = r->kind == INPUT_RTSP || r->kind == INPUT_SRT_CALLER;
    bool srt = r->kind == INPUT_SRT || r->kind == INPUT_SRT_CALLER;
    const char *problem = url ? source_url_problem(r->kind, r->url) : NULL;
    size_t n = strlen(r->passphrase);

    if (problem != NULL) {
        reply_bad_field(x, "url", "%s", problem);
    } else if (!url && r->url[0] != '\0') {
        reply_bad_field(x, "url", "Only rtsp and srt-caller sources have a “url”.");
    } else if (r->kind == INPUT_PLAYLIST && r->walkthrough_count == 0) {
        reply_bad_field(x, "walkthroughs", "“walkthroughs” is missing.");
    } else if (r->kind != INPUT_PLAYLIST && r->walkthrough_count > 0) {
        reply_bad_field(x, "walkthroughs", "Only playlists have “walkthroughs”.");
    } else if (n > 0 && !srt) {
        reply_bad_field(x, "passphrase", "Only srt sources have a “passphrase”.");
    } else if (n > 0 && (n < PASSPHRASE_MIN || !is_printable(r->passphrase))) {
        reply_bad_field(x, "passphrase",
                        "“passphrase” must have at least %d letters, digits or signs.",
                        PASSPHRASE_MIN);
    } else if (r->name[strspn(r->name, " \t\r\n")] == '\0') {
        reply_bad_field(x, "name", "“name” is missing.");
    } else {
        return true;
    }
    return false;
}

static bool read_source(struct exchange *x, const struct json *body, struct source_row *r) {
    bool name = false, url = false, passphrase = false, key = false;

    if (!field_text(x, body, "name", r->name, sizeof r->name, &name) ||
        !field_text(x, body, "url", r->url, sizeof r->url, &url) ||
        !field_text(x, body, "passphrase", r->passphrase, sizeof r->passphrase, &passphrase) ||
        !field_key(x, body, r->key, &key) || !read_walkthroughs(x, body, r)) {
        return false;
    }
    if (json_has(body, "passphrase") && !passphrase) { /* null */
        r->passphrase[0] = '\0';
        passphrase = true;
    }
    r->fields |= (name ? SOURCE_NAME : 0u) | (url ? SOURCE_URL : 0u) |
                 (passphrase ? SOURCE_PASSPHRASE : 0u) | (key ? SOURCE_KEY : 0u);
    return fits_kind(x, r);
}

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x)) {
        reply_source(x, 201, result, argument);
    }
}

void api_sources_create(struct exchange *x) {
    static const char *const known[] = {"name",       "kind", "url", "walkthroughs",
                                        "passphrase", "key",  NULL};
    struct source_row r = {.port_first = x->signal->config->srt_first,
                           .port_last = x->signal->config->srt_last};
    const struct json *body = exchange_json(x, known);
    char kind[16] = "";

    if (body == NULL || !field_required(x, body, "kind", kind, sizeof kind)) {
        return;
    }
    if (!input_kind_parse(kind, &r.kind)) {
        reply_bad_field(x, "kind", "“kind” must be rtmp, srt, srt-caller, rtsp, playlist or test.");
        return;
    }
    if (read_source(x, body, &r)) {
        if (r.kind == INPUT_SRT && !json_has(body, "passphrase")) { /* the port is open to all */
            random_text(r.passphrase, PASSPHRASE_MADE);
            r.fields |= SOURCE_PASSPHRASE;
        }
        EXCHANGE_STORE(x, sources_create, &r, created);
    }
}

static void changed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct source_row *r = argument;

    if (result == 0 && x->scratch != NULL) { /* whoever sends with the old key is cut off */
        feeds_stop_source(x->signal, r->id);
    }
    if (exchange_resume(x)) {
        reply_source(x, 200, result, r);
    }
}

static void change_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    struct source_row r;
    bool roll = false;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_source(x, 200, result, argument);
        return;
    }
    r = *(const struct source_row *)argument;
    r.fields = 0;
    if (!field_bool(x, x->json, "roll_key", &roll, NULL) || !read_source(x, x->json, &r)) {
        return;
    }
    if (roll) {
        r.fields |= SOURCE_STREAM_KEY;
        x->scratch = strdup("roll");
    }
    EXCHANGE_STORE(x, sources_change, &r, changed);
}

void api_source_change(struct exchange *x) {
    static const char *const known[] = {"name",     "url", "walkthroughs", "passphrase", "key",
                                        "roll_key", NULL};
    struct source_row r = {0};

    read_id(x, r.id);
    if (exchange_json(x, known) != NULL) {
        EXCHANGE_STORE(x, sources_get, &r, change_now);
    }
}

static void deleted(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct source_row *r = argument;

    if (result == 0) {
        feeds_stop_source(x->signal, r->id);
        source_forget(x->signal, r);
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such source.");
    } else {
        reply_empty(x, 204);
    }
}

void api_source_delete(struct exchange *x) {
    struct source_row r = {0};

    read_id(x, r.id);
    EXCHANGE_STORE(x, sources_delete, &r, deleted);
}
