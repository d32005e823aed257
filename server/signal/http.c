#include "signal/http.h"
#include "signal/dispatch.h"
#include "signal/problem.h"
#include "signal/quota.h"
#include "signal/routes.h"
#include "signal/state.h"
#include "signal/websocket.h"
#include "wire/json.h"

#include "signal/lws.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (64u * 1024)       /* of a file, at a time */
#define STREAM_MAX (256u * 1024) /* waiting for a slow reader of events */
#define DRAIN_MAX (1024u * 1024) /* of a refused body, so that the client reads the answer */
#define HEAD_TIME SEC(20)        /* for a body, plus what its size needs */
#define BODY_RATE (8u * 1024)    /* bytes a second that a client must at least send */
#define ANSWER_TIME SEC(60)      /* a handler that forgot; never reached in practice */
#define SEND_TIME SEC(120)       /* without any progress in reading our answer */
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

/* ---- answering ---- */

/* While an answer is on its way nothing is read: lws would find bytes (or the end of the stream)
 * that it has no use for and come back at once, again and again. But it does not write while
 * reading is held back (4.1.6, rops_handle_POLLIN_h1), so reading resumes for as long as there is
 * output. */
static void wait_quietly(struct exchange *x) {
    if (x->wsi != NULL) {
        lws_rx_flow_control(x->wsi, 0);
    }
}

static void want_to_write(struct exchange *x) {
    if (x->wsi != NULL) {
        lws_rx_flow_control(x->wsi, 1);
        lws_callback_on_writable(x->wsi);
    }
}

static void answered(struct exchange *x, int status) {
    x->status = status;
    x->answered = true;
    x->deadline = clock_now() + SEND_TIME;
    if (!x->body_done && x->body_expected > 0) {
        x->close_after = true;
    }
    want_to_write(x);
}

void reply_header(struct exchange *x, const char *name, const char *format, ...) {
    va_list args;

    if (x->answered) {
        return;
    }
    text_addf(&x->head, "%s: ", name);
    size_t from = x->head.n;
    va_start(args, format);
    text_addv(&x->head, format, args);
    va_end(args);
    for (size_t i = from; i < x->head.n; i++) { /* nothing may smuggle in a line of its own */
        if ((unsigned char)x->head.p[i] < 0x20 || x->head.p[i] == 0x7f) {
            x->head.p[i] = ' ';
        }
    }
    text_add(&x->head, "\r\n");
}

void reply_empty(struct exchange *x, int status) {
    if (!x->answered) {
        answered(x, status);
    }
}

void reply_bytes(struct exchange *x, int status, const char *type, char *body, size_t n) {
    if (x->answered) {
        free(body);
        return;
    }
    if (body == NULL) {
        answered(x, 500);
        return;
    }
    reply_header(x, "content-type", "%s", type);
    x->out = body;
    x->out_n = n;
    answered(x, status);
}

void reply_text(struct exchange *x, int status, const char *type, const char *body) {
    reply_bytes(x, status, type, strdup(body), strlen(body));
}

void reply_json(struct exchange *x, int status, struct json *value) {
    size_t n = 0;
    char *text = json_write_text(value, false, &n);

    json_free(value);
    reply_header(x, "cache-control", "no-store");
    reply_bytes(x, status, "application/json", text, n);
}

