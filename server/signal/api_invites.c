#include "signal/api.h"
#include "signal/calendar.h"
#include "signal/fields.h"
#include "signal/live.h"
#include "signal/qrcode.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#define VISIT_LENGTH 1800 /* seconds, in calendars: a visit has no end time */

static struct json *invite_json(const struct exchange *x, const struct invite_row *i) {
    struct json *o = json_new_object();
    char base[URL_BASE_MAX], url[URL_BASE_MAX + STORE_SECRET_MAX + 8];

    json_put_text(o, "id", i->id);
    json_put_text(o, "name", i->name);
    if (i->token[0] != '\0') { /* only once, when it is made */
        url_base(x, base);
        snprintf(url, sizeof url, "%s/v/%s", base, i->token);
        json_put_text(o, "token", i->token);
        json_put_text(o, "url", url);
    }
    put_time(o, "created_at", i->created_at);
    put_time(o, "expires_at", i->expires_at);
    put_time(o, "opened_at", i->opened_at);
    json_put_bool(o, "revoked", i->revoked);
    return o;
}

static void name_visit(struct exchange *x, char id[static ID_MAX]) {
    snprintf(id, ID_MAX, "%.*s", ID_MAX - 1, x->request.params[0]);
}

static void listed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_list *list = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such visit.");
        return;
    }
    struct json *items = json_new_list();
    for (size_t i = 0; i < list->count; i++) {
        json_add(items, invite_json(x, &list->rows[i]));
    }
    reply_json(x, 200, items);
}

void api_invites_list(struct exchange *x) {
    struct invite_list list = {0};

    name_visit(x, list.visit);
    EXCHANGE_STORE(x, invites_list, &list, listed);
}

static void created(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_row *invite = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, result == -ENOENT ? "There is no such visit." : NULL);
        return;
    }
    reply_header(x, "location", "/api/v1/visits/%s/invites/%s", invite->visit, invite->id);
    reply_json(x, 201, invite_json(x, invite));
}

void api_invites_create(struct exchange *x) {
    static const char *const known[] = {"name", "expires_at", NULL};
    struct invite_row invite = {0};

    name_visit(x, invite.visit);
    if (x->request.body.n > 0) {
        const struct json *body = exchange_json(x, known);
        if (body == NULL || !field_text(x, body, "name", invite.name, sizeof invite.name, NULL) ||
            !field_time(x, body, "expires_at", &invite.expires_at, NULL)) {
            return;
        }
        if (invite.expires_at != 0 && invite.expires_at <= (int64_t)time(NULL)) {
            reply_bad_field(x, "expires_at", "“expires_at” lies in the past.");
            return;
        }
    }
    EXCHANGE_STORE(x, invites_create, &invite, created);
}

static void revoked(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_row *invite = argument;

    if (result == 0) {
        struct live *live = live_find(x->signal, invite->visit);
        if (live != NULL) {
            live_expel(x->signal, live, invite->id, "revoked");
        }
    }
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such invite.");
    } else {
        reply_empty(x, 204);
    }
}

void api_invite_delete(struct exchange *x) {
    struct invite_row invite = {0};

    name_visit(x, invite.visit);
    snprintf(invite.id, sizeof invite.id, "%.*s", ID_MAX - 1, x->request.params[1]);
    EXCHANGE_STORE(x, invites_revoke, &invite, revoked);
}

/* ---- calendar file and QR: for who has the link's token ---- */

static void open_token(struct exchange *x, store_done *done) {
    struct invite_open open = {0};
    const char *token = request_query(&x->request, "token");

    if (token == NULL || strlen(token) >= sizeof open.token) {
        reply_header(x, "www-authenticate", "Bearer");
        reply_problem(x, 401, "unauthorized", "Add the invite's token: ?token=…");
        return;
    }
    snprintf(open.token, sizeof open.token, "%s", token);
    EXCHANGE_STORE(x, invites_open, &open, done);
}

/* The invite in hand must be of the visit in the path. */
static bool token_fits(struct exchange *x, int result, const struct invite_open *open) {
    if (result == -EKEYREVOKED || result == -EKEYEXPIRED) {
        reply_problem(x, 410, result == -EKEYREVOKED ? "revoked" : "expired",
                      "This invitation is no longer valid.");
        return false;
    }
    if (result < 0 || strcmp(open->invite.visit, x->request.params[0]) != 0) {
        reply_failure(x, result < 0 ? result : -ENOENT, "There is no such invitation.");
        return false;
    }
    return true;
}

#define INVITE_URL_MAX (URL_BASE_MAX + STORE_SECRET_MAX + 8)

static void invite_url(const struct exchange *x, const char *token,
                       char ret[static INVITE_URL_MAX]) {
    char base[URL_BASE_MAX];

    url_base(x, base);
    snprintf(ret, INVITE_URL_MAX, "%s/v/%s", base, token);
}

static void calendar_opened(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_open *open = argument;
    char url[INVITE_URL_MAX], uid[2 * ID_MAX + 16];
    struct text t = {0};

    if (!exchange_resume(x) || !token_fits(x, result, open)) {
        return;
    }
    if (open->visit.starts_at == 0) {
        reply_problem(x, 409, "no-time", "The visit has no time yet.");
        return;
    }
    invite_url(x, open->token, url);
    snprintf(uid, sizeof uid, "%s.%s@parlour", open->visit.id, open->invite.id);
    calendar_write(&t, &(struct calendar_event){
                           .uid = uid,
                           .title = open->visit.title,
                           .url = url,
                           .host = open->visit.host_name,
                           .company = x->signal->config->company,
                           .starts_at = open->visit.starts_at,
                           .duration = VISIT_LENGTH,
                           .created_at = open->invite.created_at,
                       });
    reply_header(x, "cache-control", "no-store");
    reply_header(x, "content-disposition", "attachment; filename=\"visit.ics\"");
    reply_bytes(x, 200, "text/calendar; charset=utf-8", t.failed ? NULL : t.p, t.n);
}

void api_invite_calendar(struct exchange *x) {
    open_token(x, calendar_opened);
}

static void qr_opened(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct invite_open *open = argument;
    char url[INVITE_URL_MAX];
    struct text t = {0};

    if (!exchange_resume(x) || !token_fits(x, result, open)) {
        return;
    }
    invite_url(x, open->token, url);
    int r = qrcode_svg(&t, url);
    if (r < 0) {
        text_clear(&t);
        reply_failure(x, r, NULL);
        return;
    }
    reply_header(x, "cache-control", "no-store");
    reply_bytes(x, 200, "image/svg+xml", t.p, t.n);
}

void api_invite_qr(struct exchange *x) {
    open_token(x, qr_opened);
}
