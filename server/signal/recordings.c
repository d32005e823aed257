#include "signal/recordings.h"
#include "signal/live.h"
#include "signal/recording_log.h"
#include "signal/replays.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LINGER SEC(30)     /* a recorder without work waits for more */
#define FINISH SEC(2)      /* for the recorder to write what it has and to end by itself */
#define FINISH_MAX SEC(15) /* then the replay is made without waiting for it */
#define LOOK_AT_DISK SEC(5)
#define TRY_AGAIN SEC(30)
#define WORDS_MAX 4096
#define YES_AFTER_NO SEC(2) /* each change costs a look through the log */

struct word { /* what a customer said last */
    char credential[ID_MAX];
    bool agreed;
    usec_t yes_from; /* a no is heard at any time, a yes after it not sooner */
};

struct recording {
    struct recording *next;
    char visit[ID_MAX];
    char title[VISIT_TITLE_MAX];
    struct recording_log log;
    job_id job;           /* the recorder; 0: none */
    bool active;          /* something was recorded when last looked at */
    bool told_pause;      /* the log says so */
    bool stopping;        /* the recorder was asked to end */
    bool ended;           /* the visit has; the replay comes when the recorder is done */
    usec_t since;         /* when `active` or `ended` last changed */
    uint64_t last_source; /* the newest media session that the log knows */
    uint64_t stacked[VISIT_SOURCES_MAX]; /* those it knows as stacked pictures; the newest */
    size_t stacked_next;
    uint64_t seq; /* of the newest event that was looked at */
    struct media_stage stage;
    struct media_recorded recorded;
    struct word *words;
    size_t word_count;
    uint64_t began; /* Unix µs, of all runs */
};

struct recordings {
    struct recording *first;
};

int recordings_new(struct signal *s) {
    s->recordings = calloc(1, sizeof *s->recordings);
    return s->recordings != NULL ? 0 : -ENOMEM;
}

static void recording_free(struct signal *s, struct recording *r) {
    for (struct recording **at = &s->recordings->first; *at != NULL; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            break;
        }
    }
    recording_log_close(&r->log);
    free(r->words);
    free(r);
}

void recordings_free(struct signal *s) {
    while (s->recordings != NULL && s->recordings->first != NULL) {
        recording_free(s, s->recordings->first);
    }
    free(s->recordings);
    s->recordings = NULL;
}

static struct recording *find(struct signal *s, const char *visit) {
    for (struct recording *r = s->recordings->first; r != NULL; r = r->next) {
        if (strcmp(r->visit, visit) == 0) {
            return r;
        }
    }
    return NULL;
}

/* ---- May it be? ---- */

/* Bytes that may still be written; UINT64_MAX when the file system does not say. */
static uint64_t disk_free(const struct signal *s) {
    struct statvfs st;

    return statvfs(s->config->data_dir, &st) == 0 ? (uint64_t)st.f_bavail * st.f_frsize
                                                  : UINT64_MAX;
}

/* A stable word for what keeps the server from recording, "" nothing. */
static const char *problem(const struct signal *s, const struct recording *r) {
    if (s->jobs == NULL) {
        return "no_recorder";
    }
    if (disk_free(s) < s->config->recordings_min_free) {
        return "disk_full";
    }
    if (r != NULL && r->began != 0 &&
        clock_unix() > r->began + s->config->recording_hours_max * SEC(3600)) {
        return "too_long";
    }
    return "";
}

/* ---- Lines of the log ---- */

static void note(const struct recording *r, const char *event, struct json *more) {
    int error = recording_log_add(&r->log, event, more);

    if (error < 0) {
        log_error("recording.log", "visit=%s event=%s error=%d", r->visit, event, -error);
    }
}

static void put_media(struct json *o, const char *key, uint64_t media) {
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)media);
    json_put_text(o, key, text);
}

static void note_title(struct recording *r, const struct visit_summary *summary) {
    if (strcmp(r->title, summary->title) == 0) {
        return;
    }
    struct json *o = json_new_object();
    memcpy(r->title, summary->title, sizeof r->title);
    json_put_text(o, "id", r->visit);
    json_put_text(o, "title", r->title);
    note(r, "visit", o);
}

