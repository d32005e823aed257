#include "signal/sessions.h"
#include "base/random.h"
#include "signal/candidates.h"
#include "signal/drain.h"
#include "signal/ice_servers.h"
#include "signal/live.h"
#include "signal/negotiation.h"
#include "signal/playback.h"
#include "signal/quota.h"
#include "signal/state.h"
#include "signal/websocket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct sessions {
    struct session *first;
    size_t count;
    struct map by_id, by_text;
};

int sessions_new(struct signal *s) {
    s->sessions = calloc(1, sizeof *s->sessions);
    if (s->sessions == NULL) {
        return -ENOMEM;
    }
    map_init(&s->sessions->by_id);
    map_init(&s->sessions->by_text);
    return 0;
}

void sessions_free(struct signal *s) {
    if (s->sessions == NULL) {
        return;
    }
    while (s->sessions->first != NULL) {
        sessions_close(s, s->sessions->first);
    }
    map_clear(&s->sessions->by_id);
    map_clear(&s->sessions->by_text);
    free(s->sessions);
    s->sessions = NULL;
}

size_t sessions_count(const struct signal *s) {
    return s->sessions->count;
}

struct session *sessions_first(const struct signal *s) {
    return s->sessions->first;
}

static uint64_t hash_text(const struct signal *s, const char *text) {
    return map_hash(text, strlen(text), s->secret);
}

struct session *sessions_find(struct signal *s, media_id id) {
    return map_get(&s->sessions->by_id, id);
}

/* ---- opening ---- */

/* The answer of the negotiation in hand; the control thread's. */
static uint8_t answer[NEGOTIATION_ANSWER_MAX];

static enum media_role session_role(enum session_kind kind) {
    switch (kind) {
    case SESSION_PUBLISH:
        return MEDIA_PUBLISH;
    case SESSION_WATCH:
    case SESSION_CHECK:
        return MEDIA_WATCH;
    case SESSION_PLAY:
        break;
    }
    return MEDIA_PLAY;
}

/* What a replay keeps of pictures (pipelines/README.md). */
#define RECORDED_CODECS (NEGOTIATION_CODEC(CODEC_VP8) | NEGOTIATION_CODEC(CODEC_H264))

static void fill_policy(struct signal *s, const struct session_opening *o, media_id id,
                        media_id room, struct negotiation_policy *policy) {
    memset(policy, 0, sizeof *policy);
    policy->role = session_role(o->kind);
    media_ice_credentials(s->media, id, room, policy->role, &policy->local_ice);
    policy->fingerprint = media_fingerprint(s->media);
    policy->address_count = candidates_read(s->config->public_ip, media_port(s->media),
                                            policy->addresses, MEDIA_ADDRESSES_MAX);
    policy->tcp_port = media_tcp_port(s->media);
    policy->codecs = o->kind == SESSION_PLAY ? o->codecs : NEGOTIATION_ALL_CODECS;
    if (o->kind == SESSION_PUBLISH && visit_summary(o->live->visit)->recording != RECORDING_OFF) {
        policy->preferred = RECORDED_CODECS;
    }
    policy->seed = random_u64();
}

/* Whose session it will be: the participant that is there already, or an encoder that comes now. */
static int find_participant(struct exchange *x, const struct session_opening *o,
                            struct session *session) {
    struct visit *v = o->live->visit;
    const char *named = request_query(&x->request, "participant");
    const struct participant *p = named != NULL ? visit_find_participant(v, named) : NULL;

    if (p == NULL || strcmp(p->credential, x->actor.id) != 0) {
        p = visit_find_credential(v, x->actor.id);
    }
    if (p != NULL && (p->present || o->kind == SESSION_WATCH)) {
        snprintf(session->participant, sizeof session->participant, "%s", p->id);
        return 0;
    }
    if (o->kind == SESSION_WATCH) {
        return 0;
    }
    struct visit_join join = {.actor = x->actor, .name = x->actor_name};
    if (x->actor.kind == ACTOR_STAFF) {
        join.actor.kind = ACTOR_ENCODER;
    }
    if (join.name[0] == '\0') {
        join.name = "Encoder";
    }
    session->joined_here = true;
    return visit_join(v, &join, session->participant);
}

