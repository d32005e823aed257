/* visit/event_log.h: the last VISIT_LOG_MAX events of a visit, numbered without gaps. */
#pragma once
#include "visit/visit.h"

struct event_log {
    uint64_t next_seq; /* of the event that comes next */
    size_t used;
    struct visit_event events[VISIT_LOG_MAX]; /* by seq modulo VISIT_LOG_MAX */
};

void event_log_init(struct event_log *log, uint64_t first_seq); /* first_seq > 0 */

/* A zeroed event with its seq, to be filled by the caller. The oldest is overwritten when full. */
struct visit_event *event_log_add(struct event_log *log, enum visit_event_type type);

/* The first event with a greater seq that is still there, or NULL. */
const struct visit_event *event_log_after(const struct event_log *log, uint64_t seq);

/* True when no event after `seq` was overwritten and `seq` is of this run. */
bool event_log_reaches(const struct event_log *log, uint64_t seq);