static void note_word(struct recording *r, const char *credential, bool agreed) {
    struct json *o = json_new_object();

    json_put_text(o, "credential", credential);
    json_put_bool(o, "recording", agreed);
    note(r, "consent", o);
}

static struct word *find_word(const struct recording *r, const char *credential) {
    for (size_t i = 0; i < r->word_count; i++) {
        if (strcmp(r->words[i].credential, credential) == 0) {
            return &r->words[i];
        }
    }
    return NULL;
}

static struct word *add_word(struct recording *r, const char *credential) {
    struct word *words = r->word_count < WORDS_MAX
                             ? realloc(r->words, (r->word_count + 1) * sizeof *r->words)
                             : NULL;

    if (words == NULL) {
        return NULL;
    }
    r->words = words;
    struct word *word = &words[r->word_count++];
    *word = (struct word){0};
    snprintf(word->credential, sizeof word->credential, "%s", credential);
    return word;
}

/* True when the word is not the one that is known. */
static bool learn_word(struct recording *r, const char *credential, bool agreed) {
    struct word *word = find_word(r, credential);
    bool differs = word == NULL || word->agreed != agreed;

    word = word != NULL ? word : add_word(r, credential);
    if (word != NULL) { /* without memory it is written more often than needed */
        word->agreed = agreed;
        word->yes_from = differs && !agreed ? clock_now() + YES_AFTER_NO : word->yes_from;
    }
    return differs;
}

bool recordings_may_agree(struct signal *s, const char *visit, const char *credential) {
    const struct recording *r = find(s, visit);
    const struct word *word = r != NULL ? find_word(r, credential) : NULL;

    return word == NULL || clock_now() >= word->yes_from;
}

/* True when somebody took back a word: there may be tracks to remove. */
static bool note_words(struct recording *r, const struct visit *v) {
    const struct participant *p;
    bool revoked = false;

    for (size_t i = 0; (p = visit_participant(v, i)) != NULL; i++) {
        if (p->role == PARTICIPANT_CUSTOMER && p->answered &&
            learn_word(r, p->credential, p->consented_recording)) {
            note_word(r, p->credential, p->consented_recording);
            revoked |= !p->consented_recording;
        }
    }
    return revoked;
}

static void note_source(const struct recording *r, const struct visit *v, const struct source *s) {
    const struct participant *p = visit_find_participant(v, s->participant);
    struct json *o = json_new_object();

    put_media(o, "media", s->media);
    json_put_text(o, "source", s->id);
    json_put_text(o, "participant", s->participant);
    json_put_text(o, "credential", p != NULL ? p->credential : "");
    json_put_text(o, "name", p != NULL ? p->name : "");
    json_put_text(o, "kind", source_kind_name(s->kind));
    json_put_text(o, "side", s->presenter_side ? "presenter" : "customer");
    json_put_bool(o, "stacked", s->matte.laid_out);
    note(r, "source", o);
}

/* A publisher tells the layout of its picture after it has come on. */
static bool is_newly_stacked(struct recording *r, const struct source *s) {
    bool known = !s->matte.laid_out;

    for (size_t i = 0; i < VISIT_SOURCES_MAX; i++) {
        known = known || r->stacked[i] == s->media;
    }
    if (known) {
        return false;
    }
    r->stacked[r->stacked_next++ % VISIT_SOURCES_MAX] = s->media;
    return true;
}

/* Ids of media sessions grow, so the newest one known tells the new ones. */
static void note_sources(struct recording *r, const struct visit *v) {
    const struct source *source;
    uint64_t newest = r->last_source;

    for (size_t i = 0; (source = visit_source(v, i)) != NULL; i++) {
        if (is_newly_stacked(r, source) || source->media > r->last_source) {
            note_source(r, v, source);
            newest = source->media > newest ? source->media : newest;
        }
    }
    r->last_source = newest;
}

static struct json *slots_json(const media_id slots[static STAGE_SLOTS]) {
    struct json *list = json_new_list();
    char text[24];

    for (size_t i = 0; i < STAGE_SLOTS; i++) {
        snprintf(text, sizeof text, "%llu", (unsigned long long)slots[i]);
        json_add_text(list, text);
    }
    return list;
}

