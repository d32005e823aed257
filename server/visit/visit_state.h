/* visit/visit_state.h: what the files of a visit share; for this folder only. */
#pragma once
#include "visit/event_log.h"
#include "visit/visit.h"

struct visit {
    char id[ID_MAX];
    struct visit_summary summary;
    size_t participants_max, sources_max;
    size_t participant_count, source_count;
    struct participant *participants; /* in order of arrival */
    struct source *sources;           /* in order of arrival */
    uint64_t participants_made, sources_made;
    uint64_t chosen; /* media of stage.set, 0: the rules decide */
    struct stage stage;
    struct visit_stage named_stage;
    struct questions *questions;
    struct event_log log;
};

/* Copies what fits without cutting a UTF-8 character; control characters become spaces. */
void visit_put_text(char *to, size_t size, const char *from);

struct participant *visit_participant_by_id(const struct visit *v, const char *id);

/* Sets summary.recording_active by the rule; true when it changed. */
bool visit_settle_recording(struct visit *v);
