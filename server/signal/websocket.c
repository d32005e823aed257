#include "signal/websocket.h"
#include "signal/dispatch.h"
#include "signal/drain.h"
#include "signal/envelope.h"
#include "signal/live.h"
#include "signal/lws.h"
#include "signal/quota.h"
#include "signal/recordings.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "signal/text.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define HELLO_TIME SEC(10)
#define BURST 120u   /* messages at once */
#define REFILL 30u   /* messages a second */
#define QUEUE_MAX 64 /* replies waiting for a slow reader */

enum client_state { CLIENT_NEW, CLIENT_GREETING, CLIENT_IN, CLIENT_OUT };

struct client {
    struct signal *signal;
    struct lws *wsi; /* NULL: gone, only waiting for the store */
    struct client *next_in_live;
    struct client *all_next, *all_previous;
    enum client_state state;
    struct live *live;
    struct actor actor;
    char actor_name[VISIT_NAME_MAX];
    char participant[ID_MAX];
    uint64_t seq; /* of the last event sent */
    unsigned holds;
    usec_t hello_due;

    char cookie[STORE_SECRET_MAX]; /* until hello */
    struct {
        char id[ENVELOPE_ID_MAX + 1];
        char visit[ID_MAX];
        char name[VISIT_NAME_MAX];
        char again[ID_MAX];
        uint64_t resume;
    } hello;

    struct text in; /* a message that comes in pieces */
    char *queue[QUEUE_MAX];
    size_t queue_at, queue_n;
    double tokens;
    usec_t tokens_at;
    int close_code;
    usec_t close_at;
    char close_word[32];
};

/* The control thread's; one signal a process but for tests, which run one after the other. */
static struct client *all_clients;

/* ---- lifetime ---- */

struct client *client_new(struct signal *s, struct lws *wsi, const struct request *r) {
    struct client *c = calloc(1, sizeof *c);
    usec_t now = clock_now();

    if (c == NULL) {
        return NULL;
    }
    c->signal = s;
    c->wsi = wsi;
    c->tokens = BURST;
    c->tokens_at = now;
    c->hello_due = now + HELLO_TIME;
    request_cookie(r, SESSION_COOKIE, c->cookie, sizeof c->cookie);
    c->all_next = all_clients;
    if (c->all_next != NULL) {
        c->all_next->all_previous = c;
    }
    all_clients = c;
    s->counters.ws_opened++;
    s->counters.websockets++;
    return c;
}

static void client_destroy(struct client *c) {
    text_clear(&c->in);
    while (c->queue_n > 0) {
        free(c->queue[c->queue_at]);
        c->queue_at = (c->queue_at + 1) % QUEUE_MAX;
        c->queue_n--;
    }
    free(c);
}

static void detach(struct client *c) {
    struct live *live = c->live;

    if (live == NULL) {
        return;
    }
    c->live = NULL;
    for (struct client **at = &live->clients; *at != NULL; at = &(*at)->next_in_live) {
        if (*at == c) {
            *at = c->next_in_live;
            break;
        }
    }
    for (const struct client *other = live->clients; other != NULL; other = other->next_in_live) {
        if (strcmp(other->participant, c->participant) == 0) {
            return; /* its newer connection took over */
        }
    }
    visit_lose(live->visit, c->participant, clock_now());
    live_changed(c->signal, live);
}

void client_free(struct client *c) {
    detach(c);
    if (c->all_previous != NULL) {
        c->all_previous->all_next = c->all_next;
    } else {
        all_clients = c->all_next;
    }
    if (c->all_next != NULL) {
        c->all_next->all_previous = c->all_previous;
    }
    c->signal->counters.websockets--;
    c->wsi = NULL;
    if (c->holds == 0) {
        client_destroy(c);
    }
}

static bool client_resume(struct client *c) {
    c->holds--;
    if (c->wsi != NULL) {
        return true;
    }
    if (c->holds == 0) {
        client_destroy(c);
    }
    return false;
}

struct client *client_next(const struct client *c) {
    return c->next_in_live;
}

bool client_is(const struct client *c, const char *credential) {
    return strcmp(c->actor.id, credential) == 0;
}

void client_wake(struct client *c) {
    if (c->wsi != NULL) {
        lws_callback_on_writable(c->wsi);
    }
}

void client_close(struct client *c, int code, const char *word) {
    if (c->close_code == 0) {
        c->close_code = code;
        snprintf(c->close_word, sizeof c->close_word, "%s", word);
    }
    client_wake(c);
}