static void note_stage(struct recording *r, const struct visit *v) {
    const struct stage *from = visit_media_stage(v);
    struct media_stage stage = {.main_video = from->main_video, .main_audio = from->main_audio};

    memcpy(stage.video, from->video, sizeof stage.video);
    memcpy(stage.audio, from->audio, sizeof stage.audio);
    if (memcmp(&stage, &r->stage, sizeof stage) == 0) { /* 64-bit numbers only: no padding */
        return;
    }
    struct json *o = json_new_object();
    put_media(o, "main_video", stage.main_video);
    put_media(o, "main_audio", stage.main_audio);
    json_put(o, "video", slots_json(stage.video));
    json_put(o, "audio", slots_json(stage.audio));
    note(r, "stage", o);
    r->stage = stage;
}

/* Questions of the presenter's side and of those who agreed. */
static void note_question(struct recording *r, const struct visit *v, const struct question *q) {
    const struct participant *p = visit_find_participant(v, q->participant);

    if (p == NULL || (p->role == PARTICIPANT_CUSTOMER && !p->consented_recording) ||
        !visit_summary(v)->recording_active) {
        return;
    }
    struct json *o = json_new_object();
    json_put_text(o, "participant", q->participant);
    json_put_text(o, "credential", q->credential);
    json_put_text(o, "name", q->name);
    json_put_text(o, "text", q->text);
    note(r, "question", o);
}

static void note_questions(struct recording *r, const struct visit *v) {
    const struct visit_event *e;

    while ((e = visit_event_after(v, r->seq)) != NULL) {
        const struct question *q =
            e->type == VISIT_EVENT_QUESTION ? visit_find_question(v, e->question) : NULL;
        if (q != NULL) {
            note_question(r, v, q);
        }
        r->seq = e->seq;
    }
}

/* ---- The recorder ---- */

static void begin_pause(struct recording *r, usec_t now, bool active) {
    if (r->active == active) {
        return;
    }
    r->active = active;
    r->since = now;
    if (!active) {
        note(r, "pause", NULL);
        r->told_pause = true;
    } else if (r->told_pause) {
        note(r, "resume", NULL);
        r->told_pause = false;
    }
}

static void start_recorder(struct signal *s, struct recording *r) {
    struct job_service service = {.kind = JOB_RECORD};

    recording_path(s->config->data_dir, r->visit, "/tracks", service.directory,
                   sizeof service.directory);
    int error = s->jobs->serve(s->jobs->ctx, &service, &r->job);
    if (error < 0) { /* the tick tries again */
        r->job = 0;
        log_warn("recording.refused", "visit=%s error=%d", r->visit, -error);
        return;
    }
    r->stopping = false;
    log_info("recording.started", "visit=%s", r->visit);
}

static void stop_recorder(struct signal *s, struct recording *r) {
    if (r->job != 0 && !r->stopping) {
        r->stopping = true;
        s->jobs->stop(s->jobs->ctx, r->job);
    }
}

static void tell_media(struct signal *s, struct recording *r, const struct live *live) {
    struct media_recorded list = {0};

    list.count = visit_recorded(live->visit, list.sources);
    if (memcmp(&list, &r->recorded, sizeof list) == 0) {
        return;
    }
    int error = media_set_recorded(s->media, live->room, &list);
    if (error == 0) {
        r->recorded = list;
    } else { /* the next change or tick tries again */
        log_warn("recording.tap", "visit=%s error=%d", r->visit, -error);
    }
}

/* For a while: recordings_look looks again. */
static void block(struct live *live, const char *problem, usec_t now) {
    visit_block_recording(live->visit, problem);
    live->recording_look_at = now + TRY_AGAIN;
}

static struct recording *begin(struct signal *s, struct live *live, usec_t now) {
    const char *visit = visit_id(live->visit);
    struct recording *r = calloc(1, sizeof *r);
    int error = r != NULL ? recording_log_open(&r->log, s->config->data_dir, visit) : -ENOMEM;

    if (error < 0) {
        free(r);
        log_error("recording.refused", "visit=%s error=%d", visit, -error);
        block(live, error == -ENOSPC ? "disk_full" : "no_recorder", now);
        return NULL;
    }
    snprintf(r->visit, sizeof r->visit, "%s", visit);
    r->seq = visit_seq(live->visit);
    r->since = now;
    r->began = recording_began(s->config->data_dir, visit);
    r->told_pause = !r->log.fresh;
    r->next = s->recordings->first;
    s->recordings->first = r;
    if (r->log.fresh) {
        note_title(r, visit_summary(live->visit));
        note(r, "start", NULL);
    }
    return r;
}

