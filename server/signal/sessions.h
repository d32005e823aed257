/* signal/sessions.h: WHIP and WHEP sessions: which media session belongs to which Location, visit,
 * participant and waiting request. */
#pragma once
#include "media/media_api.h"
#include "signal/http.h"

struct address_use;
struct live;

enum session_kind {
    SESSION_PUBLISH,
    SESSION_WATCH,
    SESSION_PLAY,
    SESSION_CHECK /* nothing is sent: a page finds out which ways lead here */
};

#define SESSION_CHECK_NAME "way" /* in its Location, where others have a visit or a slug */

#define SESSION_TEXT 28   /* characters of the unguessable part of a Location */
#define SESSION_WAITING 8 /* control requests on their way */
#define SESSION_STREAMS 4 /* readers of events */

struct session {
    struct session *next, *previous;
    media_id id;
    enum session_kind kind;
    char text[SESSION_TEXT + 1];
    char visit[ID_MAX];        /* PUBLISH and WATCH, else "" */
    char slug[STORE_SLUG_MAX]; /* PLAY; CHECK: SESSION_CHECK_NAME */
    char participant[ID_MAX];  /* "" nobody's */
    char credential[ID_MAX];   /* actor.id of who opened it, "" anybody */
    bool joined_here;          /* the participant came by WHIP, without a WebSocket */
    uint64_t bearer;           /* keyed hash of the token it was opened with, 0 none */
    unsigned version;          /* of the ICE session, for the ETag */
    media_id room;
    struct ice_credentials remote_ice;
    char first_mid[MEDIA_MID_MAX];
    struct address_use *use;
    struct media_position position;
    bool has_position;
    struct {
        uint64_t request; /* 0: free */
        struct exchange *x;
    } waiting[SESSION_WAITING];
    struct exchange *streams[SESSION_STREAMS];
    usec_t stream_due; /* a comment keeps the readers' connections known to be alive */
};

int sessions_new(struct signal *s);
void sessions_free(struct signal *s);
const char *sessions_reason_word(enum media_end_reason reason); /* "timeout" …, for logs */
size_t sessions_count(const struct signal *s);
struct session *sessions_first(const struct signal *s); /* then by `next` */

/* How a session is to be opened. */
struct session_opening {
    enum session_kind kind;
    struct live *live;        /* PUBLISH and WATCH */
    const char *slug;         /* PLAY and CHECK */
    const char *presentation; /* PLAY: path of the directory */
    uint32_t codecs;          /* PLAY: NEGOTIATION_CODEC bits */
    double start_at;          /* PLAY */
    enum source_kind source;  /* PUBLISH */
};

/* Negotiates the body of `x`, opens the media session and answers: 201 or what is wrong. */
void sessions_open(struct exchange *x, const struct session_opening *opening);

/* The session of the Location in the request's path, checked against its Bearer; NULL: answered. */
struct session *sessions_of_request(struct exchange *x);

struct session *sessions_find(struct signal *s, media_id id);

/* Ends it here and in media; waiting requests are answered. `s` and `session` are gone afterwards.
 */
void sessions_close(struct signal *s, struct session *session);
/* All of a visit, or only those of one credential. */
void sessions_close_visit(struct signal *s, const char *visit, const char *credential);

/* Those that play this walkthrough. */
void sessions_close_slug(struct signal *s, const char *slug);

/* What the media plane said. */
void sessions_media_event(struct signal *s, const struct media_event *e);
void sessions_tick(struct signal *s, usec_t now);

/* Handlers of routes.c */
void whip_post(struct exchange *x);
void whip_matte(struct exchange *x); /* whip_matte.c */
void whep_post(struct exchange *x);
void whep_walkthrough_post(struct exchange *x);
void whep_check_post(struct exchange *x);
void sessions_patch(struct exchange *x);
void sessions_delete(struct exchange *x);
void sessions_get(struct exchange *x);
void sessions_control(struct exchange *x);
void sessions_events(struct exchange *x);
