/* routing/nack_generator.h: which packets of a stream are missing and when to ask for them (RFC
 * 4585 §6.2.1): first after a moment for reordering, then once per round trip, NACK_TRIES times at
 * most. */
#pragma once
#include "base/clock.h"
#include <stdbool.h>
#include <stddef.h>

#define NACK_MISSING_MAX 256 /* more at once: ask for a key frame instead */
#define NACK_TRIES 8
#define NACK_REORDER MSEC(4)
#define NACK_RTT_FIRST MSEC(100) /* before anything is measured */
#define NACK_RTT_MIN MSEC(20)

struct nack_entry {
    uint64_t sequence;
    usec_t due;
    usec_t sent; /* last request */
    uint8_t tries;
};

struct nack_generator {
    bool started;
    uint64_t highest;
    usec_t rtt; /* measured from request to repair, smoothed */
    size_t count;
    struct nack_entry missing[NACK_MISSING_MAX]; /* ascending */
};

void nack_generator_init(struct nack_generator *g);

/* A packet came. Returns -EOVERFLOW when too many are missing: the list is then empty again and the
 * caller wants a key frame. */
int nack_generator_input(struct nack_generator *g, uint64_t sequence, usec_t now);

/* Nothing below `sequence` is wanted any more. */
void nack_generator_forget(struct nack_generator *g, uint64_t sequence);

usec_t nack_generator_next_timeout(const struct nack_generator *g);

/* The sequence numbers to ask for now, ascending, at most `max`. 0: drained. */
size_t nack_generator_output(struct nack_generator *g, usec_t now, uint16_t *ret, size_t max);
