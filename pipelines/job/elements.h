/* job/elements.h: the GStreamer elements the jobs are made of and the Debian packages they come in.
 */
#pragma once
#include "job/report.h"
#include <stddef.h>

enum element_use {
    ELEMENT_COMPILE = 1,
    ELEMENT_INGEST = 2,
    ELEMENT_DECODE = 4,
    ELEMENT_SLIDES = 8
};

struct element_need {
    const char *name;
    const char *package;
    const char *purpose;
    unsigned uses; /* of enum element_use */
};

extern const struct element_need element_needs[];
extern const size_t element_need_count;

/* True when the plug-in that makes `name` is installed. */
bool element_present(const char *name);

/* 0, or -1 and `missing_plugin` with a sentence when something for `use` is not installed. */
int elements_check(enum element_use use, struct failure *ret);