void reply_file(struct exchange *x, const char *type, int fd, uint64_t size, const char *etag) {
    uint64_t from = 0, n = size;
    int status = 200;

    if (x->answered) {
        close(fd);
        return;
    }
    reply_header(x, "etag", "%s", etag);
    if (request_has(&x->request, HEADER_IF_NONE_MATCH) &&
        request_etag_listed(request_header(&x->request, HEADER_IF_NONE_MATCH), etag)) {
        close(fd);
        reply_empty(x, 304);
        return;
    }
    reply_header(x, "accept-ranges", "bytes");
    if (request_has(&x->request, HEADER_RANGE) &&
        (!request_has(&x->request, HEADER_IF_RANGE) ||
         strcmp(request_header(&x->request, HEADER_IF_RANGE), etag) == 0)) {
        switch (range_parse(request_header(&x->request, HEADER_RANGE), size, &from, &n)) {
        case RANGE_NONE:
            break;
        case RANGE_PART:
            status = 206;
            reply_header(x, "content-range", "bytes %llu-%llu/%llu", (unsigned long long)from,
                         (unsigned long long)(from + n - 1), (unsigned long long)size);
            break;
        case RANGE_UNSATISFIABLE:
            close(fd);
            reply_header(x, "content-range", "bytes */%llu", (unsigned long long)size);
            reply_problem(x, 416, "range", "The file has only %llu bytes.",
                          (unsigned long long)size);
            return;
        }
    }
    reply_header(x, "content-type", "%s", type);
    x->fd = fd;
    x->fd_at = from;
    x->fd_left = n;
    answered(x, status);
}

static void problem(struct exchange *x, int status, const char *word, const char *field,
                    const char *format, va_list args) __attribute__((format(printf, 5, 0)));
static void problem(struct exchange *x, int status, const char *word, const char *field,
                    const char *format, va_list args) {
    char detail[512];

    if (x->answered) {
        return;
    }
    vsnprintf(detail, sizeof detail, format, args);
    char *text = problem_text(status, word, detail, field);
    reply_header(x, "cache-control", "no-store");
    reply_bytes(x, status, PROBLEM_TYPE, text, text != NULL ? strlen(text) : 0);
}

void reply_problem(struct exchange *x, int status, const char *word, const char *format, ...) {
    va_list args;

    va_start(args, format);
    problem(x, status, word, NULL, format, args);
    va_end(args);
}

void reply_bad_field(struct exchange *x, const char *field, const char *format, ...) {
    va_list args;

    va_start(args, format);
    problem(x, 400, "bad-field", field, format, args);
    va_end(args);
}

void reply_failure(struct exchange *x, int error, const char *what) {
    switch (-error) {
    case ENOENT:
        reply_problem(x, 404, "not-found", "%s", what != NULL ? what : "There is nothing here.");
        break;
    case ENOBUFS:
    case EBUSY:
        reply_header(x, "retry-after", "1");
        reply_problem(x, 503, "busy", "The server has too much to do. Try again in a moment.");
        break;
    case ENOSPC:
        reply_problem(x, 507, "no-space", "There is no room for more of these on this server.");
        break;
    case EPERM:
        reply_problem(x, 409, "ended", "%s", what != NULL ? what : "The visit has ended.");
        break;
    case EEXIST:
        reply_problem(x, 409, "exists", "%s", what != NULL ? what : "This exists already.");
        break;
    default:
        log_warn("http.failure", "error=%d", -error);
        reply_problem(x, 500, "internal",
                      "Something went wrong on the server; it has been logged.");
    }
}

const struct json *exchange_json(struct exchange *x, const char *const *known) {
    int r = json_parse(x->request.body, x->request.body.n, &x->json);

    if (r == -ENOMEM) {
        reply_failure(x, r, NULL);
        return NULL;
    }
    if (r < 0) {
        reply_problem(x, 400, "bad-json", "The body is not valid JSON.");
        return NULL;
    }
    if (json_kind_of(x->json) != JSON_KIND_OBJECT) {
        reply_problem(x, 400, "bad-json", "The body must be a JSON object.");
        return NULL;
    }
    const char *stranger = json_unknown_member(x->json, known);
    if (stranger != NULL) {
        char detail[256], name[64];
        snprintf(name, sizeof name, "%.60s", stranger);
        snprintf(detail, sizeof detail, "There is no field “%s” here.", name);
        char *text = problem_text(400, "unknown-field", detail, name);
        reply_bytes(x, 400, PROBLEM_TYPE, text, text != NULL ? strlen(text) : 0);
        return NULL;
    }
    return x->json;
}

