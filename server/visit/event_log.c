#include "visit/event_log.h"

#include <string.h>

void event_log_init(struct event_log *log, uint64_t first_seq) {
    log->next_seq = first_seq ? first_seq : 1;
    log->used = 0;
}

struct visit_event *event_log_add(struct event_log *log, enum visit_event_type type) {
    struct visit_event *e = &log->events[log->next_seq % VISIT_LOG_MAX];
    memset(e, 0, sizeof(*e));
    e->seq = log->next_seq++;
    e->type = type;
    if (log->used < VISIT_LOG_MAX) {
        log->used++;
    }
    return e;
}

const struct visit_event *event_log_after(const struct event_log *log, uint64_t seq) {
    uint64_t oldest = log->next_seq - log->used;
    uint64_t wanted = seq < oldest ? oldest : seq + 1;
    return wanted < log->next_seq ? &log->events[wanted % VISIT_LOG_MAX] : NULL;
}

bool event_log_reaches(const struct event_log *log, uint64_t seq) {
    return seq < log->next_seq && seq + 1 >= log->next_seq - log->used;
}
