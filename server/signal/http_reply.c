/* What handlers answer: kept in the exchange until lws can write it. */
#include "signal/http_parts.h"
#include "signal/problem.h"
#include "signal/routes.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STREAM_MAX (256u * 1024) /* waiting for a slow reader of events */

/* While an answer is on its way nothing is read: lws would find bytes (or the end of the stream)
 * that it has no use for and come back at once, again and again. But it does not write while
 * reading is held back (4.1.6, rops_handle_POLLIN_h1), so reading resumes for as long as there is
 * output. */
void http_wait_quietly(struct exchange *x) {
    if (x->wsi != NULL) {
        lws_rx_flow_control(x->wsi, 0);
    }
}

void http_want_to_write(struct exchange *x) {
    if (x->wsi != NULL) {
        lws_rx_flow_control(x->wsi, 1);
        lws_callback_on_writable(x->wsi);
    }
}

static void answered(struct exchange *x, int status) {
    x->status = status;
    x->answered = true;
    x->deadline = clock_now() + HTTP_SEND_TIME;
    if (!x->body_done && x->body_expected > 0) {
        x->close_after = true;
    }
    http_want_to_write(x);
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
    case ESTALE:
        reply_problem(x, 412, "changed",
                      "Somebody else has changed this meanwhile. Load it again, then change it.");
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
    http_want_to_write(x);
    return 0;
}

void stream_end(struct exchange *x) {
    x->streaming = false;
    x->deadline = clock_now() + HTTP_SEND_TIME;
    http_want_to_write(x);
}
