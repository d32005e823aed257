#include "signal/playback.h"
#include "signal/playback_layers.h"
#include "signal/sessions.h"
#include "signal/state.h"
#include "wire/json.h"

#include <math.h>
#include <stdlib.h>

#define COMMENT_EVERY SEC(10)
#define RATE_MIN 0.5
#define RATE_MAX 2.0

static const char *state_name(enum media_play_state state) {
    switch (state) {
    case MEDIA_PLAYING:
        return "playing";
    case MEDIA_PAUSED:
        return "paused";
    case MEDIA_ENDED:
        return "ended";
    }
    return "ended";
}

static struct json *position_json(const struct media_position *p) {
    struct json *o = json_new_object();

    json_put_text(o, "state", state_name(p->state));
    json_put_number(o, "t", round(p->t * 1000) / 1000);
    json_put_number(o, "rate", p->rate);
    json_put_number(o, "duration", round(p->duration * 1000) / 1000);
    return o;
}

/* Takes over `o`. */
static void send_event(struct exchange *x, const char *name, struct json *o) {
    struct text t = {0};
    char *data = json_write_text(o, false, NULL);

    json_free(o);
    if (data != NULL) {
        text_addf(&t, "event: %s\ndata: %s\n\n", name, data);
        if (!t.failed) {
            stream_send(x, t.p);
        }
    }
    free(data);
    text_clear(&t);
}

static void tell(struct session *session, const char *name) {
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (session->streams[i] != NULL) {
            send_event(session->streams[i], name, position_json(&session->position));
        }
    }
}

/* The exchange that waits for the answer to `request`, or NULL when it has gone. */
static struct exchange *take_waiting(struct session *session, uint64_t request) {
    for (size_t i = 0; request != 0 && i < SESSION_WAITING; i++) {
        if (session->waiting[i].request == request) {
            session->waiting[i].request = 0;
            return exchange_resume(session->waiting[i].x) ? session->waiting[i].x : NULL;
        }
    }
    return NULL;
}

void playback_position(struct session *session, const struct media_event *e) {
    const struct media_position before = session->position;
    const struct media_position *now = &e->position;
    bool ended = now->state == MEDIA_ENDED && before.state != MEDIA_ENDED;
    bool changed = !session->has_position || e->request != 0 || now->state != before.state ||
                   now->rate < before.rate || now->rate > before.rate;

    session->position = *now;
    session->has_position = true;
    tell(session, changed ? "state" : "position");
    if (ended) {
        tell(session, "ended");
    }
    struct exchange *x = take_waiting(session, e->request);
    if (x != NULL) {
        reply_json(x, 200, position_json(now));
    }
}

/* What a viewer of a visit is told where a walkthrough tells its place. */
static const struct media_position live_position = {.state = MEDIA_PLAYING, .rate = 1};

void playback_layers(struct session *session, const struct media_event *e) {
    for (size_t i = 0; e->layers.exists && i < SESSION_STREAMS; i++) {
        if (session->streams[i] != NULL) {
            send_event(session->streams[i], "layers", playback_layers_json(&e->layers));
        }
    }
    struct exchange *x = take_waiting(session, e->request);
    if (x == NULL) {
        return;
    }
    if (!e->layers.exists) {
        reply_problem(x, 422, "no-layers", "This session has no picture with that number.");
        return;
    }
    struct json *o = position_json(session->has_position ? &session->position : &live_position);
    json_put(o, "layers", playback_layers_json(&e->layers));
    reply_json(x, 200, o);
}

void playback_end(struct session *session) {
    for (size_t i = 0; i < SESSION_WAITING; i++) {
        if (session->waiting[i].request != 0) {
            struct exchange *x = session->waiting[i].x;
            session->waiting[i].request = 0;
            if (exchange_resume(x)) {
                reply_problem(x, 404, "no-session", "The session has ended.");
            }
        }
    }
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (session->streams[i] != NULL) {
            struct exchange *x = session->streams[i];
            session->streams[i] = NULL;
            x->gone = NULL;
            stream_end(x);
        }
    }
}

void playback_tick(struct session *session, usec_t now) {
    if (now < session->stream_due) {
        return;
    }
    session->stream_due = now + COMMENT_EVERY;
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (session->streams[i] != NULL) {
            stream_send(session->streams[i], ":\n\n");
        }
    }
}

