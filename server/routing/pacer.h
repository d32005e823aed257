/* routing/pacer.h: when may the next packet leave? No queue: the source keeps what waits.
 *
 * Guarantee. While the rate is R bits a second and the burst B µs, whoever asks pacer_ready before
 * each packet sends in any stretch of time [a, b] at most
 *
 *     R/8 · (b − a + B) + S   bytes,
 *
 * S being the largest packet (the generic cell rate algorithm, ITU-T I.371 annex A). What is sent
 * without asking (sound, reports) is counted, so that the rest makes room for it. A change of the
 * rate keeps what is owed in bytes. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define PACER_BURST MSEC(40) /* a usual frame leaves as one message */
#define PACER_GRID MSEC(5)   /* wake-ups are on it, so that many viewers share one */
#define PACER_FRACTION 16    /* times below are µs with so many bits after the point */

struct pacer {
    uint64_t rate;     /* bits a second */
    uint64_t per_byte; /* time that a byte takes */
    uint64_t burst;
    uint64_t free_at; /* when everything that was sent would have left at the rate */
};

void pacer_init(struct pacer *p, uint64_t rate, usec_t burst);
void pacer_set(struct pacer *p, uint64_t rate, usec_t burst, usec_t now);

static inline bool pacer_ready(const struct pacer *p, usec_t now) {
    return p->free_at < (now << PACER_FRACTION) + p->burst + 1;
}

static inline void pacer_sent(struct pacer *p, size_t bytes, usec_t now) {
    const uint64_t at = now << PACER_FRACTION;
    p->free_at = (p->free_at > at ? p->free_at : at) + bytes * p->per_byte;
}

/* When it is worth to ask again: half the burst is free, rounded up to `grid` (0: exact). */
usec_t pacer_next(const struct pacer *p, usec_t grid);
