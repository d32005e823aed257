/* app/pipeline_process.h: the supervisor of parlour-pipeline processes: starts them, reads their
 * JSON lines, restarts ingests and services that die (back-off 1 s … 30 s), ends by pid what takes
 * too much memory or time, and clears away what a dead one left. A thread of its own does the
 * waiting; commands go to it and events come back by mailbox. No process outlives the server: each
 * ends when its stdin closes, and the kernel kills it when that thread is gone. */
#pragma once
#include "app/job_words.h"
#include "base/jobs.h"

#include <stddef.h>

struct pipelines;

struct pipelines_config {
    const char *program;      /* path of parlour-pipeline */
    const char *rooms;        /* directory for what is being made, on the disk where it belongs */
    size_t compile_jobs;      /* tasks at the same time, and one replay besides; 0: 1 */
    size_t jobs_max;          /* running and waiting; 0: 64 */
    struct job_limits limits; /* each 0: none */
    bool unconfined;          /* let them read and write everything */
    void (*wake)(void *ctx);  /* any thread: an event waits */
    void *wake_ctx;
};

/* 0 or −errno. The program is looked for at each start, not here. */
int pipelines_new(const struct pipelines_config *config, struct pipelines **ret);

/* Asks every process to end (SIGTERM after 2 s, SIGKILL after 3 s) and joins. NULL is fine. */
void pipelines_free(struct pipelines *p);

/* The functions for signal (see base/jobs.h). Valid as long as `p`. */
void pipelines_jobs(struct pipelines *p, struct jobs *ret);

/* Number of running processes. */
size_t pipelines_running(const struct pipelines *p);
