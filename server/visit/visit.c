#include "visit/visit.h"

#include "visit/visit_state.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const state_names[] = {
    [VISIT_PLANNED] = "planned",
    [VISIT_LOBBY] = "lobby",
    [VISIT_LIVE] = "live",
    [VISIT_ENDED] = "ended",
};

static const char *const recording_names[] = {
    [RECORDING_OFF] = "off",
    [RECORDING_ASK] = "ask",
    [RECORDING_ON] = "on",
};

static const char *const role_names[] = {
    [PARTICIPANT_REP] = "rep",
    [PARTICIPANT_CUSTOMER] = "customer",
    [PARTICIPANT_ENCODER] = "encoder",
};

const char *visit_state_name(enum visit_state state) {
    return state_names[state];
}

const char *visit_recording_name(enum visit_recording recording) {
    return recording_names[recording];
}

bool visit_recording_parse(const char *name, enum visit_recording *ret) {
    for (size_t i = 0; i < sizeof(recording_names) / sizeof(*recording_names); i++) {
        if (strcmp(name, recording_names[i]) == 0) {
            *ret = (enum visit_recording)i;
            return true;
        }
    }
    return false;
}

const char *participant_role_name(enum participant_role role) {
    return role_names[role];
}

void visit_put_text(char *to, size_t size, const char *from) {
    size_t n = from ? strnlen(from, size) : 0;
    if (n == size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)from[i];
        to[i] = c < 0x20 || c == 0x7f ? ' ' : (char)c;
    }
    memset(to + n, 0, size - n);
}

static size_t limit(size_t wanted, size_t most) {
    return wanted == 0 || wanted > most ? most : wanted;
}

struct visit *visit_new(const struct visit_config *config) {
    struct visit *v = calloc(1, sizeof(*v));
    if (!v) {
        return NULL;
    }
    v->participants_max = limit(config->participants_max, VISIT_PARTICIPANTS_MAX);
    v->sources_max = limit(config->sources_max, VISIT_SOURCES_MAX);
    v->participants = calloc(v->participants_max, sizeof(*v->participants));
    v->sources = calloc(v->sources_max, sizeof(*v->sources));
    v->questions = calloc(1, sizeof(*v->questions));
    if (!v->participants || !v->sources || !v->questions) {
        visit_free(v);
        return NULL;
    }
    visit_put_text(v->id, sizeof(v->id), config->id);
    v->summary = config->summary;
    visit_put_text(v->summary.title, sizeof(v->summary.title), config->summary.title);
    visit_settle_recording(v);
    event_log_init(&v->log, config->first_seq);
    return v;
}

void visit_free(struct visit *v) {
    if (v) {
        free(v->participants);
        free(v->sources);
        free(v->questions);
        free(v);
    }
}

const char *visit_id(const struct visit *v) {
    return v->id;
}

const struct visit_summary *visit_summary(const struct visit *v) {
    return &v->summary;
}

enum visit_state visit_state(const struct visit *v) {
    return v->summary.state;
}

/* ---- Events ---- */

static void tell_summary(struct visit *v) {
    event_log_add(&v->log, VISIT_EVENT_VISIT)->summary = v->summary;
}

static void tell_participant(struct visit *v, enum visit_event_type type,
                             const struct participant *p) {
    event_log_add(&v->log, type)->participant = *p;
}

static void tell_source(struct visit *v, enum visit_event_type type, const struct source *s) {
    event_log_add(&v->log, type)->source = *s;
}

/* The one place where the state changes: only forward. */
static void set_state(struct visit *v, enum visit_state state) {
    assert(state >= v->summary.state);
    if (state != v->summary.state) {
        v->summary.state = state;
        visit_settle_recording(v);
        tell_summary(v);
    }
}

/* After everything that the recording rule looks at. */
static void settle(struct visit *v) {
    if (visit_settle_recording(v)) {
        tell_summary(v);
    }
}

/* ---- Looking up ---- */

struct participant *visit_participant_by_id(const struct visit *v, const char *id) {
    for (size_t i = 0; id && i < v->participant_count; i++) {
        if (strcmp(v->participants[i].id, id) == 0) {
            return &v->participants[i];
        }
    }
    return NULL;
}

static struct source *source_by_media(const struct visit *v, uint64_t media) {
    for (size_t i = 0; media && i < v->source_count; i++) {
        if (v->sources[i].media == media) {
            return &v->sources[i];
        }
    }
    return NULL;
}