static void leave(struct signal *s, struct live *live, const struct session *session) {
    (void)s;
    if (!session->joined_here) {
        return;
    }
    for (size_t i = 0; visit_source(live->visit, i) != NULL; i++) {
        if (strcmp(visit_source(live->visit, i)->participant, session->participant) == 0) {
            return;
        }
    }
    if (visit_find_participant(live->visit, session->participant) != NULL) {
        visit_leave(live->visit, session->participant);
    }
}

static void line_kinds(const struct media_session_config *config, bool *ret_audio,
                       bool *ret_video) {
    for (size_t i = 0; i < config->line_count; i++) {
        if (config->lines[i].active) {
            *ret_audio |= config->lines[i].kind == MEDIA_AUDIO;
            *ret_video |= config->lines[i].kind == MEDIA_VIDEO;
        }
    }
}

/* Joins the visit and shows the source there. 0 or −errno. */
static int enter_visit(struct exchange *x, const struct session_opening *o, struct session *session,
                       struct media_session_config *config) {
    char source[ID_MAX];
    bool audio = false, video = false;
    int r = find_participant(x, o, session);

    if (r == 0 && o->kind == SESSION_PUBLISH) {
        line_kinds(config, &audio, &video);
        r = visit_add_source(o->live->visit, session->participant, o->source, session->id, audio,
                             video, source);
        if (r < 0) {
            leave(x->signal, o->live, session);
        }
    }
    const struct participant *p = visit_find_participant(o->live->visit, session->participant);
    config->participant = p != NULL ? p->number : 0;
    return r;
}

static struct session *session_new(struct exchange *x, const struct session_opening *o,
                                   const struct media_session_config *config) {
    struct signal *s = x->signal;
    struct session *session = calloc(1, sizeof *session);
    const char *bearer = request_bearer(&x->request);

    if (session == NULL) {
        return NULL;
    }
    session->id = config->session;
    session->kind = o->kind;
    session->room = config->room;
    session->remote_ice = config->remote_ice;
    session->version = 1;
    random_text(session->text, SESSION_TEXT);
    if (o->live != NULL) {
        snprintf(session->visit, sizeof session->visit, "%s", visit_id(o->live->visit));
    } else {
        snprintf(session->slug, sizeof session->slug, "%s", o->slug);
    }
    snprintf(session->credential, sizeof session->credential, "%s", x->actor.id);
    session->bearer = bearer != NULL && o->live != NULL ? hash_text(s, bearer) : 0;
    for (size_t i = 0; i < config->line_count; i++) {
        if (config->lines[i].active) {
            memcpy(session->first_mid, config->lines[i].mid, sizeof session->first_mid);
            break;
        }
    }
    if (map_set(&s->sessions->by_id, session->id, session) < 0 ||
        map_set(&s->sessions->by_text, hash_text(s, session->text), session) < 0) {
        map_remove(&s->sessions->by_id, session->id);
        free(session);
        return NULL;
    }
    session->next = s->sessions->first;
    if (session->next != NULL) {
        session->next->previous = session;
    }
    s->sessions->first = session;
    s->sessions->count++;
    if (o->live != NULL) {
        o->live->sessions++;
    }
    return session;
}

static void session_unlink(struct signal *s, struct session *session) {
    map_remove(&s->sessions->by_id, session->id);
    map_remove(&s->sessions->by_text, hash_text(s, session->text));
    if (session->previous != NULL) {
        session->previous->next = session->next;
    } else {
        s->sessions->first = session->next;
    }
    if (session->next != NULL) {
        session->next->previous = session->previous;
    }
    s->sessions->count--;
}

