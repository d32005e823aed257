#include "routing/nack_generator.h"
#include <errno.h>
#include <string.h>

void nack_generator_init(struct nack_generator *g) {
    memset(g, 0, sizeof *g);
    g->rtt = NACK_RTT_FIRST;
}

static void remove_at(struct nack_generator *g, size_t at, size_t count) {
    memmove(g->missing + at, g->missing + at + count,
            (g->count - at - count) * sizeof g->missing[0]);
    g->count -= count;
}

/* A packet that was missing is here. Asked for once only, it tells the round trip. */
static void found(struct nack_generator *g, uint64_t sequence, usec_t now) {
    for (size_t i = g->count; i-- > 0;) {
        const struct nack_entry *e = &g->missing[i];
        if (e->sequence > sequence) {
            continue;
        }
        if (e->sequence == sequence) {
            if (e->tries == 1) {
                const usec_t sample = now - e->sent < SEC(1) ? now - e->sent : SEC(1);
                g->rtt = (g->rtt * 7 + sample) / 8;
                if (g->rtt < NACK_RTT_MIN) {
                    g->rtt = NACK_RTT_MIN;
                }
            }
            remove_at(g, i, 1);
        }
        return;
    }
}

int nack_generator_input(struct nack_generator *g, uint64_t sequence, usec_t now) {
    if (!g->started) {
        g->started = true;
        g->highest = sequence;
        return 0;
    }
    if (sequence <= g->highest) {
        found(g, sequence, now);
        return 0;
    }
    const uint64_t gap = sequence - g->highest - 1;
    if (g->count + gap > NACK_MISSING_MAX) {
        g->count = 0;
        g->highest = sequence;
        return -EOVERFLOW;
    }
    for (uint64_t s = g->highest + 1; s < sequence; s++) {
        g->missing[g->count++] = (struct nack_entry){.sequence = s, .due = now + NACK_REORDER};
    }
    g->highest = sequence;
    return 0;
}

void nack_generator_forget(struct nack_generator *g, uint64_t sequence) {
    size_t n = 0;
    while (n < g->count && g->missing[n].sequence < sequence) {
        n++;
    }
    if (n > 0) {
        remove_at(g, 0, n);
    }
}

usec_t nack_generator_next_timeout(const struct nack_generator *g) {
    usec_t next = USEC_NEVER;
    for (size_t i = 0; i < g->count; i++) {
        next = usec_min(next, g->missing[i].due);
    }
    return next;
}

size_t nack_generator_output(struct nack_generator *g, usec_t now, uint16_t *ret, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < g->count && n < max; i++) {
        struct nack_entry *e = &g->missing[i];
        if (e->due > now) {
            continue;
        }
        e->tries++;
        e->sent = now;
        e->due = e->tries < NACK_TRIES ? now + g->rtt + g->rtt / 4 : USEC_NEVER;
        ret[n++] = (uint16_t)e->sequence;
    }
    return n;
}