/* ---- POST …/control ---- */

/* What is to be done: a wish, or an action with a value. */
struct control {
    bool is_wish;
    struct media_wish wish;
    enum media_action action;
    double value;
};

static bool read_control(struct exchange *x, struct control *ret) {
    static const char *const known[] = {"action", "t",         "rate",       "slot",
                                        "rung",   "max_width", "max_height", NULL};
    enum media_action *const ret_action = &ret->action;
    double *const ret_value = &ret->value;
    const struct json *body = exchange_json(x, known);
    const char *action = NULL;

    if (body == NULL) {
        return false;
    }
    if (json_get_text(body, "action", &action) < 0) {
        reply_bad_field(x, "action", "“action” must be play, pause, seek, rate or layer.");
        return false;
    }
    *ret = (struct control){.is_wish = strcmp(action, "layer") == 0};
    if (ret->is_wish) {
        return playback_read_wish(x, body, &ret->wish);
    }
    if (strcmp(action, "play") == 0) {
        *ret_action = MEDIA_CONTROL_PLAY;
    } else if (strcmp(action, "pause") == 0) {
        *ret_action = MEDIA_CONTROL_PAUSE;
    } else if (strcmp(action, "seek") == 0) {
        *ret_action = MEDIA_CONTROL_SEEK;
        if (json_get_number(body, "t", ret_value) < 0 || *ret_value < 0 || *ret_value > 1e6) {
            reply_bad_field(x, "t", "“t” must be a time in seconds, 0 or later.");
            return false;
        }
    } else if (strcmp(action, "rate") == 0) {
        *ret_action = MEDIA_CONTROL_RATE;
        if (json_get_number(body, "rate", ret_value) < 0 || *ret_value < RATE_MIN ||
            *ret_value > RATE_MAX) {
            reply_bad_field(x, "rate", "“rate” must be a factor from 0.5 to 2.");
            return false;
        }
    } else {
        reply_bad_field(x, "action", "“action” must be play, pause, seek, rate or layer.");
        return false;
    }
    return true;
}

void sessions_control(struct exchange *x) {
    struct session *session = sessions_of_request(x);
    struct control control;
    size_t i = 0;

    if (session == NULL || !read_control(x, &control)) {
        return;
    }
    if (session->kind == SESSION_PUBLISH && control.is_wish) {
        reply_problem(x, 422, "no-layers",
                      "A session that publishes has no layers to choose from.");
        return;
    }
    if (session->kind != SESSION_PLAY && !control.is_wish) {
        reply_problem(x, 409, "live", "A live visit cannot be paused or moved in time.");
        return;
    }
    while (i < SESSION_WAITING && session->waiting[i].request != 0) {
        i++;
    }
    if (i == SESSION_WAITING) {
        reply_header(x, "retry-after", "1");
        reply_problem(x, 429, "too-many-requests", "Too many controls at once.");
        return;
    }
    uint64_t request = signal_new_media_id(x->signal);
    int r = control.is_wish ? media_wish(x->signal->media, session->id, &control.wish, request)
                            : media_control(x->signal->media, session->id, control.action,
                                            control.value, request);
    if (r < 0) {
        reply_failure(x, r, NULL);
        return;
    }
    session->waiting[i].request = request;
    session->waiting[i].x = x;
    exchange_hold(x);
}

/* ---- GET …/events ---- */

static void reader_gone(struct exchange *x) {
    struct session *session = x->context;

    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        if (session->streams[i] == x) {
            session->streams[i] = NULL;
        }
    }
}

void sessions_events(struct exchange *x) {
    struct session *session = sessions_of_request(x);
    size_t i = 0;

    if (session == NULL) {
        return;
    }
    while (i < SESSION_STREAMS && session->streams[i] != NULL) {
        i++;
    }
    if (i == SESSION_STREAMS) {
        reply_problem(x, 429, "too-many-streams", "The session has as many readers as it takes.");
        return;
    }
    stream_start(x, "text/event-stream");
    session->streams[i] = x;
    x->context = session;
    x->gone = reader_gone;
    stream_send(x, "retry: 2000\n\n");
    if (session->has_position) {
        send_event(x, "state", position_json(&session->position));
    }
    if (session->kind != SESSION_PUBLISH) {
        media_tell_layers(x->signal->media, session->id); /* full: the next change is told */
    }
}
