/* tests/bench/samples.h: values to take percentiles of, and what /proc says about a process. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct samples {
    double *values;
    size_t count, room;
};

void samples_add(struct samples *s, double value);
void samples_reset(struct samples *s);
/* `share` from 0 to 1; −1 without samples. Sorts them. */
double samples_percentile(struct samples *s, double share);

struct usage {
    double cpu;     /* seconds of user and system time, all threads */
    double rss;     /* bytes */
    unsigned files; /* open */
    double core;    /* seconds the core was busy, whoever used it */
};

/* 0 or -ESRCH. */
int usage_read(int pid, int core, struct usage *ret);
