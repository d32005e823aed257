#include "app/job_queue.h"

#include <errno.h>

enum rank { FIRST, AGED, USUAL, LAST };

static enum rank rank_of(const struct job_queue_entry *entry, usec_t now) {
    if (entry->kind == JOB_ASSEMBLE) {
        return FIRST;
    }
    if (now >= entry->since + JOB_QUEUE_AGED) {
        return AGED;
    }
    return entry->kind == JOB_ENRICH ? LAST : USUAL;
}

static bool before(const struct job_queue_entry *a, const struct job_queue_entry *b, usec_t now) {
    enum rank rank = rank_of(a, now), other = rank_of(b, now);
    if (rank != other) {
        return rank < other;
    }
    if (rank == USUAL && a->weight != b->weight) {
        return a->weight < b->weight;
    }
    return a->id < b->id;
}

static const struct job_queue_entry *find(const struct job_queue *q, job_id id) {
    for (size_t i = 0; i < q->count; i++) {
        if (q->entries[i].id == id) {
            return &q->entries[i];
        }
    }
    return NULL;
}

int job_queue_add(struct job_queue *q, const struct job_queue_entry *entry) {
    if (q->count == q->max) {
        return -ENOBUFS;
    }
    q->entries[q->count++] = *entry;
    return 0;
}

void job_queue_remove(struct job_queue *q, job_id id) {
    const struct job_queue_entry *entry = find(q, id);
    if (entry) {
        q->entries[entry - q->entries] = q->entries[--q->count];
    }
}

const struct job_queue_entry *job_queue_next(const struct job_queue *q, usec_t now) {
    const struct job_queue_entry *best = NULL;
    for (size_t i = 0; i < q->count; i++) {
        if (!best || before(&q->entries[i], best, now)) {
            best = &q->entries[i];
        }
    }
    return best;
}

size_t job_queue_ahead(const struct job_queue *q, job_id id, usec_t now) {
    const struct job_queue_entry *own = find(q, id);
    size_t n = 0;
    for (size_t i = 0; own && i < q->count; i++) {
        n += &q->entries[i] != own && before(&q->entries[i], own, now);
    }
    return n;
}

bool job_queue_has(const struct job_queue *q, job_id id) {
    return find(q, id) != NULL;
}
