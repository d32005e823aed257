/* media/quality.h: how well a viewer receives, as the four dots of the customer's page. */
#pragma once
#include "media/session.h"
#include "routing/outgoing_stream.h"

/* The one of the two that is worse; an unknown one does not count. */
struct stream_quality quality_worse(struct stream_quality a, struct stream_quality b);

#define QUALITY_TOLD_EVERY 5 /* times of quality_tell, also when nothing changes */

struct quality_told {
    uint8_t dots, since; /* since: times without an event */
};

/* An event when the dots changed, each time while they are not at their best, and from time to time
 * for those who count. `bytes` were sent in `interval`. Nothing is said
 * while the quality is unknown. */
void quality_told_init(struct quality_told *t);
void quality_tell(struct session *s, const struct stream_quality *quality, uint64_t bytes,
                  usec_t interval, usec_t now, struct quality_told *told);
