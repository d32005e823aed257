#include "routing/pacer.h"

#define RATE_MIN 10000u

static void set(struct pacer *p, uint64_t rate, usec_t burst) {
    p->rate = rate < RATE_MIN ? RATE_MIN : rate;
    p->per_byte = ((uint64_t)(8 * SEC(1)) << PACER_FRACTION) / p->rate;
    p->burst = burst << PACER_FRACTION;
}

void pacer_init(struct pacer *p, uint64_t rate, usec_t burst) {
    *p = (struct pacer){0};
    set(p, rate, burst);
}

void pacer_set(struct pacer *p, uint64_t rate, usec_t burst, usec_t now) {
    const uint64_t at = now << PACER_FRACTION;
    const uint64_t owed = p->free_at > at ? (p->free_at - at) / p->per_byte : 0;
    set(p, rate, burst);
    p->free_at = owed > 0 ? at + owed * p->per_byte : at;
}

usec_t pacer_next(const struct pacer *p, usec_t grid) {
    const uint64_t half = p->burst / 2;
    const usec_t at = p->free_at > half ? ((p->free_at - half) >> PACER_FRACTION) + 1 : 0;
    return grid > 0 ? (at + grid - 1) / grid * grid : at;
}