static void reply_etag(struct exchange *x, const struct session *session) {
    reply_header(x, "etag", "\"%u\"", session->version);
}

static void reply_created(struct exchange *x, const struct session *session, size_t answer_n) {
    char *body = malloc(answer_n + 1);

    switch (session->kind) {
    case SESSION_PUBLISH:
        reply_header(x, "location", "/whip/%s/%s", session->visit, session->text);
        break;
    case SESSION_WATCH:
        reply_header(x, "location", "/whep/%s/%s", session->visit, session->text);
        break;
    case SESSION_CHECK:
        reply_header(x, "location", "/check/%s/%s", session->slug, session->text);
        break;
    case SESSION_PLAY:
        reply_header(x, "location", "/whep/w/%s/%s", session->slug, session->text);
        break;
    }
    reply_etag(x, session);
    reply_header(x, "accept-patch", "application/trickle-ice-sdpfrag");
    reply_header(x, "cache-control", "no-store");
    ice_servers_reply(x);
    if (body != NULL) {
        memcpy(body, answer, answer_n);
    }
    reply_bytes(x, 201, "application/sdp", body, answer_n);
}

static void reply_enter_failure(struct exchange *x, int error) {
    if (error == -ENOSPC) {
        reply_problem(x, 409, "visit-full", "The visit has as many people or sources as it takes.");
    } else {
        reply_failure(x, error, NULL);
    }
}