/* The other side is sending as fast as it can: what is on its way is read and dropped first, or the
 * socket would be reset and the close frame lost with it. The next tick closes. */
static void close_later(struct client *c, int code, const char *word) {
    if (c->close_code == 0) {
        c->close_at = clock_now() + MSEC(100);
        client_close(c, code, word);
    }
}

static void client_overloaded(struct client *c, const char *word) {
    close_later(c, 1013, word);
}

/* ---- sending ---- */

/* Takes `text`. */
static void push(struct client *c, char *text) {
    if (text == NULL) {
        return;
    }
    if (c->queue_n == QUEUE_MAX) {
        free(text);
        client_overloaded(c, "overload");
        return;
    }
    c->queue[(c->queue_at + c->queue_n++) % QUEUE_MAX] = text;
    client_wake(c);
}

static int write_text(struct client *c, const char *text) {
    size_t n = strlen(text);
    uint8_t *buffer = malloc(LWS_PRE + n + 1);

    if (buffer == NULL) {
        return -1;
    }
    memcpy(buffer + LWS_PRE, text, n);
    int written = lws_write(c->wsi, buffer + LWS_PRE, n, LWS_WRITE_TEXT);
    free(buffer);
    c->signal->counters.ws_messages_out++;
    return written < 0 ? -1 : 0;
}

/* The next event that this client may see, NULL: none. */
static const struct visit_event *next_event(struct client *c) {
    const struct visit_event *e;

    if (c->live == NULL) {
        return NULL;
    }
    if (!visit_can_resume(c->live->visit, c->seq)) {
        client_close(c, 1013, "too-slow");
        return NULL;
    }
    while ((e = visit_event_after(c->live->visit, c->seq)) != NULL) {
        c->seq = e->seq;
        if (!e->staff_only || c->actor.kind == ACTOR_STAFF) {
            return e;
        }
    }
    return NULL;
}

int client_writeable(struct client *c) {
    char *text = NULL;

    if (c->queue_n > 0) {
        text = c->queue[c->queue_at];
        c->queue_at = (c->queue_at + 1) % QUEUE_MAX;
        c->queue_n--;
    } else if (c->close_code == 0) {
        const struct visit_event *e = next_event(c);
        text = e != NULL ? envelope_event(c->live->visit, e) : NULL;
    }
    if (text != NULL) {
        int r = write_text(c, text);
        free(text);
        if (r == 0) {
            lws_callback_on_writable(c->wsi);
        }
        return r;
    }
    if (c->close_code != 0 && clock_now() >= c->close_at) {
        lws_close_reason(c->wsi, (enum lws_close_status)c->close_code, (uint8_t *)c->close_word,
                         strlen(c->close_word));
        return -1;
    }
    return 0;
}

static void reply_ok(struct client *c, const char *id) {
    if (id[0] != '\0') {
        push(c, envelope_text("ok", id, 0, NULL));
    }
}

static void reply_error(struct client *c, const char *id, const char *code, const char *message) {
    push(c, envelope_error(id, code, message));
}

/* ---- hello ---- */

static void refuse(struct client *c, const char *code, const char *message) {
    reply_error(c, c->hello.id, code, message);
    client_close(c, 1008, code);
}

static void welcome(struct client *c, bool resumed) {
    struct visit *v = c->live->visit;
    const struct participant *p = visit_find_participant(v, c->participant);
    struct json *data = json_new_object();

    if (p == NULL) {
        json_free(data);
        client_close(c, 1013, "overload");
        return;
    }
    json_put(data, "participant", envelope_participant(p));
    json_put_text(data, "role", participant_role_name(p->role));
    json_put_bool(data, "resumed", resumed);
    json_put(data, "state", envelope_state(v));
    json_put_int(data, "seq", (int64_t)(resumed ? c->hello.resume : visit_seq(v)));
    c->seq = resumed ? c->hello.resume : visit_seq(v);
    push(c, envelope_text("welcome", c->hello.id, 0, data));
}

/* An older connection of the same participant gives way. */
static void replace_older(struct client *c) {
    for (struct client *other = c->live->clients; other != NULL; other = other->next_in_live) {
        if (other != c && strcmp(other->participant, c->participant) == 0) {
            client_close(other, 1008, "replaced");
        }
    }
}

