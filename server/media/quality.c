#include "media/quality.h"

#include "media/shard_state.h"

#define DOTS_BEST 4

struct stream_quality quality_worse(struct stream_quality a, struct stream_quality b) {
    if (!a.known || !b.known) {
        return a.known ? a : b;
    }
    return b.dots < a.dots ? b : a;
}

void quality_told_init(struct quality_told *t) {
    *t = (struct quality_told){.dots = UINT8_MAX};
}

void quality_tell(struct session *s, const struct stream_quality *quality, uint64_t bytes,
                  usec_t interval, usec_t now, struct quality_told *told) {
    /* who is sent nothing has nothing to report */
    const bool away = bytes > 0 && presence_is_away(&s->presence, now);
    const uint8_t dots = away ? 0 : quality->dots;
    const bool news = dots != told->dots || dots != DOTS_BEST;
    if (!quality->known || (!news && ++told->since < QUALITY_TOLD_EVERY)) {
        return;
    }
    *told = (struct quality_told){.dots = dots};
    const uint64_t kbit_s = interval ? bytes * 8000 / interval : 0;
    const uint64_t carries = session_send_rate(s) / 1000;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_QUALITY,
                                                .session = s->id,
                                                .quality = {.dots = dots,
                                                            .loss = quality->loss,
                                                            .rtt_ms = quality->rtt_ms,
                                                            .kbit_s = (uint32_t)kbit_s,
                                                            .carries_kbit_s = (uint32_t)carries,
                                                            .news = news}});
}