void sessions_open(struct exchange *x, const struct session_opening *o) {
    static struct media_session_config config; /* large; the control thread's */
    struct signal *s = x->signal;
    struct negotiation_policy policy;
    struct negotiation_error error;

    if (!drain_lets_in(s, o->live, &x->actor)) {
        drain_refuse(x);
        return;
    }
    if (s->sessions->count >= s->config->sessions_max) {
        s->counters.refused_limit++;
        reply_header(x, "retry-after", "5");
        reply_problem(x, 503, "busy", "The server serves as many sessions as it may.");
        return;
    }
    struct address_use *use = quota_session(s, &x->request.peer, clock_now());
    if (use == NULL) {
        reply_header(x, "retry-after", "10");
        reply_problem(x, 429, "too-many-sessions", "Too many sessions from this address.");
        return;
    }
    memset(&config, 0, sizeof config);
    media_id id = signal_new_media_id(s);
    media_id room = o->live != NULL ? o->live->room : id;
    fill_policy(s, o, id, room, &policy);
    int n =
        negotiate(x->request.body, &policy, &config, (struct room){answer, sizeof answer}, &error);
    if (n < 0) {
        quota_session_over(use);
        reply_problem(x, error.status, error.type, "%s", error.sentence);
        return;
    }
    config.session = id;
    config.room = room;
    if (o->kind == SESSION_PLAY) {
        snprintf(config.presentation, sizeof config.presentation, "%s", o->presentation);
        config.start_at = o->start_at;
    }
    struct session *session = session_new(x, o, &config);
    if (session == NULL) {
        quota_session_over(use);
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    session->use = use;
    int r = o->live != NULL ? enter_visit(x, o, session, &config) : 0;
    if (r == 0) {
        r = media_open_session(s->media, &config);
        if (r < 0) {
            log_warn("session.refused", "session=%llu error=%d", (unsigned long long)id, -r);
        }
    }
    if (r < 0) {
        sessions_close(s, session);
        reply_enter_failure(x, r);
        return;
    }
    log_info("session.opened", "session=%llu kind=%s visit=%s slug=%s", (unsigned long long)id,
             o->kind == SESSION_PUBLISH ? "publish"
             : o->kind == SESSION_WATCH ? "watch"
             : o->kind == SESSION_CHECK ? "check"
                                        : "play",
             session->visit, session->slug);
    reply_created(x, session, (size_t)n);
    if (o->live != NULL) {
        live_changed(s, o->live);
    }
}

/* ---- closing ---- */

void sessions_close(struct signal *s, struct session *session) {
    struct live *live = session->visit[0] != '\0' ? live_find(s, session->visit) : NULL;

    session_unlink(s, session);
    media_close_session(s->media, session->id);
    if (session->kind == SESSION_CHECK) {
        media_close_room(s->media, session->room); /* its own */
    }
    quota_session_over(session->use);
    playback_end(session);
    if (live != NULL) {
        live->sessions--;
        if (session->kind == SESSION_PUBLISH) {
            visit_remove_source(live->visit, session->id);
            leave(s, live, session);
        }
        live_changed(s, live);
    }
    free(session);
}

static struct session *find_of_visit(struct signal *s, const char *visit, const char *credential) {
    for (struct session *session = s->sessions->first; session != NULL; session = session->next) {
        if (strcmp(session->visit, visit) == 0 &&
            (credential == NULL || strcmp(session->credential, credential) == 0)) {
            return session;
        }
    }
    return NULL;
}

void sessions_close_visit(struct signal *s, const char *visit, const char *credential) {
    struct session *session;

    while ((session = find_of_visit(s, visit, credential)) != NULL) {
        sessions_close(s, session);
    }
}

void sessions_close_slug(struct signal *s, const char *slug) {
    for (struct session *session = s->sessions->first, *next; session != NULL; session = next) {
        next = session->next;
        if (session->kind == SESSION_PLAY && strcmp(session->slug, slug) == 0) {
            sessions_close(s, session);
        }
    }
}

/* ---- calls on a Location ---- */

struct session *sessions_of_request(struct exchange *x) {
    struct signal *s = x->signal;
    const char *name = x->request.params[0], *text = x->request.params[1];
    struct session *session = map_get(&s->sessions->by_text, hash_text(s, text));
    bool whip = strncmp(x->request.path, "/whip/", 6) == 0;

    if (session == NULL || strcmp(session->text, text) != 0 ||
        strcmp(name, session->visit[0] == '\0' ? session->slug : session->visit) != 0 ||
        whip != (session->kind == SESSION_PUBLISH)) {
        reply_problem(x, 404, "no-session", "This session has ended or never was.");
        return NULL;
    }
    if (session->bearer != 0) {
        const char *bearer = request_bearer(&x->request);
        if (bearer == NULL || hash_text(s, bearer) != session->bearer) {
            bool none = bearer == NULL;
            if (none) {
                reply_header(x, "www-authenticate", "Bearer");
            }
            reply_problem(x, none ? 401 : 403, none ? "unauthorized" : "forbidden",
                          "Send the token that the session was opened with.");
            return NULL;
        }
    }
    return session;
}

void sessions_delete(struct exchange *x) {
    struct session *session = sessions_of_request(x);

    if (session != NULL) {
        log_info("session.deleted", "session=%llu", (unsigned long long)session->id);
        sessions_close(x->signal, session);
        reply_empty(x, 200);
    }
}

void sessions_get(struct exchange *x) {
    if (sessions_of_request(x) != NULL) {
        reply_header(x, "allow", "DELETE, GET, HEAD, OPTIONS, PATCH");
        reply_empty(x, 204);
    }
}

static void restart(struct exchange *x, struct session *session,
                    const struct ice_credentials *remote) {
    struct signal *s = x->signal;
    struct negotiation_policy policy = {0};

    policy.role = session_role(session->kind);
    media_ice_credentials(s->media, session->id, session->room, policy.role, &policy.local_ice);
    policy.fingerprint = media_fingerprint(s->media);
    policy.address_count = candidates_read(s->config->public_ip, media_port(s->media),
                                           policy.addresses, MEDIA_ADDRESSES_MAX);
    policy.tcp_port = media_tcp_port(s->media);
    int n = negotiation_write_fragment((struct room){answer, sizeof answer}, &policy,
                                       session->first_mid);
    int r = n < 0 ? n : media_restart_ice(s->media, session->id, &policy.local_ice, remote);
    if (r < 0) {
        reply_failure(x, r, NULL);
        return;
    }
    session->remote_ice = *remote;
    session->version++;
    reply_etag(x, session);
    char *body = malloc((size_t)n + 1);
    if (body != NULL) {
        memcpy(body, answer, (size_t)n);
    }
    reply_bytes(x, 200, "application/trickle-ice-sdpfrag", body, (size_t)n);
}

/* RFC 9725 §4.3: trickled candidates, or an ICE restart ("*" in If-Match). */
void sessions_patch(struct exchange *x) {
    struct session *session = sessions_of_request(x);
    struct ice_credentials remote;
    char etag[16];
    bool is_restart = false;

    if (session == NULL) {
        return;
    }
    snprintf(etag, sizeof etag, "\"%u\"", session->version);
    if (request_has(&x->request, HEADER_IF_MATCH) &&
        !request_etag_listed(request_header(&x->request, HEADER_IF_MATCH), etag)) {
        reply_etag(x, session);
        reply_problem(x, 412, "etag", "If-Match names another ICE session than the current one.");
        return;
    }
    if (negotiation_parse_fragment(x->request.body, &session->remote_ice, &remote, &is_restart) <
        0) {
        reply_problem(x, 400, "sdpfrag-malformed", "The body is not a valid SDP fragment.");
        return;
    }
    if (is_restart) {
        restart(x, session, &remote);
    } else {
        reply_etag(x, session);
        reply_empty(x, 204);
    }
}

/* ---- what media says ---- */

const char *sessions_reason_word(enum media_end_reason reason) {
    switch (reason) {
    case MEDIA_END_CLOSED:
        return "closed";
    case MEDIA_END_TIMEOUT:
        return "timeout";
    case MEDIA_END_DTLS_FAILED:
        return "dtls-failed";
    case MEDIA_END_DTLS_CLOSED:
        return "dtls-closed";
    case MEDIA_END_PRESENTATION:
        return "presentation";
    case MEDIA_END_FEED:
        return "feed";
    }
    return "unknown";
}

void sessions_media_event(struct signal *s, const struct media_event *e) {
    struct session *session = sessions_find(s, e->session);
    struct live *live =
        session != NULL && session->visit[0] != '\0' ? live_find(s, session->visit) : NULL;

    if (session == NULL) {
        return;
    }
    switch (e->type) {
    case MEDIA_EVENT_CONNECTED:
        log_info("session.connected", "session=%llu", (unsigned long long)e->session);
        break;
    case MEDIA_EVENT_ENDED:
        log_info("session.ended", "session=%llu reason=%s", (unsigned long long)e->session,
                 sessions_reason_word(e->reason));
        s->counters.ended[e->reason]++;
        sessions_close(s, session);
        break;
    case MEDIA_EVENT_SOURCE:
        if (live != NULL) {
            visit_source_alive(live->visit, session->id, e->source.kind == MEDIA_VIDEO,
                               e->source.alive);
            live_changed(s, live);
        }
        break;
    case MEDIA_EVENT_POSITION:
        playback_position(session, e);
        break;
    case MEDIA_EVENT_LAYERS:
        playback_layers(session, e);
        break;
    case MEDIA_EVENT_QUALITY:
        if (live != NULL && session->participant[0] != '\0' && e->quality.news) {
            clients_quality(live, session->participant, e);
        }
        break;
    case MEDIA_EVENT_TRACKS:
        break;
    case MEDIA_EVENT_UNPLAYABLE:
        log_info("session.unplayable", "session=%llu codec=%s", (unsigned long long)e->session,
                 media_codec_name(e->unplayable.codec));
        if (live != NULL && session->participant[0] != '\0') {
            clients_unplayable(live, session->participant, e);
        }
        break;
    }
}

void sessions_tick(struct signal *s, usec_t now) {
    for (struct session *session = s->sessions->first; session != NULL; session = session->next) {
        playback_tick(session, now);
    }
}