static void come_in(struct client *c, const struct visit_row *row) {
    if (!drain_lets_in(c->signal, live_find(c->signal, row->id), &c->actor)) {
        c->signal->counters.refused_draining++;
        reply_error(c, c->hello.id, "going-away", "This server is about to be replaced.");
        client_close(c, 1001, "going-away"); /* to be tried again */
        return;
    }
    struct live *live = live_of_row(c->signal, row);
    struct visit_join join = {.actor = c->actor,
                              .name = c->hello.name[0] != '\0' ? c->hello.name : c->actor_name,
                              .again = c->hello.again[0] != '\0' ? c->hello.again : NULL};

    if (live == NULL) {
        refuse(c, "busy", "The server has too many visits open.");
        return;
    }
    int r = visit_join(live->visit, &join, c->participant);
    if (r < 0) {
        refuse(c,
               r == -EPERM    ? "ended"
               : r == -ENOSPC ? "visit-full"
                              : "internal",
               r == -EPERM    ? "The visit has ended."
               : r == -ENOSPC ? "The visit is full."
                              : "The server could not let you in.");
        live_rest(c->signal, live);
        return;
    }
    c->live = live;
    c->next_in_live = live->clients;
    live->clients = c;
    c->state = CLIENT_IN;
    replace_older(c);
    bool resumed = c->hello.resume != 0 && strcmp(c->hello.again, c->participant) == 0 &&
                   visit_can_resume(live->visit, c->hello.resume);
    welcome(c, resumed);
    live_changed(c->signal, live);
}

static void visit_found(void *ctx, int result, void *argument) {
    struct client *c = ctx;

    if (!client_resume(c)) {
        return;
    }
    if (result < 0) {
        refuse(c, result == -ENOENT ? "not-found" : "busy",
               result == -ENOENT ? "There is no such visit." : "The server is busy.");
        return;
    }
    come_in(c, argument);
}

static void credential_found(void *ctx, int result, void *argument) {
    struct client *c = ctx;
    const struct credential *found = argument;
    struct visit_row row = {0};

    if (!client_resume(c)) {
        return;
    }
    memset(c->cookie, 0, sizeof c->cookie);
    if (result == 0) {
        c->actor = found->actor;
        snprintf(c->actor_name, sizeof c->actor_name, "%s", found->name);
    }
    if (c->hello.visit[0] == '\0') { /* an invite knows its visit */
        snprintf(c->hello.visit, sizeof c->hello.visit, "%s", c->actor.visit);
    }
    if (result < 0 || !permission_allows(&c->actor, PERMISSION_VISIT_JOIN, c->hello.visit)) {
        refuse(c,
               result == -EKEYREVOKED   ? "revoked"
               : result == -EKEYEXPIRED ? "expired"
                                        : "forbidden",
               "This link or sign-in does not open this visit.");
        return;
    }
    snprintf(row.id, sizeof row.id, "%s", c->hello.visit);
    c->holds++;
    if (store_visits_get(c->signal->store, &row, visit_found, c) < 0) {
        c->holds--;
        refuse(c, "busy", "The server is busy.");
    }
}

static void copy_text(const struct json *data, const char *key, char *ret, size_t n) {
    const char *text = "";

    json_get_text(data, key, &text);
    snprintf(ret, n, "%.*s", (int)n - 1, text);
}

static void hello(struct client *c, const struct envelope *e) {
    struct credential credential = {0};
    int64_t resume = 0;

    if (c->state != CLIENT_NEW) {
        reply_error(c, e->id, "twice", "You are in already.");
        return;
    }
    c->state = CLIENT_GREETING;
    memcpy(c->hello.id, e->id, sizeof c->hello.id);
    copy_text(e->data, "visit", c->hello.visit, sizeof c->hello.visit);
    copy_text(e->data, "name", c->hello.name, sizeof c->hello.name);
    copy_text(e->data, "participant", c->hello.again, sizeof c->hello.again);
    copy_text(e->data, "token", credential.token, sizeof credential.token);
    json_get_int(e->data, "resume", &resume);
    c->hello.resume = resume > 0 ? (uint64_t)resume : 0;
    if (credential.token[0] == '\0') {
        snprintf(credential.token, sizeof credential.token, "%s", c->cookie);
        credential.cookie = true;
    }
    if (credential.token[0] == '\0') {
        refuse(c, "unauthorized", "Send an invite's token, or sign in.");
        return;
    }
    c->holds++;
    if (store_credentials_find(c->signal->store, &credential, credential_found, c) < 0) {
        c->holds--;
        refuse(c, "busy", "The server is busy.");
    }
}

