#include "signal/dispatch.h"
#include "signal/http_parts.h"
#include "signal/problem.h"
#include "signal/quota.h"
#include "signal/routes.h"
#include "signal/state.h"
#include "signal/websocket.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DRAIN_MAX (1024u * 1024) /* of a refused body, so that the client reads the answer */
#define HEAD_TIME SEC(20)        /* for a body, plus what its size needs */
#define BODY_RATE (8u * 1024)    /* bytes a second that a client must at least send */
#define ANSWER_TIME SEC(60)      /* a handler that forgot; never reached in practice */
#define DRAIN_TIME SEC(5)

struct connection {
    struct exchange *x;
    struct client *client; /* a WebSocket */
};

size_t http_connection_size(void) {
    return sizeof(struct connection);
}

/* ---- lifetime ---- */

static struct exchange *exchange_new(struct signal *s, struct lws *wsi) {
    struct exchange *x = calloc(1, sizeof *x);

    if (x == NULL) {
        return NULL;
    }
    x->signal = s;
    x->wsi = wsi;
    x->fd = -1;
    x->deadline = USEC_NEVER;
    x->next = s->exchanges;
    if (x->next != NULL) {
        x->next->previous = x;
    }
    s->exchanges = x;
    return x;
}

static void exchange_free(struct exchange *x) {
    if (x->gone != NULL) {
        void (*gone)(struct exchange *) = x->gone;
        x->gone = NULL;
        gone(x);
    }
    if (x->previous != NULL) {
        x->previous->next = x->next;
    } else {
        x->signal->exchanges = x->next;
    }
    if (x->next != NULL) {
        x->next->previous = x->previous;
    }
    request_clear(&x->request);
    free(x->body);
    text_clear(&x->head);
    text_clear(&x->stream);
    free(x->out);
    if (x->fd >= 0) {
        close(x->fd);
    }
    json_free(x->json);
    free(x->scratch);
    free(x);
}

/* The connection lets go of it. */
static void exchange_part(struct exchange *x) {
    x->wsi = NULL;
    if (x->gone != NULL) {
        void (*gone)(struct exchange *) = x->gone;
        x->gone = NULL;
        gone(x);
    }
    if (x->holds == 0) {
        exchange_free(x);
    }
}

void exchange_hold(struct exchange *x) {
    x->holds++;
}

bool exchange_resume(struct exchange *x) {
    x->holds--;
    if (x->wsi != NULL) {
        return true;
    }
    if (x->holds == 0) {
        exchange_free(x);
    }
    return false;
}

void http_clear(struct signal *s) {
    while (s->exchanges != NULL) {
        exchange_free(s->exchanges);
    }
}

/* ---- writing ---- */