void stream_start(struct exchange *x, const char *type) {
    if (x->answered) {
        return;
    }
    reply_header(x, "content-type", "%s", type);
    reply_header(x, "cache-control", "no-store");
    reply_header(x, "x-accel-buffering", "no");
    x->streaming = true;
    x->close_after = true;
    x->signal->counters.streams++;
    answered(x, 200);
    x->deadline = USEC_NEVER;
}

int stream_send(struct exchange *x, const char *text) {
    size_t n = strlen(text);

    if (x->stream.n + n > STREAM_MAX || x->wsi == NULL) {
        x->deadline = 0; /* the next tick drops it */
        return -ENOBUFS;
    }
    text_add_bytes(&x->stream, text, n);
    want_to_write(x);
    return 0;
}

void stream_end(struct exchange *x) {
    x->streaming = false;
    x->deadline = clock_now() + SEND_TIME;
    want_to_write(x);
}

/* ---- writing ---- */

static const char security_headers[] = "x-content-type-options: nosniff\r\n"
                                       "referrer-policy: no-referrer\r\n"
                                       "cross-origin-opener-policy: same-origin\r\n"
                                       "permissions-policy: camera=(self), microphone=(self), "
                                       "display-capture=(self), xr-spatial-tracking=(self), "
                                       "geolocation=(), payment=(), usb=()\r\n";

static bool has_no_body(int status) {
    return status == 204 || status == 304;
}

static void head_text(struct exchange *x, struct text *t) {
    text_addf(t, "HTTP/1.1 %d %s\r\n", x->status, http_status_text(x->status));
    text_addf(t, "%s", security_headers);
    if (x->request.secure) {
        text_add(t, "strict-transport-security: max-age=31536000\r\n");
    }
    if (x->route != NULL && (x->route->flags & ROUTE_CORS) != 0) {
        text_add(t, "access-control-allow-origin: *\r\n"
                    "access-control-expose-headers: Location, ETag, Link, Accept-Patch, "
                    "Retry-After\r\n");
    }
    if (x->head.n > 0) {
        text_add_bytes(t, x->head.p, x->head.n);
    }
    if (!x->streaming && !has_no_body(x->status)) {
        text_addf(t, "content-length: %llu\r\n",
                  (unsigned long long)(x->fd >= 0 ? x->fd_left : x->out_n));
    }
    if (x->close_after) {
        text_add(t, "connection: close\r\n");
    }
    text_add(t, "\r\n");
}

static int write_piece(struct exchange *x, const void *p, size_t n) {
    uint8_t *buffer = malloc(LWS_PRE + n);

    if (buffer == NULL) {
        return -1;
    }
    memcpy(buffer + LWS_PRE, p, n);
    int written = lws_write(x->wsi, buffer + LWS_PRE, n, LWS_WRITE_HTTP);
    free(buffer);
    if (x->deadline != USEC_NEVER) {
        x->deadline = clock_now() + SEND_TIME;
    }
    return written < 0 ? -1 : 0;
}

static int write_head(struct exchange *x) {
    struct text t = {0};

    head_text(x, &t);
    if (x->request.method == METHOD_HEAD || has_no_body(x->status)) {
        x->out_at = x->out_n;
        x->fd_left = 0;
        x->streaming = false;
    } else if (x->out_n <= PIECE) {
        text_add_bytes(&t, x->out, x->out_n);
        x->out_at = x->out_n;
    }
    int r = t.failed || x->head.failed ? -1 : write_piece(x, t.p, t.n);
    text_clear(&t);
    x->head_sent = true;
    int class = x->status / 100;
    x->signal->counters.responses[class <= 5 ? class : 5]++;
    return r;
}

