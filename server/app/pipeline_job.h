/* app/pipeline_job.h: one job of the supervisor, from its start to its end. Owned by the
 * supervisor's thread. */
#pragma once
#include "app/job_room.h"
#include "app/job_words.h"
#include "app/pipeline_child.h"
#include "base/clock.h"
#include "base/jobs.h"

enum job_type { JOB_TASK, JOB_INGEST, JOB_SERVICE };

enum job_state {
    JOB_WAITING, /* task: its turn; else: its pause is over at `due` */
    JOB_RUNNING,
    JOB_ASKED,     /* to end; SIGTERM at `due` */
    JOB_TERMINATED /* SIGKILL at `due` */
};

struct job_order {
    enum job_type type;
    union {
        struct job_task task;
        struct job_ingest ingest;
        struct job_service service;
    };
};

struct job {
    struct job_order order;
    enum job_state state;
    job_id id;
    usec_t due, started, heard; /* heard: its last line */
    unsigned tries;
    bool stopped;          /* by the caller */
    bool has_last;         /* the process said ready, failed or ended itself: */
    struct job_event last; /* told when the process is gone and its disk is clean */
    bool judged;           /* it was killed for: */
    enum job_verdict verdict;
    uint64_t memory;      /* the most it was seen with, bytes */
    struct job_room room; /* TASK with an output, while it runs: where the process has to put it */
    struct pipeline_child child;
};

/* What jobs need of their supervisor. */
struct job_house {
    const char *program, *rooms; /* rooms: directory for job_room_open */
    bool unconfined;
    struct job_limits limits;
    void (*tell)(void *ctx, const struct job_event *event); /* takes the fd of the event */
    void *ctx;
};

struct job *job_new(job_id id, const struct job_order *order);
/* Kills what still runs. NULL is fine. */
void job_free(struct job *job);

/* Each returns false when the job is over and told so: free it. */
bool job_start(const struct job_house *house, struct job *job, usec_t now);
bool job_stop(const struct job_house *house, struct job *job, usec_t now);
bool job_ended(const struct job_house *house, struct job *job, int code, usec_t now);
/* At `due`. */
bool job_due(const struct job_house *house, struct job *job, usec_t now);

/* Its standard output is readable. */
void job_read(const struct job_house *house, struct job *job, usec_t now);
/* Once in a while: ends one that takes too much memory or time. */
void job_watch(const struct job_house *house, struct job *job, usec_t now);
/* Has a process. */
bool job_runs(const struct job *job);
