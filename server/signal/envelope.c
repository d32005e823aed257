#include "signal/envelope.h"
#include "media/media_api.h"
#include "signal/websocket.h"
#include "visit/visit.h"
#include "wire/json.h"
#include "wire/matte_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const envelope_members[] = {"v", "id", "type", "seq", "data", NULL};

static int read_members(const struct json *root, struct envelope *ret) {
    int64_t version = 0;
    const char *type = NULL, *id = "";

    if (json_kind_of(root) != JSON_KIND_OBJECT ||
        json_unknown_member(root, envelope_members) != NULL ||
        json_get_int(root, "v", &version) < 0 || version != ENVELOPE_VERSION ||
        json_get_text(root, "type", &type) < 0 || type[0] == '\0' ||
        strlen(type) >= ENVELOPE_TYPE_MAX || json_get_text(root, "id", &id) == -EINVAL ||
        strlen(id) > ENVELOPE_ID_MAX) {
        return -EINVAL;
    }
    const struct json *data = json_get(root, "data");
    if (json_kind_of(data) == JSON_KIND_NULL) {
        data = NULL;
    }
    if (data != NULL && json_kind_of(data) != JSON_KIND_OBJECT) {
        return -EINVAL;
    }
    snprintf(ret->type, sizeof ret->type, "%s", type);
    snprintf(ret->id, sizeof ret->id, "%s", id);
    ret->data = data;
    return 0;
}

int envelope_parse(struct bytes text, struct envelope *ret) {
    struct json *root = NULL;
    struct envelope e = {0};
    int r = json_parse(text, WS_MESSAGE_MAX, &root);

    if (r < 0) {
        return r;
    }
    r = read_members(root, &e);
    if (r < 0) {
        json_free(root);
        return r;
    }
    e.root = root;
    *ret = e;
    return 0;
}

void envelope_clear(struct envelope *e) {
    json_free(e->root);
    memset(e, 0, sizeof *e);
}

char *envelope_text(const char *type, const char *id, uint64_t seq, struct json *data) {
    struct json *o = json_new_object();

    json_put_int(o, "v", ENVELOPE_VERSION);
    if (id != NULL && id[0] != '\0') {
        json_put_text(o, "id", id);
    }
    json_put_text(o, "type", type);
    if (seq != 0) {
        json_put_int(o, "seq", (int64_t)seq);
    }
    json_put(o, "data", data != NULL ? data : json_new_object());
    char *text = json_write_text(o, false, NULL);
    json_free(o);
    return text;
}

char *envelope_error(const char *id, const char *code, const char *message) {
    struct json *data = json_new_object();

    json_put_text(data, "code", code);
    json_put_text(data, "message", message);
    return envelope_text("error", id, 0, data);
}

struct json *envelope_participant(const struct participant *p) {
    struct json *o = json_new_object();

    json_put_text(o, "id", p->id);
    json_put_text(o, "name", p->name);
    json_put_text(o, "role", participant_role_name(p->role));
    json_put_bool(o, "present", p->present);
    json_put_bool(o, "consented", p->consented);
    json_put_bool(o, "consented_recording", p->consented_recording);
    return o;
}

static struct json *source_json(const struct source *source) {
    struct json *o = json_new_object();

    json_put_text(o, "id", source->id);
    json_put_text(o, "participant", source->participant);
    json_put_text(o, "kind", source_kind_name(source->kind));
    json_put_bool(o, "audio", source->audio);
    json_put_bool(o, "video", source->video);
    json_put_bool(o, "alive", source->alive);
    json_put_bool(o, "audio_alive", source->audio_alive);
    json_put_bool(o, "video_alive", source->video_alive);
    matte_put(o, &source->matte);
    return o;
}

static const char *slot_text(const char *id) {
    return id[0] != '\0' ? id : NULL;
}

static struct json *slots_json(const char slots[STAGE_SLOTS][ID_MAX]) {
    struct json *list = json_new_list();

    for (size_t i = 0; i < STAGE_SLOTS; i++) {
        json_add(list, slots[i][0] != '\0' ? json_new_text(slots[i]) : NULL);
    }
    return list;
}

static struct json *stage_json(const struct visit_stage *stage) {
    struct json *o = json_new_object();

    json_put_text(o, "main", slot_text(stage->main));
    json_put(o, "video", slots_json(stage->video));
    json_put(o, "audio", slots_json(stage->audio));
    return o;
}

static void put_summary(struct json *o, const struct visit_summary *summary) {
    json_put_text(o, "title", summary->title);
    json_put_text(o, "state", visit_state_name(summary->state));
    json_put_text(o, "recording", visit_recording_name(summary->recording));
    json_put_bool(o, "recording_active", summary->recording_active);
    json_put_text(o, "recording_problem",
                  summary->recording_problem[0] != '\0' ? summary->recording_problem : NULL);
}

static struct json *summary_json(const struct visit_summary *summary) {
    struct json *o = json_new_object();

    put_summary(o, summary);
    return o;
}

static struct json *question_json(const struct question *q) {
    struct json *o = json_new_object();
    char id[ID_MAX];

