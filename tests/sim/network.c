#include "network.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RING 16384

void network_init(struct network *n, uint64_t rate, usec_t delay, size_t queue_max, uint64_t seed) {
    *n = (struct network){.rate = rate,
                          .delay = delay,
                          .queue_max = queue_max,
                          .seed = seed * 0x9e3779b97f4a7c15u | 1};
    n->ring = calloc(RING, sizeof *n->ring);
    assert(n->ring != NULL);
}

void network_clear(struct network *n) {
    free(n->ring);
    n->ring = NULL;
}

double network_random(struct network *n) { /* xorshift64* */
    n->seed ^= n->seed >> 12;
    n->seed ^= n->seed << 25;
    n->seed ^= n->seed >> 27;
    return (double)((n->seed * 0x2545f4914f6cdd1du) >> 11) / (double)(1ull << 53);
}

static bool is_lost(struct network *n) {
    const double change = n->in_burst ? n->burst_leave : n->burst_enter;
    if (network_random(n) < change) {
        n->in_burst = !n->in_burst;
    }
    return network_random(n) < (n->in_burst ? n->burst_loss : n->loss);
}

bool network_put(struct network *n, unsigned flow, const uint8_t *p, size_t size, usec_t now) {
    assert(size <= NETWORK_PACKET && n->count < RING);
    if (n->queued + size + NETWORK_OVERHEAD > n->queue_max) {
        n->dropped++;
        return false;
    }
    struct network_packet *q = &n->ring[(n->first + n->count) % RING];
    *q = (struct network_packet){.flow = flow, .put = now, .size = size};
    memcpy(q->data, p, size);
    n->count++;
    n->queued += size + NETWORK_OVERHEAD;
    return true;
}

static void depart(struct network *n, struct network_packet *q, usec_t now) {
    const usec_t waited = (now - q->put) / 1000;
    n->delays[waited < 2000 ? waited : 1999]++;
    n->delay_count++;
    n->carried[q->flow] += q->size + NETWORK_OVERHEAD;
    q->at = now + n->delay + (usec_t)(network_random(n) * (double)n->jitter);
    q->at = q->at > n->last_arrival ? q->at : n->last_arrival;
    n->last_arrival = q->at;
    if (is_lost(n)) {
        n->lost++;
        q->size = 0;
    }
}

void network_run(struct network *n, usec_t now) {
    n->credit += (double)n->rate / 8 * NETWORK_TICK / SEC(1);
    while (n->sent < n->count) {
        struct network_packet *q = &n->ring[(n->first + n->sent) % RING];
        const size_t bytes = q->size + NETWORK_OVERHEAD;
        if (n->credit < (double)bytes) {
            return;
        }
        n->credit -= (double)bytes;
        n->queued -= bytes;
        n->sent++;
        depart(n, q, now);
    }
    n->credit = 0; /* an idle link saves nothing up */
}

const struct network_packet *network_take(struct network *n, usec_t now) {
    while (n->sent > 0 && n->ring[n->first].at <= now) {
        const struct network_packet *q = &n->ring[n->first];
        n->first = (n->first + 1) % RING;
        n->sent--;
        n->count--;
        if (q->size > 0) {
            return q;
        }
    }
    return NULL;
}

unsigned network_delay(const struct network *n, double share) {
    uint64_t seen = 0;
    for (unsigned i = 0; i < 2000; i++) {
        seen += n->delays[i];
        if ((double)seen >= share * (double)n->delay_count) {
            return i;
        }
    }
    return 2000;
}

void network_count_anew(struct network *n) {
    memset(n->delays, 0, sizeof n->delays);
    memset(n->carried, 0, sizeof n->carried);
    n->delay_count = n->dropped = n->lost = 0;
}

/* ---- A flow like TCP ---- */

#define TCP_PACKET 1400
#define ACKS (sizeof((struct tcp_flow *)0)->acks / sizeof((struct tcp_flow *)0)->acks[0])

void tcp_flow_init(struct tcp_flow *t, unsigned flow, usec_t back) {
    *t = (struct tcp_flow){.flow = flow, .cwnd = 10, .threshold = 1e9, .next = 1, .back = back};
}

void tcp_flow_arrived(struct tcp_flow *t, const struct network_packet *p, usec_t now) {
    uint32_t number;
    memcpy(&number, p->data, sizeof number);
    assert(t->count < ACKS);
    t->acks[(t->first + t->count) % ACKS].at = now + t->back;
    t->acks[(t->first + t->count) % ACKS].number = number;
    t->count++;
}

static void acknowledge(struct tcp_flow *t, uint32_t number) {
    const uint32_t missing = number - t->highest_acked - 1;
    t->in_flight -= t->in_flight < missing + 1u ? t->in_flight : missing + 1u;
    t->highest_acked = number;
    if (missing > 0 && number > t->recover) { /* §3.2: once a window */
        t->threshold = fmax(t->cwnd / 2, 2);
        t->cwnd = t->threshold;
        t->recover = t->next;
    } else {
        t->cwnd += t->cwnd < t->threshold ? 1 : 1 / t->cwnd;
    }
}

void tcp_flow_run(struct tcp_flow *t, struct network *n, usec_t now) {
    uint8_t data[TCP_PACKET] = {0};
    while (t->count > 0 && t->acks[t->first].at <= now) {
        acknowledge(t, t->acks[t->first].number);
        t->heard = now;
        t->first = (t->first + 1) % ACKS;
        t->count--;
    }
    if (t->in_flight > 0 && now > t->heard + SEC(1)) { /* RTO */
        t->threshold = fmax(t->cwnd / 2, 2);
        t->cwnd = 1;
        t->in_flight = 0;
        t->heard = now;
    }
    for (unsigned burst = 0; (double)t->in_flight < t->cwnd && burst < 64; burst++) {
        memcpy(data, &t->next, sizeof t->next);
        t->next++;
        t->in_flight++;
        network_put(n, t->flow, data, sizeof data, now);
    }
}
