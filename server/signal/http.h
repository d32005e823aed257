/* signal/http.h: one HTTP request and its answer (an exchange) on the control thread. A handler may
 * answer at once or later (a store callback); the client may vanish meanwhile.
 *
 * Ownership: the connection owns the exchange; whoever waits for an answer from elsewhere holds it
 * (exchange_hold) and calls exchange_resume first thing in the callback. */
#pragma once
#include "base/clock.h"
#include "signal/request.h"
#include "signal/text.h"
#include "store/rows.h"

struct json;
struct lws;
struct route;
struct signal;

struct exchange {
    struct signal *signal;
    struct lws *wsi; /* NULL: the client has gone */
    struct exchange *next, *previous;
    struct request request;
    const struct route *route;
    struct actor actor; /* who asks, once the dispatcher has found out */
    char actor_name[VISIT_NAME_MAX];
    struct user_row user; /* of a cookie; id "" otherwise */

    /* the request's body */
    uint8_t *body;
    size_t body_n;
    uint64_t body_expected, body_seen;
    bool body_done;
    usec_t deadline; /* for the body, then for the answer; USEC_NEVER once a stream runs */
    int (*sink)(struct exchange *x, struct bytes piece); /* takes the body in pieces instead */
    void (*sink_done)(struct exchange *x);

    /* the answer */
    int status;
    struct text head; /* "Name: value\r\n"… */
    char *out;
    size_t out_n, out_at;
    int fd; /* -1, or a file to send */
    uint64_t fd_at, fd_left;
    struct text stream; /* what waits to be streamed */
    bool answered, head_sent, streaming, close_after, draining;

    /* the handler's */
    void (*gone)(struct exchange *x); /* a stream's client went away, or the exchange ends */
    void *context;                    /* belongs to `gone` */
    struct json *json;                /* freed with the exchange */
    void *scratch;                    /* freed with free() */
    unsigned holds;
};

/* Keeps the exchange alive while somebody else works for it. */
void exchange_hold(struct exchange *x);
/* Ends a hold. False: the client has gone, do not touch the exchange any more. */
bool exchange_resume(struct exchange *x);

/* The JSON object of the body with no members but `known` (NULL-terminated). NULL: a 400 was sent.
 */
const struct json *exchange_json(struct exchange *x, const char *const *known);

/* ---- Answering. Exactly one of reply_… or stream_start per exchange; later ones are ignored. ----
 */

/* A header line for the answer to come. */
void reply_header(struct exchange *x, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void reply_empty(struct exchange *x, int status);
void reply_text(struct exchange *x, int status, const char *type, const char *body);
/* Takes `body` (malloc'd); NULL becomes a 500. */
void reply_bytes(struct exchange *x, int status, const char *type, char *body, size_t n);
/* Takes `value`. */
void reply_json(struct exchange *x, int status, struct json *value);
/* Takes `fd`. Honours Range, If-Range and If-None-Match with `etag` (quoted). */
void reply_file(struct exchange *x, const char *type, int fd, uint64_t size, const char *etag);
/* `word` is the stable kind (signal/problem.h), the sentence is for people. */
void reply_problem(struct exchange *x, int status, const char *word, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* 400 that names an input field. */
void reply_bad_field(struct exchange *x, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What a failed store operation or full mailbox means to the client. `what` as in "No such visit".
 */
void reply_failure(struct exchange *x, int error, const char *what);

/* An open-ended answer (text/event-stream). stream_send is bounded: -ENOBUFS drops the client. */
void stream_start(struct exchange *x, const char *type);
int stream_send(struct exchange *x, const char *text);
void stream_end(struct exchange *x);

/* Calls a store operation that answers to done(x, …). A refused call is answered here. */
#define EXCHANGE_STORE(x, operation, argument, done)                                               \
    do {                                                                                           \
        exchange_hold(x);                                                                          \
        int refused_ = store_##operation((x)->signal->store, (argument), (done), (x));             \
        if (refused_ < 0 && exchange_resume(x)) {                                                  \
            reply_failure((x), refused_, NULL);                                                    \
        }                                                                                          \
    } while (0)

/* ---- For server.c: what libwebsockets calls. ---- */

struct connection; /* lws's per-connection memory */
int http_callback(struct signal *s, struct lws *wsi, int reason, void *user, void *in, size_t n);
size_t http_connection_size(void);
/* Once a second: slow bodies and answers end. */
void http_tick(struct signal *s, usec_t now);
void http_clear(struct signal *s); /* frees what is left after the loop */
