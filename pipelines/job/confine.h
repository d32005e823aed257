/* job/confine.h: after this a job reads its input and the system's libraries, writes into one
 * directory, and does nothing else: Landlock for files (and TCP), seccomp for system calls, limits
 * for memory and time. So a decoder that a file has taken over finds nothing to take.
 *
 * Call it when the options are known and GStreamer is initialised, before the first byte of the
 * input and before control_watch: Landlock binds the calling thread and those it makes later.
 * Linux: landlock(7), seccomp(2). */
#pragma once
#include "job/report.h"

#include <stdint.h>

#define CONFINE_READ_MAX 8

struct confinement {
    const char *read[CONFINE_READ_MAX]; /* files, or directories with all below; NULL: skipped */
    const char *write;    /* directory to make, change and remove files in; NULL: none */
    bool network;         /* may speak to other machines, and connect to Unix sockets */
    bool listen;          /* may wait for others; without `network` on Unix sockets alone */
    uint64_t memory;      /* bytes of data; 0: 1 GiB and twice what the server told, or 3 GiB */
    unsigned cpu_seconds; /* 0: no limit */
};

/* 0; or -1 with `no_confinement` when the kernel cannot do it, or `internal`. What does not exist
 * in `read` is no error: opening it will be one. */
int confine(const struct confinement *what, struct failure *failure);

/* Makes `confine` do nothing: --unconfined. */
void confine_off(void);

/* The kernel's Landlock ABI, 0 none. */
int confine_landlock(void);
bool confine_seccomp(void);
