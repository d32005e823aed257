/* The parts of a visit that a replay is made of: what may be recorded, and what was asked. */
#include "visit/visit_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

_Static_assert(QUESTION_NAME_MAX == VISIT_NAME_MAX, "a question holds a whole name");

/* ---- The rule ---- */

/* Listed as present, or sending while the WebSocket comes back. */
static bool is_here(const struct visit *v, const struct participant *p) {
    for (size_t i = 0; !p->present && i < v->source_count; i++) {
        if (v->sources[i].alive && strcmp(v->sources[i].participant, p->id) == 0) {
            return true;
        }
    }
    return p->present;
}

static bool has_agreed(const struct participant *p) {
    return p->role == PARTICIPANT_CUSTOMER && p->consented_recording;
}

static struct recording_facts facts_of(const struct visit *v) {
    struct recording_facts facts = {.live = v->summary.state == VISIT_LIVE,
                                    .recording = v->summary.recording};
    if (v->summary.recording_problem[0] != '\0') {
        facts.recording = RECORDING_OFF;
    }
    for (size_t i = 0; i < v->participant_count; i++) {
        const struct participant *p = &v->participants[i];
        facts.customer_agreed |= has_agreed(p) && is_here(v, p);
    }
    return facts;
}

static bool takes(const struct visit *v, const struct recording_facts *facts,
                  const struct source *s) {
    if (s->presenter_side) {
        return recording_takes_presenter(facts);
    }
    const struct participant *p = visit_participant_by_id(v, s->participant);
    return recording_takes_customer(facts, p && has_agreed(p));
}

bool visit_is_recorded(const struct visit *v, const struct source *s) {
    const struct recording_facts facts = facts_of(v);
    return takes(v, &facts, s);
}

size_t visit_recorded(const struct visit *v, uint64_t ret_media[static VISIT_SOURCES_MAX]) {
    const struct recording_facts facts = facts_of(v);
    size_t n = 0;
    for (size_t i = 0; i < v->source_count; i++) {
        if (takes(v, &facts, &v->sources[i])) {
            ret_media[n++] = v->sources[i].media;
        }
    }
    return n;
}

bool visit_settle_recording(struct visit *v) {
    const struct recording_facts facts = facts_of(v);
    bool active = recording_takes_presenter(&facts);
    for (size_t i = 0; !active && i < v->source_count; i++) {
        active = takes(v, &facts, &v->sources[i]);
    }
    const bool changed = active != v->summary.recording_active;
    v->summary.recording_active = active;
    return changed;
}

/* ---- Questions ---- */

static size_t count_characters(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return n;
}

int visit_ask(struct visit *v, const char *participant, const char *text, usec_t now,
              uint64_t unix_ms) {
    struct participant *p = visit_participant_by_id(v, participant);
    if (v->summary.state == VISIT_ENDED) {
        return -EPERM;
    }
    if (!p) {
        return -ENOENT;
    }
    text += strspn(text, " \t\r\n");
    if (*text == '\0') {
        return -EINVAL;
    }
    if (count_characters(text) > QUESTION_CHARACTERS_MAX || strlen(text) >= QUESTION_TEXT_MAX) {
        return -EMSGSIZE;
    }
    if (now < p->ask_from) {
        return -EAGAIN;
    }
    p->ask_from = now + VISIT_ASK_EVERY;
    struct question *q = questions_add(v->questions);
    memcpy(q->participant, p->id, ID_MAX);
    memcpy(q->credential, p->credential, ID_MAX);
    memcpy(q->name, p->name, sizeof(q->name));
    visit_put_text(q->text, sizeof(q->text), text);
    q->asked = unix_ms;
    struct visit_event *e = event_log_add(&v->log, VISIT_EVENT_QUESTION);
    e->question = q->number;
    q->seq = e->seq;
    return 0;
}

const struct question *visit_question(const struct visit *v, size_t n) {
    return questions_at(v->questions, n);
}

const struct question *visit_find_question(const struct visit *v, uint64_t number) {
    return questions_find(v->questions, number);
}