const struct participant *visit_participant(const struct visit *v, size_t n) {
    return n < v->participant_count ? &v->participants[n] : NULL;
}

const struct source *visit_source(const struct visit *v, size_t n) {
    return n < v->source_count ? &v->sources[n] : NULL;
}

const struct participant *visit_find_participant(const struct visit *v, const char *id) {
    return visit_participant_by_id(v, id);
}

const struct participant *visit_find_credential(const struct visit *v, const char *credential) {
    const struct participant *found = NULL;
    for (size_t i = 0; i < v->participant_count; i++) {
        const struct participant *p = &v->participants[i];
        if (strcmp(p->credential, credential) == 0 && (!found || p->present || !found->present)) {
            found = p;
        }
    }
    return found;
}

const struct source *visit_find_source(const struct visit *v, const char *id) {
    for (size_t i = 0; id && i < v->source_count; i++) {
        if (strcmp(v->sources[i].id, id) == 0) {
            return &v->sources[i];
        }
    }
    return NULL;
}

const struct source *visit_find_media(const struct visit *v, uint64_t media) {
    return source_by_media(v, media);
}

size_t visit_present(const struct visit *v) {
    size_t n = 0;
    for (size_t i = 0; i < v->participant_count; i++) {
        n += v->participants[i].present && v->participants[i].role != PARTICIPANT_ENCODER;
    }
    return n;
}

bool visit_is_empty(const struct visit *v) {
    return v->participant_count == 0 && v->source_count == 0;
}

/* ---- State ---- */

int visit_start(struct visit *v) {
    if (v->summary.state == VISIT_ENDED) {
        return -EPERM;
    }
    set_state(v, VISIT_LIVE);
    return 0;
}

void visit_end(struct visit *v) {
    set_state(v, VISIT_ENDED);
}

void visit_describe(struct visit *v, const char *title, enum visit_recording recording) {
    struct visit_summary before = v->summary;
    visit_put_text(v->summary.title, sizeof(v->summary.title), title);
    v->summary.recording = recording;
    visit_settle_recording(v);
    if (before.recording != recording || strcmp(before.title, v->summary.title) != 0) {
        tell_summary(v);
    }
}

void visit_block_recording(struct visit *v, const char *problem) {
    if (strcmp(v->summary.recording_problem, problem) != 0) {
        visit_put_text(v->summary.recording_problem, sizeof(v->summary.recording_problem), problem);
        visit_settle_recording(v);
        tell_summary(v);
    }
}

/* ---- People ---- */

static enum participant_role role_of(const struct actor *actor) {
    switch (actor->kind) {
    case ACTOR_STAFF:
        return PARTICIPANT_REP;
    case ACTOR_ENCODER:
        return PARTICIPANT_ENCODER;
    case ACTOR_CUSTOMER:
    case ACTOR_ANYONE:
        return PARTICIPANT_CUSTOMER;
    }
    return PARTICIPANT_CUSTOMER;
}

static int come_back(struct visit *v, struct participant *p, char ret_id[static ID_MAX]) {
    if (!p->present) {
        p->present = true;
        p->absent_since = 0;
        tell_participant(v, VISIT_EVENT_PARTICIPANT_CHANGED, p);
        settle(v);
    }
    memcpy(ret_id, p->id, ID_MAX);
    return 0;
}

int visit_join(struct visit *v, const struct visit_join *join, char ret_id[static ID_MAX]) {
    if (v->summary.state == VISIT_ENDED) {
        return -EPERM;
    }
    struct participant *old = visit_participant_by_id(v, join->again);
    if (old && strcmp(old->credential, join->actor.id) == 0) {
        return come_back(v, old, ret_id);
    }
    if (v->participant_count == v->participants_max) {
        return -ENOSPC;
    }
    struct participant *p = &v->participants[v->participant_count++];
    *p = (struct participant){.role = role_of(&join->actor), .present = true};
    p->number = ++v->participants_made;
    snprintf(p->id, sizeof(p->id), "p%llu", (unsigned long long)p->number);
    visit_put_text(p->credential, sizeof(p->credential), join->actor.id);
    visit_put_text(p->name, sizeof(p->name), join->name);
    tell_participant(v, VISIT_EVENT_PARTICIPANT_JOINED, p);
    if (v->summary.state == VISIT_PLANNED) {
        set_state(v, VISIT_LOBBY);
    }
    memcpy(ret_id, p->id, ID_MAX);
    return 0;
}

