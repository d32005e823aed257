#include "routing/probe.h"

#define PATIENCE SEC(1)
#define ENOUGH 0.8 /* of the packets */
#define FACTOR 2
#define CLEAR 0.9            /* as much came as was sent: the network was not filled */
#define FULL 0.95            /* else this share of what came */
#define RATIO_MAX 2.0        /* came faster than it was sent: bunched on the way */
#define FOUND 1.15           /* worth to go on at once */
#define HEADROOM_PERCENT 110 /* of what is wanted */
#define PAUSE MSEC(100)

void probe_init(struct probe *p, usec_t now) {
    *p = (struct probe){.due = now + PROBE_SOON, .interval = PROBE_SOON};
}

usec_t probe_next_timeout(const struct probe *p, uint64_t estimate, uint64_t want) {
    if (p->state != PROBE_IDLE) {
        return p->ended + PATIENCE;
    }
    return want > estimate ? p->due : USEC_NEVER;
}

static void begin(struct probe *p, uint64_t rate, uint64_t from, usec_t now) {
    p->rate = rate;
    p->from = from;
    p->cluster = (uint8_t)(p->cluster == UINT8_MAX ? 1 : p->cluster + 1);
    p->packets = p->arrived = p->bytes = 0;
    p->ended = now;
}

void probe_begin_burst(struct probe *p, uint64_t estimate, usec_t now) {
    begin(p, estimate * PROBE_FIRST_FACTOR, estimate, now);
    p->state = PROBE_BURST;
}

bool probe_begin(struct probe *p, uint64_t estimate, uint64_t want, usec_t now) {
    if (p->state != PROBE_IDLE || now < p->due || want <= estimate) {
        return false;
    }
    const uint64_t limit = want * HEADROOM_PERCENT / 100;
    begin(p, estimate * FACTOR < limit ? estimate * FACTOR : limit, estimate, now);
    p->state = PROBE_SENDING;
    p->bytes_left = (uint32_t)(p->rate * PROBE_TIME / SEC(1) / 8);
    return true;
}

uint8_t probe_cluster(struct probe *p, usec_t now) {
    if (p->state == PROBE_BURST && now > p->ended) {
        p->state = p->packets < PROBE_PACKETS ? PROBE_IDLE : PROBE_WAITING;
    }
    return p->state == PROBE_BURST || p->state == PROBE_SENDING ? p->cluster : 0;
}

bool probe_sent(struct probe *p, size_t size, usec_t now) {
    p->packets++;
    p->bytes_left -= p->bytes_left < size ? p->bytes_left : (uint32_t)size;
    p->ended = now;
    if (p->state == PROBE_BURST || p->packets < PROBE_PACKETS || p->bytes_left > 0) {
        return false;
    }
    p->state = PROBE_WAITING;
    return true;
}

void probe_arrived(struct probe *p, uint8_t cluster, usec_t sent, usec_t arrival, size_t size) {
    if (p->state == PROBE_IDLE || cluster != p->cluster) {
        return;
    }
    if (p->arrived == 0 || sent < p->first_sent) {
        p->first_sent = sent;
    }
    if (p->arrived == 0 || arrival < p->first_arrival) {
        p->first_arrival = arrival;
        p->first_size = (uint32_t)size;
    }
    if (p->arrived == 0 || sent >= p->last_sent) {
        p->last_sent = sent;
        p->last_size = (uint32_t)size;
    }
    if (p->arrived == 0 || arrival > p->last_arrival) {
        p->last_arrival = arrival;
    }
    p->arrived++;
    p->bytes += (uint32_t)size;
}

/* Bits a second by the arrivals, 0: they say nothing. */
static uint64_t measured(const struct probe *p) {
    const bool burst = p->last_sent == p->first_sent;
    if (p->last_arrival == p->first_arrival) {
        return burst ? p->rate : 0; /* too fast for the clock of the feedback */
    }
    const double sent =
        burst ? (double)p->rate
              : (double)(p->bytes - p->last_size) * 8e6 / (double)(p->last_sent - p->first_sent);
    const double came =
        (double)(p->bytes - p->first_size) * 8e6 / (double)(p->last_arrival - p->first_arrival);
    if (came > RATIO_MAX * sent && !burst) {
        return 0;
    }
    if (came < CLEAR * sent) {
        return (uint64_t)(FULL * came);
    }
    return (uint64_t)(came < sent ? came : sent);
}

static void wait_longer(struct probe *p, usec_t now) {
    p->due = now + p->interval;
    p->interval = usec_min(p->interval * 2, PROBE_RARELY);
}

uint64_t probe_result(struct probe *p, usec_t now) {
    if (p->state == PROBE_IDLE) {
        return 0;
    }
    const bool late = now >= p->ended + PATIENCE;
    const bool whole = p->state == PROBE_WAITING || (p->state == PROBE_BURST && now > p->ended);
    if (!late && (!whole || p->packets < PROBE_PACKETS || p->arrived < ENOUGH * p->packets)) {
        return 0;
    }
    uint64_t found = late ? 0 : measured(p);
    found = found > p->rate ? p->rate : found;
    p->state = PROBE_IDLE;
    if ((double)found > FOUND * (double)p->from) {
        p->interval = PROBE_SOON;
        p->due = now + PAUSE;
    } else {
        wait_longer(p, now);
    }
    return found;
}

void probe_cancel(struct probe *p, usec_t now) {
    p->state = PROBE_IDLE;
    wait_longer(p, now);
}

void probe_again(struct probe *p, usec_t now) {
    p->state = PROBE_IDLE;
    p->interval = PROBE_SOON;
    p->due = now + p->interval;
}