static int write_file(struct exchange *x) {
    static uint8_t buffer[LWS_PRE + PIECE]; /* the control thread's */
    size_t want = x->fd_left < PIECE ? (size_t)x->fd_left : PIECE;
    ssize_t n = pread(x->fd, buffer + LWS_PRE, want, (off_t)x->fd_at);

    if (n <= 0) { /* it shrank under our hands: the client sees a short answer */
        return -1;
    }
    x->fd_at += (uint64_t)n;
    x->fd_left -= (uint64_t)n;
    x->deadline = clock_now() + SEND_TIME;
    return lws_write(x->wsi, buffer + LWS_PRE, (size_t)n, LWS_WRITE_HTTP) < 0 ? -1 : 0;
}

/* The answer is out. Negative closes the connection. */
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
    if (!x->head_sent) {
        if (write_head(x) < 0) {
            return -1;
        }
    } else if (x->out_at < x->out_n) {
        size_t n = x->out_n - x->out_at < PIECE ? x->out_n - x->out_at : PIECE;
        if (write_piece(x, x->out + x->out_at, n) < 0) {
            return -1;
        }
        x->out_at += n;
    } else if (x->fd >= 0 && x->fd_left > 0) {
        if (write_file(x) < 0) {
            return -1;
        }
    } else if (x->stream.n > 0) {
        size_t n = x->stream.n < PIECE ? x->stream.n : PIECE;
        if (write_piece(x, x->stream.p, n) < 0) {
            return -1;
        }
        text_drop(&x->stream, n);
    }
    if (x->out_at < x->out_n || (x->fd >= 0 && x->fd_left > 0) || x->stream.n > 0) {
        lws_callback_on_writable(wsi);
        return 0;
    }
    if (x->streaming) {
        wait_quietly(x);
        return 0;
    }
    return finish(c, wsi);
}

/* ---- reading ---- */

static const struct {
    enum request_header header;
    int token;          /* lws's, or -1 */
    const char *custom; /* its name with a colon */
} header_sources[] = {
    {HEADER_HOST, WSI_TOKEN_HOST, NULL},
    {HEADER_ORIGIN, WSI_TOKEN_ORIGIN, NULL},
    {HEADER_AUTHORIZATION, WSI_TOKEN_HTTP_AUTHORIZATION, NULL},
    {HEADER_COOKIE, WSI_TOKEN_HTTP_COOKIE, NULL},
    {HEADER_CONTENT_TYPE, WSI_TOKEN_HTTP_CONTENT_TYPE, NULL},
    {HEADER_CONTENT_LENGTH, WSI_TOKEN_HTTP_CONTENT_LENGTH, NULL},
    {HEADER_TRANSFER_ENCODING, WSI_TOKEN_HTTP_TRANSFER_ENCODING, NULL},
    {HEADER_EXPECT, -1, "expect:"},
    {HEADER_IF_MATCH, WSI_TOKEN_HTTP_IF_MATCH, NULL},
    {HEADER_IF_NONE_MATCH, WSI_TOKEN_HTTP_IF_NONE_MATCH, NULL},
    {HEADER_RANGE, WSI_TOKEN_HTTP_RANGE, NULL},
    {HEADER_IF_RANGE, WSI_TOKEN_HTTP_IF_RANGE, NULL},
    {HEADER_FORWARDED_FOR, WSI_TOKEN_X_FORWARDED_FOR, NULL},
    {HEADER_FORWARDED_PROTO, -1, "x-forwarded-proto:"},
    {HEADER_LAST_EVENT_ID, -1, "last-event-id:"},
    {HEADER_TUS_RESUMABLE, -1, "tus-resumable:"},
    {HEADER_UPLOAD_LENGTH, -1, "upload-length:"},
    {HEADER_UPLOAD_OFFSET, -1, "upload-offset:"},
    {HEADER_UPLOAD_METADATA, -1, "upload-metadata:"},
    {HEADER_UPLOAD_CHECKSUM, -1, "upload-checksum:"},
};

