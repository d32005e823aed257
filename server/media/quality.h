/* media/quality.h: how well a viewer receives, as the four dots of the customer's page. */
#pragma once
#include "media/session.h"
#include "routing/outgoing_stream.h"

/* The one of the two that is worse; an unknown one does not count. */
struct stream_quality quality_worse(struct stream_quality a, struct stream_quality b);

/* An event when the dots changed, or each time while they are not at their best. `bytes` were sent
 * in `interval`; the last report came `silence` ago; `told` keeps the last dots. Nothing is said
 * while the quality is unknown. */
void quality_tell(struct session *s, const struct stream_quality *quality, uint64_t bytes,
                  usec_t interval, usec_t silence, uint8_t *told);