static int finish(struct connection *c, struct lws *wsi) {
    struct exchange *x = c->x;

    if (x->close_after) {
        if (!x->body_done && x->body_expected > 0) {
            x->draining = true; /* http_body or the tick ends it */
            x->deadline = clock_now() + DRAIN_TIME;
            return 0;
        }
        return -1;
    }
    c->x = NULL;
    exchange_part(x);
    return lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int http_writeable(struct connection *c, struct lws *wsi) {
    struct exchange *x = c->x;

    if (x == NULL || !x->answered || x->draining) {
        return 0;
    }
    if (http_write_next(x) < 0) {
        return -1;
    }
    if (http_write_pending(x)) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    if (x->streaming) {
        http_wait_quietly(x);
        return 0;
    }
    return finish(c, wsi);
}

/* ---- reading ---- */

/* The declared length of the body; false when it cannot be understood (RFC 9112 §6.3). */
static bool body_length(const struct request *r, uint64_t *ret) {
    const char *text = request_header(r, HEADER_CONTENT_LENGTH);
    uint64_t value = 0;

    if (strlen(text) > 18) {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(*text - '0');
    }
    *ret = value;
    return true;
}

static bool takes_body(enum http_method m) {
    return m == METHOD_POST || m == METHOD_PUT || m == METHOD_PATCH || m == METHOD_DELETE;
}

/* What must be refused before any body is read. True: answered. */
static bool refuse_early(struct exchange *x) {
    struct request *r = &x->request;

    if (request_has(r, HEADER_TRANSFER_ENCODING)) {
        x->close_after = true;
        reply_problem(x, 411, "length-required", "Send the body with a Content-Length.");
        return true;
    }
    if (!body_length(r, &x->body_expected) ||
        (x->body_expected > 0 && !takes_body(r->method) && r->method != METHOD_OPTIONS)) {
        x->body_expected = 0;
        x->close_after = true;
        reply_problem(x, 400, "bad-request", "The request's Content-Length makes no sense.");
        return true;
    }
    if (!request_has(r, HEADER_CONTENT_LENGTH) && takes_body(r->method) &&
        r->method != METHOD_DELETE) {
        x->close_after = true; /* lws would take the next request for this one's body */
    }
    return false;
}

static int http_request(struct signal *s, struct connection *c, struct lws *wsi, const char *path,
                        size_t n) {
    if (c->x != NULL) {
        return -1;
    }
    struct exchange *x = exchange_new(s, wsi);
    if (x == NULL) {
        return -1;
    }
    c->x = x;
    s->counters.requests++;
    if (!http_read_request(s, wsi, path, n, &x->request)) {
        return -1;
    }
    lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0); /* http_tick watches from here */
    if (!refuse_early(x)) {
        dispatch_head(x);
    }
    x->body_done = x->body_expected == 0;
    if (x->answered) {
        return 0;
    }
    if (x->body_done) {
        x->deadline = clock_now() + ANSWER_TIME;
        http_wait_quietly(x);
        dispatch_body(x);
        return 0;
    }
    x->deadline = clock_now() + HEAD_TIME + SEC(1) * (x->body_expected / BODY_RATE);
    if (strcasecmp(request_header(&x->request, HEADER_EXPECT), "100-continue") == 0) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        return http_write_piece(x, go_on, sizeof go_on - 1);
    }
    return 0;
}

static int http_body(struct connection *c, struct lws *wsi, const uint8_t *p, size_t n) {
    struct exchange *x = c->x;

    if (x == NULL || x->body_done) {
        return 0;
    }
    x->body_seen += n;
    if (x->answered) { /* refused: swallow a little, so that the answer is not lost with a reset */
        return x->body_seen > DRAIN_MAX + x->body_n ? -1 : 0;
    }
    if (x->sink != NULL) {
        lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
        return x->sink(x, bytes_of(p, n)) < 0 && !x->answered ? -1 : 0;
    }
    if (n > x->body_expected - x->body_n) {
        return -1;
    }
    if (x->body == NULL && (x->body = malloc((size_t)x->body_expected + 1)) == NULL) {
        return -1;
    }
    memcpy(x->body + x->body_n, p, n);
    x->body_n += n;
    return 0;
}

static int http_body_done(struct connection *c) {
    struct exchange *x = c->x;

    if (x == NULL || x->body_done) {
        return 0;
    }
    x->body_done = true;
    if (x->draining) {
        return -1;
    }
    if (x->answered) {
        return 0;
    }
    x->deadline = clock_now() + ANSWER_TIME;
    http_wait_quietly(x);
    if (x->sink_done != NULL) {
        x->sink_done(x);
        return 0;
    }
    if (x->body != NULL) {
        x->body[x->body_n] = '\0';
    }
    x->request.body = bytes_of(x->body, x->body_n);
    dispatch_body(x);
    return 0;
}

static void overdue(struct exchange *x) {
    if (!x->answered && !x->body_done) {
        x->close_after = true;
        reply_problem(x, 408, "timeout", "The request came too slowly.");
    } else if (x->wsi != NULL) {
        lws_set_timeout(x->wsi, 1, LWS_TO_KILL_ASYNC);
    }
}

void http_tick(struct signal *s, usec_t now) {
    for (struct exchange *x = s->exchanges, *next; x != NULL; x = next) {
        next = x->next;
        if (now >= x->deadline) {
            x->deadline = now + SEC(5);
            overdue(x);
        }
    }
}

/* ---- upgrades ---- */