/* The header as lws has it, malloc'd, or NULL. */
static char *header_copy(struct lws *wsi, int token, const char *custom) {
    int n = token >= 0 ? lws_hdr_total_length(wsi, (enum lws_token_indexes)token)
                       : lws_hdr_custom_length(wsi, custom, (int)strlen(custom));

    if (n < 0 || (token >= 0 && n == 0) || n > REQUEST_HEADER_MAX) {
        return NULL;
    }
    char *value = malloc((size_t)n + 2);
    if (value == NULL) {
        return NULL;
    }
    int got = token >= 0 ? lws_hdr_copy(wsi, value, n + 1, (enum lws_token_indexes)token)
                         : lws_hdr_custom_copy(wsi, value, n + 2, custom, (int)strlen(custom));
    if (got < 0) {
        free(value);
        return NULL;
    }
    value[n] = '\0';
    return value;
}

static enum http_method method_of(int lws_method) {
    switch (lws_method) {
    case LWSHUMETH_GET:
        return METHOD_GET;
    case LWSHUMETH_HEAD:
        return METHOD_HEAD;
    case LWSHUMETH_POST:
        return METHOD_POST;
    case LWSHUMETH_PUT:
        return METHOD_PUT;
    case LWSHUMETH_PATCH:
        return METHOD_PATCH;
    case LWSHUMETH_DELETE:
        return METHOD_DELETE;
    case LWSHUMETH_OPTIONS:
        return METHOD_OPTIONS;
    }
    return 0;
}

static void read_query(struct lws *wsi, struct request *r) {
    char argument[REQUEST_HEADER_MAX];

    for (int i = 0; r->query_count < REQUEST_QUERY_MAX; i++) {
        int n = lws_hdr_copy_fragment(wsi, argument, sizeof argument, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (n < 0) {
            return;
        }
        argument[n < (int)sizeof argument ? n : (int)sizeof argument - 1] = '\0';
        r->query[r->query_count] = strdup(argument);
        if (r->query[r->query_count] != NULL) {
            r->query_count++;
        }
    }
}

static void read_peer(struct signal *s, struct lws *wsi, struct request *r) {
    r->secure = lws_is_ssl(wsi) != 0;
    quota_peer(lws_get_socket_fd(wsi), &r->peer);
    if (s->config->trust_proxy) {
        const char *list = request_header(r, HEADER_FORWARDED_FOR);
        const char *last = strrchr(list, ',');
        last = last != NULL ? last + 1 : list;
        last += strspn(last, " ");
        address_parse(last, 0, &r->peer);
        r->secure |= strcmp(request_header(r, HEADER_FORWARDED_PROTO), "https") == 0;
    }
}

/* False: without memory. */
static bool read_request(struct signal *s, struct lws *wsi, const char *path, size_t path_n,
                         struct request *r) {
    char *uri = NULL;
    int uri_n = 0;

    r->method = method_of(lws_http_get_uri_and_method(wsi, &uri, &uri_n));
    r->path = strndup(path, path_n);
    for (size_t i = 0; i < sizeof header_sources / sizeof *header_sources; i++) {
        r->headers[header_sources[i].header] =
            header_copy(wsi, header_sources[i].token, header_sources[i].custom);
    }
    read_query(wsi, r);
    read_peer(s, wsi, r);
    return r->path != NULL;
}

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
    if (!read_request(s, wsi, path, n, &x->request)) {
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
        wait_quietly(x);
        dispatch_body(x);
        return 0;
    }
    x->deadline = clock_now() + HEAD_TIME + SEC(1) * (x->body_expected / BODY_RATE);
    if (strcasecmp(request_header(&x->request, HEADER_EXPECT), "100-continue") == 0) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        return write_piece(x, go_on, sizeof go_on - 1);
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
    wait_quietly(x);
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
        !read_request(s, wsi, uri != NULL ? uri : "", (size_t)uri_n, &r)) {
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
              status, http_status_text(status), security_headers, body != NULL ? strlen(body) : 0,
              body != NULL ? body : "");
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

    if (!read_request(s, wsi, "/ws", 3, &r)) {
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
