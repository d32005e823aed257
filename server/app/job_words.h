/* app/job_words.h: what people are told when a job ends without words of its own. Pure. */
#pragma once
#include "base/jobs.h"

enum job_verdict {
    VERDICT_CRASHED,
    VERDICT_TOO_MUCH_MEMORY,
    VERDICT_SILENT,   /* said nothing for too long */
    VERDICT_TOO_LONG, /* ran for too long */
    VERDICT_TOO_BIG   /* wrote too much */
};

struct job_limits {
    uint64_t memory;  /* bytes */
    unsigned silence; /* seconds */
    unsigned seconds; /* that a task may take */
};

/* The stable word: crashed, too_much_memory, too_long, too_big. */
const char *job_verdict_reason(enum job_verdict verdict);

/* A sentence for whoever gave the file to the task. */
void job_verdict_message(enum job_verdict verdict, enum job_task_kind kind,
                         const struct job_limits *limits, char ret[static JOB_MESSAGE_MAX]);

/* How a process ended by itself: `code` as pipeline_child_reap gives it, `memory` the most that it
 * was seen with. */
enum job_verdict job_verdict_of(int code, uint64_t memory, const struct job_limits *limits);
