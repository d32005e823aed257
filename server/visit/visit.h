/* visit/visit.h: one visit while somebody is in it: its state, participants, sources and stage, and
 * the log of events that WebSocket clients follow. Pure: no clock, sockets, SQL or randomness;
 * owned by the control thread. What must survive a restart (title, state, times) is a row of the
 * store; the caller writes it there when an event VISIT_EVENT_VISIT appears.
 *
 * Every change appends events with growing seq. A connection keeps the seq it has seen and calls
 * visit_event_after in a loop; there is no other queue. */
#pragma once
#include "base/clock.h"
#include "base/matte.h"
#include "visit/permission.h"
#include "visit/questions.h"
#include "visit/recording_rule.h"
#include "visit/stage.h"

#define VISIT_TITLE_MAX 256 /* bytes with the NUL, UTF-8 */
#define VISIT_NAME_MAX 96
#define VISIT_PARTICIPANTS_MAX 512 /* hard bounds; the config's limits lie below */
#define VISIT_SOURCES_MAX 32
#define VISIT_LOG_MAX 256   /* events kept for resume */
#define VISIT_GRACE SEC(30) /* a participant who lost the connection stays listed that long */
#define VISIT_PROBLEM_MAX 24
#define VISIT_ASK_EVERY SEC(1) /* a participant's questions */

enum visit_state { VISIT_PLANNED, VISIT_LOBBY, VISIT_LIVE, VISIT_ENDED };

enum participant_role { PARTICIPANT_REP, PARTICIPANT_CUSTOMER, PARTICIPANT_ENCODER };

struct participant {
    char id[ID_MAX];         /* "p1", "p2" …, unique within this run of the visit */
    char credential[ID_MAX]; /* actor.id of who it is; never shown to others */
    char name[VISIT_NAME_MAX];
    enum participant_role role;
    bool present;
    bool consented; /* watching, by the consent screen */
    bool consented_recording;
    bool answered;   /* the consent screen, in this run: consented_recording is a word, not a gap */
    uint64_t number; /* the N of "pN": media's `participant`, never 0 */
    usec_t absent_since; /* when not present */
    usec_t ask_from;     /* no question before */
};

struct source {
    char id[ID_MAX]; /* "s1", "s2" … */
    char participant[ID_MAX];
    enum source_kind kind;
    bool audio, video; /* such a track exists */
    bool alive;        /* packets come */
    bool audio_alive, video_alive;
    bool presenter_side; /* published by a rep, an encoder or a feed, not by a customer */
    uint64_t media;      /* the media session that carries it */
    struct matte matte;  /* of a virtual person, as its publisher told it */
};

enum visit_event_type {
    VISIT_EVENT_PARTICIPANT_JOINED,  /* participant */
    VISIT_EVENT_PARTICIPANT_LEFT,    /* participant */
    VISIT_EVENT_PARTICIPANT_CHANGED, /* participant */
    VISIT_EVENT_SOURCE_ADDED,        /* source */
    VISIT_EVENT_SOURCE_CHANGED,      /* source */
    VISIT_EVENT_SOURCE_REMOVED,      /* source */
    VISIT_EVENT_STAGE,               /* stage; send it to media too */
    VISIT_EVENT_VISIT,               /* summary changed: title, state, recording; store it */
    VISIT_EVENT_INVITE_OPENED,       /* invite; for staff only */
    VISIT_EVENT_QUESTION             /* question: visit_find_question */
};

struct visit_summary {
    char title[VISIT_TITLE_MAX];
    enum visit_state state;
    enum visit_recording recording;
    bool recording_active; /* something may be recorded now; follows from the rest */
    char recording_problem[VISIT_PROBLEM_MAX]; /* a stable word why nothing is, or "" */
};

/* The stage with the ids that clients know; "" leaves a slot dark. */
struct visit_stage {
    char main[ID_MAX];
    char video[STAGE_SLOTS][ID_MAX];
    char audio[STAGE_SLOTS][ID_MAX];
};

struct visit_event {
    uint64_t seq;
    enum visit_event_type type;
    bool staff_only; /* skip it for customers */
    union {
        struct participant participant;
        struct source source;
        struct visit_stage stage;
        struct visit_summary summary;
        uint64_t question; /* its number */
        struct {
            char id[ID_MAX];
            char name[VISIT_NAME_MAX];
        } invite;
    };
};

struct visit;

struct visit_config {
    char id[ID_MAX];
    struct visit_summary summary; /* from the store's row */
    size_t participants_max, sources_max;
    uint64_t
        first_seq; /* higher than any seq of an earlier run, e.g. Unix milliseconds: a client that
                      resumes across a restart is then told "too old" instead of the wrong events */
};

/* NULL without memory. */
struct visit *visit_new(const struct visit_config *config);
void visit_free(struct visit *v); /* NULL is fine */

const char *visit_id(const struct visit *v);
const struct visit_summary *visit_summary(const struct visit *v);
enum visit_state visit_state(const struct visit *v);

/* planned|lobby → live. 0 (also when live already), -EPERM when ended. */
int visit_start(struct visit *v);
/* → ended; idempotent. Sources stay listed until the caller removes them (it closes their
 * sessions). */
void visit_end(struct visit *v);
/* After the store's row was changed by PATCH. */
void visit_describe(struct visit *v, const char *title, enum visit_recording recording);

