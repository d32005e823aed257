#include "signal/dispatch.h"
#include "signal/http.h"
#include "signal/routes.h"
#include "signal/state.h"

#include <errno.h>
#include <stdio.h>

static const struct {
    enum http_method method;
    const char *name;
} methods[] = {
    {METHOD_GET, "GET"},         {METHOD_HEAD, "HEAD"},   {METHOD_POST, "POST"},
    {METHOD_PUT, "PUT"},         {METHOD_PATCH, "PATCH"}, {METHOD_DELETE, "DELETE"},
    {METHOD_OPTIONS, "OPTIONS"},
};

static void methods_text(unsigned set, char *ret, size_t n) {
    size_t at = 0;

    ret[0] = '\0';
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if ((set & methods[i].method) != 0) {
            at += (size_t)snprintf(ret + at, n - at, "%s%s", at > 0 ? ", " : "", methods[i].name);
        }
    }
}

/* A route of any method for the path, one with CORS first. */
static const struct route *any_route(const char *path) {
    char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX];
    const struct route *found = NULL;

    for (const struct route *r = routes; r->pattern != NULL; r++) {
        if (route_fits(r->pattern, path, params) &&
            (found == NULL || (r->flags & ROUTE_CORS) != 0)) {
            found = r;
        }
    }
    return found;
}

/* OPTIONS, also as a CORS preflight; RFC 9725 §4.2 asks for Accept-Post. */
static void options(struct exchange *x, unsigned known) {
    const struct route *route = any_route(x->request.path);
    char list[96];

    methods_text(known | METHOD_OPTIONS, list, sizeof list);
    reply_header(x, "allow", "%s", list);
    if (route != NULL && (route->flags & ROUTE_CORS) != 0) {
        x->route = route;
        reply_header(x, "access-control-allow-methods", "%s", list);
        reply_header(x, "access-control-allow-headers",
                     "Authorization, Content-Type, If-Match, Last-Event-ID, Range, If-Range");
        reply_header(x, "access-control-max-age", "86400");
    }
    if ((known & METHOD_POST) != 0 && route != NULL && route->body_type != NULL) {
        reply_header(x, "accept-post", "%s", route->body_type);
    }
    reply_empty(x, 200);
}

static bool body_is_fine(struct exchange *x) {
    const struct route *route = x->route;

    if ((route->flags & ROUTE_STREAM) != 0) {
        return true;
    }
    size_t most = x->signal->config->body_max;
    if ((route->flags & ROUTE_LARGE) != 0 && most < ROUTE_LARGE_MAX) {
        most = ROUTE_LARGE_MAX;
    }
    if (x->body_expected > most) {
        reply_problem(x, 413, "too-large", "The body may have at most %llu bytes.",
                      (unsigned long long)most);
        return false;
    }
    if (route->body_type == NULL) {
        return true; /* whatever it is, nobody reads it */
    }
    if (x->body_expected == 0 && (route->flags & ROUTE_EMPTY_OK) != 0) {
        return true;
    }
    if (!request_content_is(&x->request, route->body_type)) {
        reply_problem(x, 415, "media-type", "Send the body as %s.", route->body_type);
        return false;
    }
    return true;
}

void dispatch_head(struct exchange *x) {
    unsigned known = 0;

    if (atomic_load(&x->signal->stopping) || x->signal->store == NULL) {
        x->close_after = true;
        reply_problem(x, 503, "busy", "The server is starting or stopping.");
        return;
    }
    if (x->request.method == 0) {
        reply_problem(x, 501, "method", "This method is not known here.");
        return;
    }
    x->route = route_find(routes, x->request.method, x->request.path, x->request.params, &known);
    if (x->route == NULL && known != 0 && x->request.method == METHOD_OPTIONS) {
        options(x, known);
    } else if (x->route == NULL && known != 0) {
        char list[96];
        methods_text(known | METHOD_OPTIONS, list, sizeof list);
        reply_header(x, "allow", "%s", list);
        reply_problem(x, 405, "method", "This address answers to %s.", list);
    } else if (x->route == NULL) {
        reply_problem(x, 404, "not-found", "There is nothing at this address.");
    } else if (body_is_fine(x) && (x->route->flags & ROUTE_STREAM) != 0) {
        x->route->handle(x);
    }
}

static void allowed(struct exchange *x) {
    const struct route *route = x->route;

    if (route->permission >= 0) {
        const char *visit = (route->flags & ROUTE_VISIT) != 0 ? x->request.params[0] : NULL;
        if (!permission_allows(&x->actor, (enum permission)route->permission, visit)) {
            if (permission_is_known(&x->actor)) {
                reply_problem(x, 403, "forbidden", "You may not do this.");
            } else {
                reply_header(x, "www-authenticate", "Bearer");
                reply_problem(x, 401, "unauthorized", "Sign in first, or send a valid token.");
            }
            return;
        }
    }
    route->handle(x);
}

static void credential_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct credential *c = argument;

    if (!exchange_resume(x)) {
        return;
    }
    switch (result) {
    case 0:
        x->actor = c->actor;
        x->user = c->user;
        snprintf(x->actor_name, sizeof x->actor_name, "%s", c->name);
        break;
    case -ENOENT:
    case -EKEYREVOKED:
    case -EKEYEXPIRED:
        break;
    default:
        reply_failure(x, result, NULL);
        return;
    }
    allowed(x);
}

static bool is_safe(enum http_method m) {
    return m == METHOD_GET || m == METHOD_HEAD || m == METHOD_OPTIONS;
}

void dispatch_body(struct exchange *x) {
    struct credential c = {0};
    const char *bearer = request_bearer(&x->request);

    if (bearer == NULL && (x->route->flags & ROUTE_INVITE) != 0) {
        bearer = request_query(&x->request, "invite");
    }

    if ((x->route->flags & ROUTE_STREAM) != 0) {
        if (!x->answered && x->sink_done != NULL) {
            x->sink_done(x);
        }
        return;
    }
    if ((x->route->flags & ROUTE_ACCESS) == 0) {
        x->route->handle(x);
        return;
    }
    if (bearer != NULL && strlen(bearer) < sizeof c.token) {
        snprintf(c.token, sizeof c.token, "%s", bearer);
    } else if (bearer == NULL &&
               request_cookie(&x->request, SESSION_COOKIE, c.token, sizeof c.token)) {
        c.cookie = true;
        if (!is_safe(x->request.method) &&
            !request_same_origin(&x->request, x->signal->config->public_url)) {
            reply_problem(x, 403, "cross-origin", "This page may not act for you.");
            return;
        }
    } else {
        allowed(x);
        return;
    }
    EXCHANGE_STORE(x, credentials_find, &c, credential_found);
}