/* ---- the other messages ---- */

static void on_ping(struct client *c, const struct envelope *e) {
    reply_ok(c, e->id);
}

static void on_rename(struct client *c, const struct envelope *e) {
    const char *name = NULL;

    if (json_get_text(e->data, "name", &name) < 0) {
        reply_error(c, e->id, "bad-field", "“name” must be a text.");
        return;
    }
    visit_rename(c->live->visit, c->participant, name);
    reply_ok(c, e->id);
}

static void on_consent(struct client *c, const struct envelope *e) {
    bool watch = false, recording = false;

    if (json_get_bool(e->data, "watch", &watch) < 0 ||
        json_get_bool(e->data, "recording", &recording) == -EINVAL) {
        reply_error(c, e->id, "bad-field", "“watch” and “recording” must be true or false.");
        return;
    }
    if (recording && !recordings_may_agree(c->signal, visit_id(c->live->visit), c->actor.id)) {
        reply_error(c, e->id, "too-fast", "Please wait a moment before you agree again.");
        return;
    }
    visit_consent(c->live->visit, c->participant, watch, recording);
    reply_ok(c, e->id);
}

static bool may_run(struct client *c, const struct envelope *e) {
    if (permission_allows(&c->actor, PERMISSION_VISIT_RUN, visit_id(c->live->visit))) {
        return true;
    }
    reply_error(c, e->id, "forbidden", "Only the host may do this.");
    return false;
}

static void on_stage_set(struct client *c, const struct envelope *e) {
    const char *main = NULL;

    if (!may_run(c, e)) {
        return;
    }
    if (!json_has(e->data, "main") || json_get_text(e->data, "main", &main) == -EINVAL) {
        reply_error(c, e->id, "bad-field", "“main” must be a source's id or null.");
    } else if (visit_set_main(c->live->visit, main) < 0) {
        reply_error(c, e->id, "not-found", "There is no such source.");
    } else {
        reply_ok(c, e->id);
    }
}

static void on_visit_start(struct client *c, const struct envelope *e) {
    if (!may_run(c, e)) {
        return;
    }
    if (visit_start(c->live->visit) < 0) {
        reply_error(c, e->id, "ended", "The visit has ended.");
    } else {
        reply_ok(c, e->id);
    }
}

static void on_visit_end(struct client *c, const struct envelope *e) {
    if (may_run(c, e)) {
        visit_end(c->live->visit);
        reply_ok(c, e->id);
    }
}

static void on_ask(struct client *c, const struct envelope *e) {
    const char *text = NULL;

    if (json_get_text(e->data, "text", &text) < 0) {
        reply_error(c, e->id, "bad-field", "“text” must be a text.");
        return;
    }
    int r = visit_ask(c->live->visit, c->participant, text, clock_now(), clock_unix() / 1000);
    if (r == 0) {
        reply_ok(c, e->id);
    } else if (r == -EAGAIN) {
        reply_error(c, e->id, "too-fast", "Please wait a moment before the next question.");
    } else if (r == -EINVAL || r == -EMSGSIZE) {
        reply_error(c, e->id, "bad-field", "A question has 1 to 500 characters.");
    } else {
        reply_error(c, e->id, r == -EPERM ? "ended" : "not-found", "The visit has ended.");
    }
}

static void on_bye(struct client *c, const struct envelope *e) {
    struct live *live = c->live;

    reply_ok(c, e->id);
    c->state = CLIENT_OUT;
    visit_leave(live->visit, c->participant);
    client_close(c, 1000, "bye");
}

static const struct {
    const char *type;
    void (*take)(struct client *c, const struct envelope *e);
    const char *known[6];
} messages[] = {
    {"hello", hello, {"visit", "token", "name", "resume", "participant", NULL}},
    {"ping", on_ping, {NULL}},
    {"rename", on_rename, {"name", NULL}},
    {"consent", on_consent, {"watch", "recording", NULL}},
    {"stage.set", on_stage_set, {"main", NULL}},
    {"visit.start", on_visit_start, {NULL}},
    {"visit.end", on_visit_end, {NULL}},
    {"ask", on_ask, {"text", NULL}},
    {"bye", on_bye, {NULL}},
};