    snprintf(id, sizeof id, "q%llu", (unsigned long long)q->number);
    json_put_text(o, "id", id);
    json_put_text(o, "participant", q->participant);
    json_put_text(o, "name", q->name);
    json_put_text(o, "text", q->text);
    json_put_int(o, "t", (int64_t)q->asked);
    return o;
}

struct json *envelope_state(const struct visit *v) {
    struct json *o = json_new_object();
    struct json *visit = json_new_object();
    struct json *participants = json_new_list();
    struct json *sources = json_new_list();
    struct json *questions = json_new_list();

    json_put_text(visit, "id", visit_id(v));
    put_summary(visit, visit_summary(v));
    json_put(o, "visit", visit);
    for (size_t i = 0; visit_participant(v, i) != NULL; i++) {
        json_add(participants, envelope_participant(visit_participant(v, i)));
    }
    json_put(o, "participants", participants);
    for (size_t i = 0; visit_source(v, i) != NULL; i++) {
        json_add(sources, source_json(visit_source(v, i)));
    }
    json_put(o, "sources", sources);
    json_put(o, "stage", stage_json(visit_stage(v)));
    for (size_t i = 0; visit_question(v, i) != NULL; i++) {
        json_add(questions, question_json(visit_question(v, i)));
    }
    json_put(o, "questions", questions);
    return o;
}

static struct json *with(const char *key, struct json *value) {
    struct json *o = json_new_object();

    json_put(o, key, value);
    return o;
}

static struct json *with_id(const char *id) {
    struct json *o = json_new_object();

    json_put_text(o, "id", id);
    return o;
}

static struct json *invite_json(const char *id, const char *name) {
    struct json *o = with_id(id);

    json_put_text(o, "name", name);
    return o;
}

static char *question_text(const struct visit *v, const struct visit_event *e) {
    const struct question *q = visit_find_question(v, e->question);

    return q != NULL ? envelope_text("question", NULL, e->seq, with("question", question_json(q)))
                     : NULL;
}

char *envelope_event(const struct visit *v, const struct visit_event *e) {
    switch (e->type) {
    case VISIT_EVENT_PARTICIPANT_JOINED:
        return envelope_text("participant.joined", NULL, e->seq,
                             with("participant", envelope_participant(&e->participant)));
    case VISIT_EVENT_PARTICIPANT_LEFT:
        return envelope_text("participant.left", NULL, e->seq, with_id(e->participant.id));
    case VISIT_EVENT_PARTICIPANT_CHANGED:
        return envelope_text("participant.changed", NULL, e->seq,
                             with("participant", envelope_participant(&e->participant)));
    case VISIT_EVENT_SOURCE_ADDED:
        return envelope_text("source.added", NULL, e->seq, with("source", source_json(&e->source)));
    case VISIT_EVENT_SOURCE_CHANGED:
        return envelope_text("source.changed", NULL, e->seq,
                             with("source", source_json(&e->source)));
    case VISIT_EVENT_SOURCE_REMOVED:
        return envelope_text("source.removed", NULL, e->seq, with_id(e->source.id));
    case VISIT_EVENT_STAGE:
        return envelope_text("stage", NULL, e->seq, stage_json(&e->stage));
    case VISIT_EVENT_VISIT:
        return envelope_text("visit", NULL, e->seq, summary_json(&e->summary));
    case VISIT_EVENT_INVITE_OPENED:
        return envelope_text("invite.opened", NULL, e->seq,
                             with("invite", invite_json(e->invite.id, e->invite.name)));
    case VISIT_EVENT_QUESTION:
        return question_text(v, e);
    }
    return NULL;
}

char *envelope_quality(const char *participant, const struct media_event *e) {
    struct json *data = json_new_object();

    json_put_text(data, "participant", participant);
    json_put_int(data, "dots", e->quality.dots);
    json_put_number(data, "loss", (double)e->quality.loss);
    json_put_int(data, "rtt_ms", e->quality.rtt_ms);
    json_put_int(data, "kbit_s", e->quality.kbit_s);
    return envelope_text("quality", NULL, 0, data);
}

char *envelope_unplayable(const struct media_event *e) {
    struct json *data = json_new_object();

    json_put_text(data, "kind", e->unplayable.kind == MEDIA_VIDEO ? "video" : "audio");
    json_put_text(data, "codec", media_codec_name(e->unplayable.codec));
    return envelope_text("unplayable", NULL, 0, data);
}

char *envelope_going_away(unsigned seconds) {
    struct json *data = json_new_object();

    json_put_int(data, "seconds", seconds);
    return envelope_text("going-away", NULL, 0, data);
}

char *envelope_feed(const struct feed_news *news) {
    struct json *data = json_new_object();

    json_put_text(data, "source", news->source);
    json_put_text(data, "state", news->state);
    if (news->delay_ms >= 0) {
        json_put_int(data, "delay_ms", (int64_t)news->delay_ms);
    } else {
        json_put_null(data, "delay_ms");
    }
    json_put_text(data, "detail", news->detail);
    return envelope_text("feed", NULL, 0, data);
}
