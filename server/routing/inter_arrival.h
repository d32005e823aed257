/* routing/inter_arrival.h: the growth of delay between groups of packets (draft-ietf-rmcat-gcc-02
 * §5.2 and §5.3). A group is what left within INTER_ARRIVAL_GROUP, so a frame that went out as one
 * message is one group.
 *
 * Here a group's time is that of its first packet, where the draft takes the last: frames leave as
 * bursts, and the last packet of a burst waits for the burst itself, so big frames would look like
 * a growing queue. The first one waits for what was there before. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>

#define INTER_ARRIVAL_GROUP MSEC(5)

struct inter_arrival {
    bool has_current, has_previous;
    usec_t sent, arrival; /* of the first packet of the current group */
    usec_t previous_sent, previous_arrival;
    unsigned backwards; /* groups in a row that came before their predecessor */
};

void inter_arrival_init(struct inter_arrival *a);

/* A packet in the order of sending. True when it begins a new group: the differences between the
 * two groups before it, µs. A gap or a clock that jumps starts anew. */
bool inter_arrival_add(struct inter_arrival *a, usec_t sent, usec_t arrival, int64_t *ret_sent,
                       int64_t *ret_arrival);
