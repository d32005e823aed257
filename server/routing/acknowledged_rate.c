#include "routing/acknowledged_rate.h"

#include <string.h>

#define BUCKET (ACKNOWLEDGED_WINDOW / ACKNOWLEDGED_BUCKETS)
#define PLACES (ACKNOWLEDGED_BUCKETS + 1) /* one is being filled */
#define PAUSE_MAX 10 /* windows without a packet: what was measured before says nothing */

void acknowledged_rate_init(struct acknowledged_rate *a) {
    memset(a, 0, sizeof *a);
}

void acknowledged_rate_add(struct acknowledged_rate *a, usec_t arrival, size_t size) {
    const uint64_t number = arrival / BUCKET + 1;
    if (a->newest == 0 || number > a->newest + (uint64_t)PAUSE_MAX * ACKNOWLEDGED_BUCKETS ||
        number + (uint64_t)PAUSE_MAX * ACKNOWLEDGED_BUCKETS < a->newest) {
        acknowledged_rate_init(a);
        a->newest = number;
        a->since = number + 1;
    }
    if (number + PLACES <= a->newest) {
        return; /* late by more than the window */
    }
    for (uint64_t steps = 0; a->newest < number; steps++) {
        a->newest++;
        if (steps < PLACES) {
            a->bytes[a->newest % PLACES] = 0;
        }
    }
    a->bytes[number % PLACES] += (uint32_t)size;
}

uint64_t acknowledged_rate_get(const struct acknowledged_rate *a) {
    if (a->newest < a->since + ACKNOWLEDGED_BUCKETS / 2) {
        return 0;
    }
    uint64_t whole = a->newest - a->since;
    whole = whole > ACKNOWLEDGED_BUCKETS ? ACKNOWLEDGED_BUCKETS : whole;
    uint64_t bytes = 0;
    for (uint64_t i = 1; i <= whole; i++) {
        bytes += a->bytes[(a->newest - i) % PLACES];
    }
    return bytes * 8 * SEC(1) / (whole * BUCKET);
}