/* The server cannot record for this reason ("disk_full" …): nothing is recorded, and people are
 * told. "": it can. */
void visit_block_recording(struct visit *v, const char *problem);

struct visit_join {
    struct actor actor; /* CUSTOMER, STAFF or ENCODER; permission was checked */
    const char *name;   /* cut at a UTF-8 boundary to fit; control characters become spaces */
    const char *again;  /* id of the participant this client was before, or NULL */
};

/* Somebody comes in. A client that names who it was (`again`, with the same credential) and is
 * still listed gets its old participant back. planned → lobby with the first one. 0 and the
 * participant's id, -EPERM when the visit has ended, -ENOSPC when it is full. */
int visit_join(struct visit *v, const struct visit_join *join, char ret_id[static ID_MAX]);

/* The connection is gone; the participant stays for VISIT_GRACE as absent. */
void visit_lose(struct visit *v, const char *participant, usec_t now);
/* Goes for good, at once ("bye", or an invite revoked). Its sources are left to the caller. */
void visit_leave(struct visit *v, const char *participant);
int visit_rename(struct visit *v, const char *participant, const char *name); /* 0, -ENOENT */
/* The word about recording counts for whoever else is here with the same credential. 0, -ENOENT. */
int visit_consent(struct visit *v, const char *participant, bool watch, bool record);

/* Everybody may ask. `unix_ms` is the time that others see. Control characters become spaces. 0,
 * -EPERM ended, -ENOENT no such participant, -EINVAL no text, -EMSGSIZE over
 * QUESTION_CHARACTERS_MAX, -EAGAIN sooner than VISIT_ASK_EVERY after the one before. */
int visit_ask(struct visit *v, const char *participant, const char *text, usec_t now,
              uint64_t unix_ms);

/* A source comes on, as `media` (unique). From the presenter's side it makes a visit live: sending
 * is starting. 0 and the source's id, -EPERM ended, -ENOSPC, -ENOENT no such participant, -EEXIST.
 */
int visit_add_source(struct visit *v, const char *participant, enum source_kind kind,
                     uint64_t media, bool audio, bool video, char ret_id[static ID_MAX]);
/* Media saw the first packet of a track, or silence. -ENOENT for an unknown session. */
int visit_source_alive(struct visit *v, uint64_t media, bool is_video, bool alive);
/* The same source sends again, now as `again`; alive is told when media flows. 0, -ENOENT, -EEXIST.
 */
int visit_source_returns(struct visit *v, uint64_t media, uint64_t again);
/* How its picture is laid out, as checked by base/matte.h. 0, -ENOENT. */
int visit_set_matte(struct visit *v, uint64_t media, const struct matte *matte);
/* An encoder that has no source left leaves too. -ENOENT for an unknown session. */
int visit_remove_source(struct visit *v, uint64_t media);

/* stage.set: `source` is a source's id, or NULL to let the rules decide. 0, -ENOENT. */
int visit_set_main(struct visit *v, const char *source);

void visit_invite_opened(struct visit *v, const char *invite, const char *name);

/* For media_set_stage. */
const struct stage *visit_media_stage(const struct visit *v);
const struct visit_stage *visit_stage(const struct visit *v);

/* The recording rule (recording_rule.h) for a source of this visit. */
bool visit_is_recorded(const struct visit *v, const struct source *s);
/* The media sessions of all sources that are recorded; their count. */
size_t visit_recorded(const struct visit *v, uint64_t ret_media[static VISIT_SOURCES_MAX]);

/* The n-th question that is still there, oldest first, or NULL; and by its number. */
const struct question *visit_question(const struct visit *v, size_t n);
const struct question *visit_find_question(const struct visit *v, uint64_t number);

/* The n-th, in order of arrival, or NULL past the end. */
const struct participant *visit_participant(const struct visit *v, size_t n);
const struct source *visit_source(const struct visit *v, size_t n);
const struct participant *visit_find_participant(const struct visit *v, const char *id);
/* The newest participant with this credential (present ones first), or NULL. */
const struct participant *visit_find_credential(const struct visit *v, const char *credential);
const struct source *visit_find_source(const struct visit *v, const char *id);
const struct source *visit_find_media(const struct visit *v, uint64_t media);
size_t visit_present(const struct visit *v); /* people, encoders not counted */
bool visit_is_empty(const struct visit *v);  /* nobody listed and no source: may be freed */

/* Newest seq; first_seq − 1 before any event of this run. */
uint64_t visit_seq(const struct visit *v);
/* The first event with a greater seq, or NULL. Valid until the visit changes. */
const struct visit_event *visit_event_after(const struct visit *v, uint64_t seq);
/* True when nothing after `seq` was dropped, neither event nor question: a client may resume there.
 * False: send a new welcome.
 */
bool visit_can_resume(const struct visit *v, uint64_t seq);

/* Absent participants are removed when their grace is over. */
usec_t visit_next_timeout(const struct visit *v);
void visit_timeout(struct visit *v, usec_t now);

const char *visit_state_name(enum visit_state state);             /* "planned" … */
const char *visit_recording_name(enum visit_recording recording); /* "off", "ask", "on" */
bool visit_recording_parse(const char *name, enum visit_recording *ret);
const char *participant_role_name(enum participant_role role); /* "rep", "customer", "encoder" */
