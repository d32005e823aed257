/* routing/aimd_rate.h: the rate that follows the use of the path: it grows by a share a second,
 * near where it had to fall before by about a packet per response time, and falls below what
 * arrives when the path is overused (draft-ietf-rmcat-gcc-02 §5.5). */
#pragma once
#include "routing/overuse_detector.h"

#include <stdbool.h>

#define AIMD_RATE_MIN 50000u /* bits a second */
#define AIMD_RATE_MAX 100000000u

struct aimd_rate {
    uint64_t rate;
    enum { AIMD_HOLD, AIMD_INCREASE } state;
    usec_t changed;   /* the rate was brought up to this time */
    usec_t decreased; /* the last time; 0: never */
    double capacity;  /* kbit/s that arrived when it had to fall, smoothed; 0: unknown */
    double variance;  /* of it, relative to it */
};

void aimd_rate_init(struct aimd_rate *a, uint64_t rate, usec_t now);

/* `acknowledged` is what arrives, 0: unknown. The rate never grows beyond half as much again. True
 * when it fell. */
bool aimd_rate_update(struct aimd_rate *a, enum path_use use, uint64_t acknowledged, usec_t rtt,
                      usec_t now);

/* A probe measured it, or another part of the controller limits it. */
void aimd_rate_set(struct aimd_rate *a, uint64_t rate, usec_t now);