void visit_lose(struct visit *v, const char *participant, usec_t now) {
    struct participant *p = visit_participant_by_id(v, participant);
    if (p && p->present) {
        p->present = false;
        p->absent_since = now;
        tell_participant(v, VISIT_EVENT_PARTICIPANT_CHANGED, p);
        settle(v);
    }
}

void visit_leave(struct visit *v, const char *participant) {
    struct participant *p = visit_participant_by_id(v, participant);
    if (!p) {
        return;
    }
    struct participant gone = *p;
    size_t at = (size_t)(p - v->participants);
    memmove(p, p + 1, (--v->participant_count - at) * sizeof(*p));
    gone.present = false;
    tell_participant(v, VISIT_EVENT_PARTICIPANT_LEFT, &gone);
    settle(v);
}

int visit_rename(struct visit *v, const char *participant, const char *name) {
    struct participant *p = visit_participant_by_id(v, participant);
    if (!p) {
        return -ENOENT;
    }
    char cut[VISIT_NAME_MAX];
    visit_put_text(cut, sizeof(cut), name);
    if (strcmp(cut, p->name) != 0) {
        memcpy(p->name, cut, sizeof(cut));
        tell_participant(v, VISIT_EVENT_PARTICIPANT_CHANGED, p);
    }
    return 0;
}

static void answer(struct visit *v, struct participant *p, bool watch, bool record) {
    if (!p->answered || p->consented != watch || p->consented_recording != record) {
        p->answered = true;
        p->consented = watch;
        p->consented_recording = record;
        tell_participant(v, VISIT_EVENT_PARTICIPANT_CHANGED, p);
    }
}

int visit_consent(struct visit *v, const char *participant, bool watch, bool record) {
    struct participant *p = visit_participant_by_id(v, participant);
    if (!p) {
        return -ENOENT;
    }
    answer(v, p, watch, record);
    for (size_t i = 0; i < v->participant_count; i++) {
        struct participant *other = &v->participants[i];
        if (other->answered && strcmp(other->credential, p->credential) == 0) {
            answer(v, other, other->consented, record);
        }
    }
    settle(v);
    return 0;
}

/* ---- Sources and the stage ---- */

static void name_slot(const struct visit *v, uint64_t media, char id[static ID_MAX]) {
    const struct source *s = source_by_media(v, media);
    if (s) {
        memcpy(id, s->id, ID_MAX);
    }
}

static void arrange(struct visit *v) {
    struct stage_source list[VISIT_SOURCES_MAX];
    struct stage stage;
    for (size_t i = 0; i < v->source_count; i++) {
        const struct source *s = &v->sources[i];
        list[i] = (struct stage_source){.media = s->media,
                                        .kind = s->kind,
                                        .presenter_side = s->presenter_side,
                                        .audio = s->audio,
                                        .video = s->video};
    }
    stage_arrange(list, v->source_count, v->chosen, &stage);
    if (stage_equal(&stage, &v->stage)) {
        return;
    }
    struct visit_stage named = {0};
    name_slot(v, stage.main_video ? stage.main_video : stage.main_audio, named.main);
    for (size_t i = 0; i < STAGE_SLOTS; i++) {
        name_slot(v, stage.video[i], named.video[i]);
        name_slot(v, stage.audio[i], named.audio[i]);
    }
    v->stage = stage;
    v->named_stage = named;
    event_log_add(&v->log, VISIT_EVENT_STAGE)->stage = named;
}

int visit_add_source(struct visit *v, const char *participant, enum source_kind kind,
                     uint64_t media, bool audio, bool video, char ret_id[static ID_MAX]) {
    const struct participant *p = visit_participant_by_id(v, participant);
    if (v->summary.state == VISIT_ENDED) {
        return -EPERM;
    }
    if (!p) {
        return -ENOENT;
    }
    if (source_by_media(v, media)) {
        return -EEXIST;
    }
    if (v->source_count == v->sources_max) {
        return -ENOSPC;
    }
    struct source *s = &v->sources[v->source_count++];
    *s = (struct source){.kind = kind,
                         .audio = audio,
                         .video = video,
                         .media = media,
                         .presenter_side = p->role != PARTICIPANT_CUSTOMER};
    snprintf(s->id, sizeof(s->id), "s%llu", (unsigned long long)++v->sources_made);
    memcpy(s->participant, p->id, ID_MAX);
    memcpy(ret_id, s->id, ID_MAX);
    tell_source(v, VISIT_EVENT_SOURCE_ADDED, s);
    arrange(v);
    if (s->presenter_side) {
        set_state(v, VISIT_LIVE);
    }
    settle(v);
    return 0;
}

