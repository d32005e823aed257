/* signal/compiles.h: films that become walkthroughs: the queue of compile jobs, what each has
 * reached, and what its outcome means for the row in the store and the files on the disk. Progress
 * lives here alone; only outcomes are stored. */
#pragma once
#include "base/jobs.h"
#include "store/rows.h"

struct signal;

int compiles_new(struct signal *s);
void compiles_free(struct signal *s);

/* At the start: walkthroughs that were left "compiling" by an earlier run start again, in the order
 * in which they were queued. Replays are not touched. */
void compiles_resume(struct signal *s);

/* The row is stored as compiling: starts to compile `row.source` in place of what is being compiled
 * for this row. When it is ready the old film goes; when it fails, the old one stays and the source
 * is kept for another try. 0, -ENOSYS (no pipelines), -ENOBUFS, -ENOMEM. */
int compiles_start(struct signal *s, const struct walkthrough_row *row);

/* What is being compiled for the row ends without a trace; its files are the caller's to remove or
 * keep. False: nothing was. */
bool compiles_drop(struct signal *s, const char *walkthrough);

struct compile_state {
    double fraction, seconds_left; /* < 0: unknown */
    size_t ahead;                  /* jobs before it; then `stage` is "queued" */
    char stage[JOB_WORD_MAX];
};

/* False: nothing is being compiled for the row. */
bool compiles_state(struct signal *s, const char *walkthrough, struct compile_state *ret);

void compiles_count(const struct signal *s, size_t *running, size_t *waiting);

/* True when the event was about one of these jobs. */
bool compiles_job_event(struct signal *s, const struct job_event *e);
