/* app/pipeline_arguments.h: a job as the command line and environment of parlour-pipeline. Pure.
 * Whatever is secret goes by the environment, which other users cannot read. */
#pragma once
#include "base/jobs.h"

#define PIPELINE_ARGUMENTS_MAX 32
#define PIPELINE_VARIABLES_MAX 4
#define PIPELINE_FD "3" /* where a child finds its media socket */

struct pipeline_arguments {
    size_t count;
    const char *list[PIPELINE_ARGUMENTS_MAX]; /* NULL behind the last; points into the job, the
                                                 program's name and `words` */
    size_t variable_count;
    const char *variables[PIPELINE_VARIABLES_MAX]; /* to add to the environment, as the list */
    char words[JOB_PATH_MAX + 32];
    char passphrase[128], memory[64];
};

/* `ret` stays where it is as long as its lists are used. `output` is where the process puts what
 * belongs to task->output. */
void pipeline_arguments_task(const char *program, bool unconfined, const struct job_task *task,
                             const char *output, struct pipeline_arguments *ret);
void pipeline_arguments_ingest(const char *program, bool unconfined, const struct job_ingest *job,
                               struct pipeline_arguments *ret);
void pipeline_arguments_service(const char *program, bool unconfined,
                                const struct job_service *service, struct pipeline_arguments *ret);

/* Tells the process how many bytes it will be ended at; 0: nothing. After one of those above. */
void pipeline_arguments_memory(struct pipeline_arguments *a, uint64_t memory);
