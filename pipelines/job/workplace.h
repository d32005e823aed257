/* job/workplace.h: a directory that appears whole or not at all: work happens beside its final
 * place and is moved there at the end. */
#pragma once
#include "job/report.h"

struct workplace {
    char *final, *temporary;
};

/* 0, or -1 with `out_exists` (something else is there), `cannot_write`, `disk_full`. A presentation
 * that is already at `path` will be replaced. */
int workplace_open(struct workplace *w, const char *path, struct failure *ret);

/* Moves the work to its place; an older presentation there goes. 0 or -1 with a failure. */
int workplace_commit(struct workplace *w, struct failure *ret);

/* Removes what was not committed. Zeroed is fine. */
void workplace_clear(struct workplace *w);
