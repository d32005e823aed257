#include "media/quality.h"

#include "media/shard_state.h"

#define DOTS_BEST 4
#define SILENCE SEC(10) /* longer than browsers take between two reports about sound alone */

struct stream_quality quality_worse(struct stream_quality a, struct stream_quality b) {
    if (!a.known || !b.known) {
        return a.known ? a : b;
    }
    return b.dots < a.dots ? b : a;
}

void quality_tell(struct session *s, const struct stream_quality *quality, uint64_t bytes,
                  usec_t interval, usec_t silence, uint8_t *told) {
    /* who is sent nothing has nothing to report */
    const uint8_t dots = bytes > 0 && silence >= SILENCE ? 0 : quality->dots;
    if (!quality->known || (dots == *told && dots == DOTS_BEST)) {
        return;
    }
    *told = dots;
    uint64_t kbit_s = interval ? bytes * 8000 / interval : 0;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_QUALITY,
                                                .session = s->id,
                                                .quality = {.dots = dots,
                                                            .loss = quality->loss,
                                                            .rtt_ms = quality->rtt_ms,
                                                            .kbit_s = (uint32_t)kbit_s}});
}