static void finish(struct signal *s, struct recording *r, usec_t now) {
    note(r, "end", NULL);
    recording_log_close(&r->log);
    r->ended = true;
    r->active = false;
    r->since = now;
    if (r->job == 0) {
        replays_make(s, r->visit, r->title);
        recording_free(s, r);
    }
}

void recordings_follow(struct signal *s, struct live *live) {
    const struct visit *v = live->visit;
    struct recording *r = find(s, visit_id(v));
    const usec_t now = clock_now();

    if (r != NULL && r->ended) {
        return;
    }
    if (visit_summary(v)->recording_active) {
        visit_block_recording(live->visit, problem(s, r));
    }
    const bool active = visit_summary(v)->recording_active;
    if (r == NULL && active) {
        r = begin(s, live, now);
    }
    if (r == NULL) {
        if (visit_state(v) == VISIT_ENDED && !live->ended) {
            recordings_visit_ended(s, visit_id(v), visit_summary(v)->title);
        }
        return;
    }
    note_title(r, visit_summary(v));
    const bool revoked = note_words(r, v);
    note_sources(r, v);
    note_stage(r, v);
    note_questions(r, v);
    tell_media(s, r, live);
    begin_pause(r, now, active);
    if (revoked) {
        recording_purge(s->config->data_dir, r->visit);
    }
    if (active && r->job == 0) {
        start_recorder(s, r);
    }
    if (visit_state(v) == VISIT_ENDED) {
        media_record(s->media, live->room, -1);
        finish(s, r, now);
    }
}

void recordings_leave(struct signal *s, struct live *live) {
    struct recording *r = find(s, visit_id(live->visit));

    if (r == NULL || r->ended) {
        return;
    }
    media_record(s->media, live->room, -1);
    begin_pause(r, clock_now(), false);
    recording_log_close(&r->log);
    if (r->job != 0) { /* its events find nobody then, which is well */
        s->jobs->stop(s->jobs->ctx, r->job);
    }
    recording_free(s, r);
}

void recordings_visit_ended(struct signal *s, const char *visit, const char *title) {
    struct recording_log log;

    if (find(s, visit) != NULL || !recording_exists(s->config->data_dir, visit)) {
        return;
    }
    if (recording_log_open(&log, s->config->data_dir, visit) == 0) {
        recording_log_add(&log, "end", NULL);
        recording_log_close(&log);
    }
    replays_make(s, visit, title);
}

void recordings_forget(struct signal *s, const char *visit) {
    struct recording *r = find(s, visit);

    if (r != NULL) {
        stop_recorder(s, r);
        recording_free(s, r);
    }
    replays_forget(s, visit);
}

/* ---- A customer's word ---- */

static void say_in_visit(struct live *live, const char *credential, bool agreed) {
    const struct participant *p;

    for (size_t i = 0; (p = visit_participant(live->visit, i)) != NULL; i++) {
        if (p->role == PARTICIPANT_CUSTOMER && strcmp(p->credential, credential) == 0) {
            visit_consent(live->visit, p->id, p->consented, agreed);
        }
    }
}

/* Nothing more will be recorded, and what was removed does not come back: a no is final. */
static bool say_after_end(struct signal *s, const struct visit_row *visit, const char *credential,
                          bool agreed) {
    const char *data_dir = s->config->data_dir;
    const int before = recording_word(data_dir, visit->id, credential);

    if (before == 0 || (before == 1 && agreed)) {
        return before == 1;
    }
    if (recording_log_consent(data_dir, visit->id, credential, agreed) == 0 && !agreed) {
        recording_purge(data_dir, visit->id);
        replays_make(s, visit->id, visit->title);
    }
    return agreed;
}

