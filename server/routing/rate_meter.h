/* routing/rate_meter.h: how many bits a second a stream has had lately, from its count of bytes:
 * nothing is done per packet. */
#pragma once
#include "base/clock.h"

#define RATE_METER_SAMPLE MSEC(500) /* the shortest time that is looked at */
#define RATE_METER_MEMORY SEC(2)    /* older samples fade */

struct rate_meter {
    usec_t started, since; /* 0: not yet */
    uint64_t bytes;        /* at `since` */
    uint64_t bits_s;       /* 0: not known yet */
};

/* Zeroed is initialised. `bytes` is the stream's count now. Returns bits a second. */
uint64_t rate_meter_read(struct rate_meter *m, uint64_t bytes, usec_t now);
