/* app/plugin_check.h: are the GStreamer plug-ins there? Asked of `parlour-pipeline doctor`, which
 * prints a JSON line for each element. */
#pragma once
#include "base/spans.h"

#include <stdbool.h>
#include <stddef.h>

struct plugin_check {
    unsigned present, missing;
    char element[64], purpose[128], package[128]; /* of the first one that is missing */
    bool confinement;                             /* it was said what the kernel has: */
    unsigned landlock;                            /* its ABI, 0 none */
    bool seccomp;
};

/* One line; false when it is not understood. */
bool plugin_check_line(struct plugin_check *check, struct bytes line);

/* Runs `program` doctor. `each` (may be NULL) is called for every element. 0 with the counts, or
 * −errno when it cannot be run or says nothing. */
int plugin_check_run(const char *program, struct plugin_check *ret,
                     void (*each)(const char *element, bool present, const char *purpose,
                                  const char *package));