int visit_source_alive(struct visit *v, uint64_t media, bool is_video, bool alive) {
    struct source *s = source_by_media(v, media);
    if (!s) {
        return -ENOENT;
    }
    struct source before = *s;
    if (is_video) {
        s->video_alive = alive;
        s->video = s->video || alive;
    } else {
        s->audio_alive = alive;
        s->audio = s->audio || alive;
    }
    s->alive = s->audio_alive || s->video_alive;
    if (before.audio_alive != s->audio_alive || before.video_alive != s->video_alive ||
        before.audio != s->audio || before.video != s->video) {
        tell_source(v, VISIT_EVENT_SOURCE_CHANGED, s);
        arrange(v);
        settle(v);
    }
    return 0;
}

int visit_source_returns(struct visit *v, uint64_t media, uint64_t again) {
    struct source *s = source_by_media(v, media);
    if (!s) {
        return -ENOENT;
    }
    if (source_by_media(v, again)) {
        return -EEXIST;
    }
    s->media = again;
    if (v->chosen == media) {
        v->chosen = again;
    }
    arrange(v);
    return 0;
}

int visit_set_matte(struct visit *v, uint64_t media, const struct matte *matte) {
    struct source *s = source_by_media(v, media);
    if (!s) {
        return -ENOENT;
    }
    if (!matte_equal(&s->matte, matte)) {
        s->matte = *matte;
        tell_source(v, VISIT_EVENT_SOURCE_CHANGED, s);
    }
    return 0;
}

static void leave_without_sources(struct visit *v, const char *participant) {
    const struct participant *p = visit_participant_by_id(v, participant);
    if (!p || p->role != PARTICIPANT_ENCODER) {
        return;
    }
    for (size_t i = 0; i < v->source_count; i++) {
        if (strcmp(v->sources[i].participant, participant) == 0) {
            return;
        }
    }
    visit_leave(v, participant);
}

int visit_remove_source(struct visit *v, uint64_t media) {
    struct source *s = source_by_media(v, media);
    if (!s) {
        return -ENOENT;
    }
    struct source gone = *s;
    size_t at = (size_t)(s - v->sources);
    memmove(s, s + 1, (--v->source_count - at) * sizeof(*s));
    if (v->chosen == media) {
        v->chosen = 0;
    }
    gone.alive = gone.audio_alive = gone.video_alive = false;
    tell_source(v, VISIT_EVENT_SOURCE_REMOVED, &gone);
    arrange(v);
    leave_without_sources(v, gone.participant);
    settle(v);
    return 0;
}

int visit_set_main(struct visit *v, const char *source) {
    const struct source *s = visit_find_source(v, source);
    if (source && !s) {
        return -ENOENT;
    }
    v->chosen = s ? s->media : 0;
    arrange(v);
    return 0;
}

void visit_invite_opened(struct visit *v, const char *invite, const char *name) {
    struct visit_event *e = event_log_add(&v->log, VISIT_EVENT_INVITE_OPENED);
    e->staff_only = true;
    visit_put_text(e->invite.id, sizeof(e->invite.id), invite);
    visit_put_text(e->invite.name, sizeof(e->invite.name), name);
}

const struct stage *visit_media_stage(const struct visit *v) {
    return &v->stage;
}

const struct visit_stage *visit_stage(const struct visit *v) {
    return &v->named_stage;
}

/* ---- The log and time ---- */

uint64_t visit_seq(const struct visit *v) {
    return v->log.next_seq - 1;
}

const struct visit_event *visit_event_after(const struct visit *v, uint64_t seq) {
    return event_log_after(&v->log, seq);
}

bool visit_can_resume(const struct visit *v, uint64_t seq) {
    return event_log_reaches(&v->log, seq) && seq >= v->questions->lost;
}

usec_t visit_next_timeout(const struct visit *v) {
    usec_t due = USEC_NEVER;
    for (size_t i = 0; i < v->participant_count; i++) {
        if (!v->participants[i].present) {
            due = usec_min(due, v->participants[i].absent_since + VISIT_GRACE);
        }
    }
    return due;
}

void visit_timeout(struct visit *v, usec_t now) {
    for (size_t i = 0; i < v->participant_count;) {
        const struct participant *p = &v->participants[i];
        if (!p->present && now >= p->absent_since + VISIT_GRACE) {
            char id[ID_MAX];
            memcpy(id, p->id, ID_MAX);
            visit_leave(v, id);
        } else {
            i++;
        }
    }
}
