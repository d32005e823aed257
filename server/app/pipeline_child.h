/* app/pipeline_child.h: one running parlour-pipeline process: its pipes, its pid, its end. Used by
 * the supervisor's thread, or by a command, alone. */
#pragma once
#include "base/spans.h"

#include <stdbool.h>
#include <sys/types.h>

#define PIPELINE_CHILD_LINE_MAX 8192

struct pipeline_child {
    pid_t pid;             /* 0: none */
    int pidfd;             /* readable when it has ended */
    int input;             /* our end of its stdin; closing it ends the job */
    int output;            /* our end of its stdout, non-blocking */
    size_t used, consumed; /* of `line` */
    bool overlong;
    char line[PIPELINE_CHILD_LINE_MAX];
};

struct pipeline_start {
    const char *const *arguments; /* [0] is the program's path, NULL at the end */
    const char *const
        *variables; /* NAME=VALUE to add to our environment, NULL at the end; or NULL */
    int fd;         /* ≥ 0: the process finds it as descriptor 3; ours stays open */
    bool quiet;     /* standard error to nowhere, else it is inherited */
};

/* Starts a process in a group of its own. It ends with the thread that called this, whatever ends
 * that. 0 or −errno; `child` is then as after pipeline_child_clear. */
int pipeline_child_start(struct pipeline_child *child, const struct pipeline_start *start);

/* The next whole line without its end, or false: nothing more now (or ever: see *ret_closed). */
bool pipeline_child_line(struct pipeline_child *child, struct bytes *ret_line, bool *ret_closed);

/* Asks it to end, by the end of its stdin. */
void pipeline_child_ask(struct pipeline_child *child);

/* SIGTERM or SIGKILL to its group. */
void pipeline_child_signal(const struct pipeline_child *child, int signal);

/* Takes the exit status when it has ended: true, and the exit code, or 128 + the signal. */
bool pipeline_child_reap(struct pipeline_child *child, int *ret_code);

/* Closes the descriptors; kills and reaps what still runs. Zeroed and cleared ones are fine. */
void pipeline_child_clear(struct pipeline_child *child);
