/* Signing in and out, and who one is. */
#include "signal/api.h"
#include "signal/dispatch.h"
#include "signal/fields.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

void set_session_cookie(struct exchange *x, const char *value, int64_t expires_at) {
    int64_t lifetime = value[0] != '\0' ? expires_at - (int64_t)time(NULL) : 0;

    /* Lax: the cookie must be there when a link in a mail opens the console. */
    reply_header(x, "set-cookie", "%s=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                 SESSION_COOKIE, value, (long long)(lifetime > 0 ? lifetime : 0),
                 x->request.secure ? "; Secure" : "");
}

static void logged_in(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct login *login = argument;

    if (!exchange_resume(x)) {
        return;
    }
    switch (result) {
    case 0:
        set_session_cookie(x, login->session, login->expires_at);
        reply_empty(x, 204);
        break;
    case -EACCES:
        reply_problem(x, 401, "wrong-password", "The e-mail address or the password is wrong.");
        break;
    case -EAGAIN:
        reply_header(x, "retry-after", "%lld",
                     (long long)(login->retry_after > 0 ? login->retry_after : 60));
        reply_problem(x, 429, "too-many-tries", "Too many failed tries. Wait a little.");
        break;
    default:
        reply_failure(x, result, NULL);
    }
}

void api_login(struct exchange *x) {
    static const char *const known[] = {"email", "password", NULL};
    struct login login = {0};
    const struct json *body = exchange_json(x, known);

    if (body == NULL || !field_required(x, body, "email", login.email, sizeof login.email) ||
        !field_required(x, body, "password", login.password, sizeof login.password)) {
        return;
    }
    if (!request_same_origin(&x->request, x->signal->config->public_url)) {
        reply_problem(x, 403, "cross-origin", "This page may not sign you in.");
        return;
    }
    address_ip_text(&x->request.peer, login.address);
    EXCHANGE_STORE(x, logins_try, &login, logged_in);
    explicit_bzero(&login, sizeof login);
}

static void logged_out(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    (void)argument;
    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, NULL);
        return;
    }
    set_session_cookie(x, "", 0);
    reply_empty(x, 204);
}

void api_logout(struct exchange *x) {
    struct session_end end = {0};

    if (!request_cookie(&x->request, SESSION_COOKIE, end.session, sizeof end.session)) {
        reply_empty(x, 204);
        return;
    }
    EXCHANGE_STORE(x, sessions_end, &end, logged_out);
}

void api_me(struct exchange *x) {
    if (x->actor.kind != ACTOR_STAFF) {
        reply_header(x, "www-authenticate", "Bearer");
        reply_problem(x, 401, "unauthorized", "You are not signed in.");
        return;
    }
    struct json *o = json_new_object();
    json_put_text(o, "id", x->actor.id);
    json_put_text(o, "name", x->actor_name);
    json_put_text(o, "email", x->user.id[0] != '\0' ? x->user.email : NULL);
    json_put_text(o, "role", staff_role_name(x->actor.role));
    reply_json(x, 200, o);
}

/* ---- one-time links ---- */

static void redeemed(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct sign_in_code *code = argument;

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0 && result != -EACCES) {
        reply_failure(x, result, NULL);
        return;
    }
    if (result == 0) {
        set_session_cookie(x, code->session, code->expires_at);
    }
    reply_header(x, "location", result == 0 ? "/" : "/?signin=expired");
    reply_header(x, "cache-control", "no-store");
    reply_empty(x, 303);
}

void page_signin(struct exchange *x) {
    struct sign_in_code code = {0};

    if (x->request.method == METHOD_HEAD) { /* link scanners must not use it up */
        reply_empty(x, 204);
        return;
    }
    snprintf(code.code, sizeof code.code, "%.*s", (int)sizeof code.code - 1, x->request.params[0]);
    EXCHANGE_STORE(x, codes_redeem, &code, redeemed);
}