/* 0 lets the WebSocket come in; otherwise the answer was sent. */
static int http_upgrade(struct signal *s, struct lws *wsi, const char *protocol) {
    struct request r = {0};
    char *uri = NULL;
    int uri_n = 0;
    int status = 0;
    const char *word = "", *sentence = "";

    if (lws_http_get_uri_and_method(wsi, &uri, &uri_n) < 0 ||
        !http_read_request(s, wsi, uri != NULL ? uri : "", (size_t)uri_n, &r)) {
        request_clear(&r);
        return -1;
    }
    if (strcasecmp(protocol, "websocket") != 0) {
        status = 400, word = "bad-request", sentence = "Only WebSocket upgrades are offered.";
    } else if (strcmp(r.path, "/ws") != 0) {
        status = 404, word = "not-found", sentence = "The WebSocket is at /ws.";
    } else if (!request_same_origin(&r, s->config->public_url)) {
        status = 403, word = "cross-origin", sentence = "This page may not use the WebSocket.";
    } else if (!atomic_load(&s->stopping)) {
        request_clear(&r);
        return 0;
    } else {
        status = 503, word = "busy", sentence = "The server is stopping.";
    }
    request_clear(&r);
    char *body = problem_text(status, word, sentence, NULL);
    struct text t = {0};
    text_addf(&t,
              "HTTP/1.1 %d %s\r\n%scontent-type: " PROBLEM_TYPE
              "\r\ncontent-length: %zu\r\nconnection: close\r\n\r\n%s",
              status, http_status_text(status), http_security_headers,
              body != NULL ? strlen(body) : 0, body != NULL ? body : "");
    free(body);
    uint8_t *out = t.failed ? NULL : malloc(LWS_PRE + t.n);
    if (out != NULL) {
        memcpy(out + LWS_PRE, t.p, t.n);
        lws_write(wsi, out + LWS_PRE, t.n, LWS_WRITE_HTTP);
    }
    free(out);
    text_clear(&t);
    return -1;
}

/* Cookies and tokens of the upgrade request, for `hello`. */
static struct client *client_open(struct signal *s, struct lws *wsi) {
    struct request r = {0};

    if (!http_read_request(s, wsi, "/ws", 3, &r)) {
        request_clear(&r);
        return NULL;
    }
    struct client *client = client_new(s, wsi, &r);
    request_clear(&r);
    return client;
}

int http_callback(struct signal *s, struct lws *wsi, int reason, void *user, void *in, size_t n) {
    struct connection *c = user;

    switch (reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return quota_may_connect(s, (int)(intptr_t)in) ? 0 : 1;
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        lws_set_opaque_user_data(wsi, quota_connected(s, lws_get_socket_fd(wsi)));
        s->counters.connections++;
        return 0;
    case LWS_CALLBACK_WSI_DESTROY:
        if (lws_get_opaque_user_data(wsi) != NULL) {
            quota_disconnected(s, lws_get_opaque_user_data(wsi));
            s->counters.connections--;
        }
        return 0;
    case LWS_CALLBACK_HTTP:
        return http_request(s, c, wsi, in, n);
    case LWS_CALLBACK_HTTP_BODY:
        return http_body(c, wsi, in, n);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return http_body_done(c);
    case LWS_CALLBACK_HTTP_WRITEABLE:
        return http_writeable(c, wsi);
    case LWS_CALLBACK_CLOSED_HTTP:
    case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
        if (c != NULL && c->x != NULL) {
            struct exchange *x = c->x;
            c->x = NULL;
            exchange_part(x);
        }
        return 0;
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return http_upgrade(s, wsi, in);
    case LWS_CALLBACK_ESTABLISHED:
        c->client = client_open(s, wsi);
        return c->client != NULL ? 0 : -1;
    case LWS_CALLBACK_RECEIVE:
        return c->client != NULL
                   ? client_receive(c->client, bytes_of(in, n), lws_is_first_fragment(wsi) != 0,
                                    lws_is_final_fragment(wsi) != 0, lws_frame_is_binary(wsi) != 0)
                   : -1;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return c->client != NULL ? client_writeable(c->client) : -1;
    case LWS_CALLBACK_CLOSED:
        if (c->client != NULL) {
            client_free(c->client);
            c->client = NULL;
        }
        return 0;
    }
    return 0;
}
