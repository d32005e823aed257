#include "routing/rate_meter.h"

uint64_t rate_meter_read(struct rate_meter *m, uint64_t bytes, usec_t now) {
    if (m->since == 0) {
        *m = (struct rate_meter){.started = now, .since = now, .bytes = bytes};
        return 0;
    }
    const usec_t passed = now - m->since;
    if (now < m->since + RATE_METER_SAMPLE) {
        return m->bits_s;
    }
    const uint64_t sample = (bytes - m->bytes) * 8 * 1000 / (passed / 1000);
    const usec_t memory = usec_min(now - m->started, RATE_METER_MEMORY);
    const usec_t weight = usec_min(passed, memory);
    m->bits_s = (m->bits_s * (memory - weight) + sample * weight) / memory;
    m->since = now;
    m->bytes = bytes;
    return m->bits_s;
}