bool recordings_consent(struct signal *s, const struct visit_row *visit, const char *credential,
                        bool agreed) {
    struct live *live = live_find(s, visit->id);
    struct recording *r = find(s, visit->id);

    if (live != NULL && visit_state(live->visit) != VISIT_ENDED) {
        say_in_visit(live, credential, agreed);
        live_changed(s, live);
        r = find(s, visit->id);
    }
    if (r != NULL && !r->ended) {
        if (learn_word(r, credential, agreed)) { /* who is not here now */
            note_word(r, credential, agreed);
            if (!agreed) {
                recording_purge(s->config->data_dir, visit->id);
            }
        }
        return agreed;
    }
    if (r != NULL || visit->state == VISIT_ENDED) {
        return say_after_end(s, visit, credential, agreed);
    }
    if (recording_log_consent(s->config->data_dir, visit->id, credential, agreed) == 0 && !agreed) {
        recording_purge(s->config->data_dir, visit->id);
    }
    return agreed;
}

/* ---- Events and time ---- */

static void recorder_started(struct signal *s, struct recording *r, int fd) {
    struct live *live = live_find(s, r->visit);

    if (fd < 0) {
        return;
    }
    if (live == NULL || r->ended || r->stopping) {
        close(fd);
        return;
    }
    int error = media_record(s->media, live->room, fd);
    if (error < 0) {
        log_warn("recording.tap", "visit=%s error=%d", r->visit, -error);
        stop_recorder(s, r);
    }
}

static void recorder_over(struct signal *s, struct recording *r, const struct job_event *e) {
    struct live *live = live_find(s, r->visit);

    log_info("recording.stopped", "visit=%s reason=%s message=\"%s\"", r->visit, e->reason,
             e->message);
    r->job = 0;
    r->stopping = false;
    if (r->ended) {
        replays_make(s, r->visit, r->title);
        recording_free(s, r);
    } else if (live != NULL && e->type == JOB_EVENT_FAILED) {
        block(live, strcmp(e->reason, "disk_full") == 0 ? "disk_full" : "no_recorder", clock_now());
        live_changed(s, live);
    }
}

bool recordings_job_event(struct signal *s, const struct job_event *e) {
    struct recording *r = s->recordings->first;

    while (r != NULL && (r->job == 0 || r->job != e->job)) {
        r = r->next;
    }
    if (r == NULL) {
        return false;
    }
    switch (e->type) {
    case JOB_EVENT_STARTED:
        recorder_started(s, r, e->fd);
        break;
    case JOB_EVENT_RESTARTING:
        log_warn("recording.restarting", "visit=%s reason=\"%s\"", r->visit, e->message);
        if (r->ended || strcmp(e->reason, "disk_full") == 0) {
            stop_recorder(s, r);
        }
        break;
    case JOB_EVENT_FAILED:
    case JOB_EVENT_ENDED:
    case JOB_EVENT_READY:
        recorder_over(s, r, e);
        break;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
    case JOB_EVENT_MATTE:
    case JOB_EVENT_GATE:
        break;
    }
    return true;
}

static void tick_ended(struct signal *s, struct recording *r, usec_t now) {
    if (now >= r->since + FINISH) {
        stop_recorder(s, r);
    }
    if (now >= r->since + FINISH_MAX) {
        log_warn("recording.slow", "visit=%s", r->visit);
        replays_make(s, r->visit, r->title);
        recording_free(s, r);
    }
}

void recordings_look(struct signal *s, struct live *live, usec_t now) {
    const struct visit_summary *summary = visit_summary(live->visit);
    const char *known = summary->recording_problem;

    if (now < live->recording_look_at || summary->state != VISIT_LIVE ||
        (known[0] == '\0' && !summary->recording_active)) {
        return;
    }
    live->recording_look_at = now + LOOK_AT_DISK;
    const uint64_t seq = visit_seq(live->visit);
    visit_block_recording(live->visit, problem(s, find(s, visit_id(live->visit))));
    if (visit_seq(live->visit) != seq) {
        live_changed(s, live);
    } else {
        recordings_follow(s, live); /* what was refused a moment ago */
    }
}

void recordings_tick(struct signal *s, usec_t now) {
    for (struct recording *r = s->recordings->first, *next; r != NULL; r = next) {
        next = r->next;
        if (r->ended) {
            tick_ended(s, r, now);
        } else if (!r->active && now >= r->since + LINGER) {
            stop_recorder(s, r);
        }
    }
}