static void take(struct client *c, const struct envelope *e) {
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        if (strcmp(e->type, messages[i].type) != 0) {
            continue;
        }
        const char *stranger =
            e->data != NULL ? json_unknown_member(e->data, messages[i].known) : NULL;
        if (stranger != NULL) {
            char sentence[96];
            snprintf(sentence, sizeof sentence, "There is no field “%.40s” here.", stranger);
            reply_error(c, e->id, "unknown-field", sentence);
        } else if (c->state != CLIENT_IN && messages[i].take != hello) {
            reply_error(c, e->id, "hello-first", "Say hello first.");
        } else {
            messages[i].take(c, e);
            if (c->live != NULL) {
                live_changed(c->signal, c->live);
            }
        }
        return;
    }
    reply_error(c, e->id, "unknown-type", "There is no message of this type.");
}

/* ---- receiving ---- */

static int fail(struct client *c, int code, const char *word) {
    lws_close_reason(c->wsi, (enum lws_close_status)code, (uint8_t *)(uintptr_t)word, strlen(word));
    return -1;
}

static bool flooded(struct client *c) {
    usec_t now = clock_now();

    c->tokens += (double)(now - c->tokens_at) * REFILL / 1e6;
    c->tokens = c->tokens < BURST ? c->tokens : BURST;
    c->tokens_at = now;
    if (c->tokens < 1) {
        c->signal->counters.ws_flooded++;
        return true;
    }
    c->tokens -= 1;
    return false;
}

int client_receive(struct client *c, struct bytes piece, bool first, bool last, bool binary) {
    struct envelope e;

    if (c->close_code != 0 || c->state == CLIENT_OUT) {
        return 0;
    }
    if (binary) {
        return fail(c, 1007, "text-only");
    }
    if (first) {
        text_drop(&c->in, c->in.n);
        if (flooded(c)) {
            client_overloaded(c, "flood");
            return 0;
        }
    }
    if (piece.n > WS_MESSAGE_MAX - c->in.n) {
        text_clear(&c->in);
        close_later(c, 1009, "too-big");
        return 0;
    }
    text_add_bytes(&c->in, piece.p, piece.n);
    if (!last) {
        return 0;
    }
    c->signal->counters.ws_messages_in++;
    int r = c->in.failed ? -ENOMEM : envelope_parse(bytes_of(c->in.p, c->in.n), &e);
    text_clear(&c->in);
    if (r < 0) {
        return r == -ENOMEM ? fail(c, 1013, "overload") : fail(c, 1007, "malformed");
    }
    take(c, &e);
    envelope_clear(&e);
    return 0;
}

/* ---- others tell clients ---- */

void clients_quality(struct live *live, const char *participant, const struct media_event *e) {
    for (struct client *c = live->clients; c != NULL; c = c->next_in_live) {
        if ((c->actor.kind != ACTOR_STAFF && strcmp(c->participant, participant) != 0) ||
            c->queue_n > QUEUE_MAX / 2) {
            continue;
        }
        push(c, envelope_quality(participant, e));
    }
}

void clients_unplayable(struct live *live, const char *participant, const struct media_event *e) {
    for (struct client *c = live->clients; c != NULL; c = c->next_in_live) {
        if (strcmp(c->participant, participant) == 0) {
            push(c, envelope_unplayable(e));
        }
    }
}

void clients_feed(struct live *live, const struct feed_news *news) {
    for (struct client *c = live->clients; c != NULL; c = c->next_in_live) {
        if (c->actor.kind != ACTOR_STAFF || c->queue_n > QUEUE_MAX / 2) {
            continue;
        }
        push(c, envelope_feed(news));
    }
}

void clients_tick(struct signal *s, usec_t now) {
    (void)s;
    for (struct client *c = all_clients; c != NULL; c = c->all_next) {
        if (c->state == CLIENT_NEW && now >= c->hello_due) {
            client_close(c, 1008, "hello-timeout");
        } else if (c->close_code != 0) {
            client_wake(c);
        }
    }
}

void clients_going_away(struct signal *s, unsigned seconds) {
    (void)s;
    for (struct client *c = all_clients; c != NULL; c = c->all_next) {
        if (c->state == CLIENT_IN) {
            push(c, envelope_going_away(seconds));
        }
    }
}

void clients_stop(struct signal *s) {
    (void)s;
    for (struct client *c = all_clients; c != NULL; c = c->all_next) {
        client_close(c, 1001, "going-away");
    }
}
