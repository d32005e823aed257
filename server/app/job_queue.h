/* app/job_queue.h: the tasks that wait, and which one is next: replays first, what has waited
 * longest once it has waited long enough, then the lightest, and last what only makes a film
 * richer. Pure. */
#pragma once
#include "base/clock.h"
#include "base/jobs.h"

#define JOB_QUEUE_AGED SEC(600) /* after this a task goes by its age, whatever its weight */

struct job_queue_entry {
    job_id id; /* smaller ids came earlier */
    enum job_task_kind kind;
    uint64_t weight;
    usec_t since;
};

struct job_queue {
    size_t count, max;
    struct job_queue_entry *entries; /* of the owner, in no order */
};

/* -ENOBUFS when it is full. */
int job_queue_add(struct job_queue *q, const struct job_queue_entry *entry);
void job_queue_remove(struct job_queue *q, job_id id);
/* The entry to start next, or NULL. Valid until the next change. */
const struct job_queue_entry *job_queue_next(const struct job_queue *q, usec_t now);
/* How many go before `id`; 0 when it is first or not there. */
size_t job_queue_ahead(const struct job_queue *q, job_id id, usec_t now);
bool job_queue_has(const struct job_queue *q, job_id id);
