/* routing/gcc.h: Google Congestion Control (draft-ietf-rmcat-gcc-02), at the sender: the smaller of
 * a rate by the gradient of delay (inter_arrival, trendline, overuse_detector, aimd_rate) and a
 * limit by loss (loss_limit). Only decreases by the queue itself are quicker than in the draft; see
 * congestion.h for the window that empties it. */
#pragma once
#include "routing/acknowledged_rate.h"
#include "routing/aimd_rate.h"
#include "routing/cc.h"
#include "routing/inter_arrival.h"
#include "routing/loss_limit.h"
#include "routing/trendline.h"

struct gcc {
    struct cc cc; /* first */
    struct inter_arrival arrivals;
    struct trendline trend;
    struct overuse_detector detector;
    struct aimd_rate aimd;
    struct loss_limit loss;
    struct acknowledged_rate acknowledged;
    usec_t begun; /* the first feedback came; 0: none */
};

void gcc_init(struct gcc *g, uint64_t rate, usec_t now);
