/* routing/acknowledged_rate.h: how fast packets arrive at the viewer, by its own clock: the rate
 * that the network has carried in about the last ACKNOWLEDGED_WINDOW. Buckets of a tenth of the
 * window, so a step of the network shows within it. */
#pragma once
#include "base/clock.h"

#include <stddef.h>

#define ACKNOWLEDGED_WINDOW MSEC(300)
#define ACKNOWLEDGED_BUCKETS 10

struct acknowledged_rate {
    uint64_t newest; /* number of the newest bucket, 0: nothing yet */
    uint64_t since;  /* number of the first that is whole */
    uint32_t bytes[ACKNOWLEDGED_BUCKETS + 1];
};

void acknowledged_rate_init(struct acknowledged_rate *a);
void acknowledged_rate_add(struct acknowledged_rate *a, usec_t arrival, size_t size);

/* Bits a second, 0 while less than half a window is known. */
uint64_t acknowledged_rate_get(const struct acknowledged_rate *a);
