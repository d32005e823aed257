#include "media/quality.h"

#include "media/shard_state.h"

#define DOTS_BEST 4

struct stream_quality quality_worse(struct stream_quality a, struct stream_quality b) {
    if (!a.known || !b.known) {
        return a.known ? a : b;
    }
    return b.dots < a.dots ? b : a;
}

void quality_tell(struct session *s, const struct stream_quality *quality, uint64_t bytes,
                  usec_t interval, uint8_t *told) {
    if (!quality->known || (quality->dots == *told && quality->dots == DOTS_BEST)) {
        return;
    }
    *told = quality->dots;
    uint64_t kbit_s = interval ? bytes * 8000 / interval : 0;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_QUALITY,
                                                .session = s->id,
                                                .quality = {.dots = quality->dots,
                                                            .loss = quality->loss,
                                                            .rtt_ms = quality->rtt_ms,
                                                            .kbit_s = (uint32_t)kbit_s}});
}
