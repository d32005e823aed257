/* tests/sim/network.h: a bottleneck under a virtual clock: a rate that may change, a queue of
 * limited length before it, delay, jitter (nothing overtakes), random and bursty loss (two states
 * after Gilbert and Elliott). Deterministic by its seed. Flows share it; a flow like TCP Reno is
 * one of them. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NETWORK_TICK MSEC(1)
#define NETWORK_PACKET 1500
#define NETWORK_OVERHEAD 28 /* IP and UDP */
#define NETWORK_FLOWS 4

struct network_packet {
    unsigned flow;
    usec_t put, at; /* entered the queue; arrives */
    size_t size;    /* of the data */
    uint8_t data[NETWORK_PACKET];
};

struct network {
    uint64_t rate; /* bits a second */
    usec_t delay, jitter;
    size_t queue_max; /* bytes */
    double loss;      /* of each packet on its own */
    double burst_enter, burst_leave, burst_loss;
    bool in_burst;
    uint64_t seed;
    /* inside */
    double credit;
    size_t queued; /* bytes */
    usec_t last_arrival;
    struct network_packet *ring; /* waiting, then under way, in order */
    size_t first, sent, count;   /* ring[first .. first + sent): under way; to count: waiting */
    /* measured */
    uint64_t carried[NETWORK_FLOWS]; /* bytes out of the bottleneck, with overhead */
    uint64_t dropped, lost;
    uint32_t delays[2000]; /* packets by their time in the queue, ms */
    uint64_t delay_count;
};

void network_init(struct network *n, uint64_t rate, usec_t delay, size_t queue_max, uint64_t seed);
void network_clear(struct network *n);
double network_random(struct network *n);

/* False when the queue was full or it is lost on the way (the sender is not told). */
bool network_put(struct network *n, unsigned flow, const uint8_t *p, size_t size, usec_t now);

/* Once every NETWORK_TICK. */
void network_run(struct network *n, usec_t now);

/* The next packet that arrived, NULL: none. Valid until the next call. */
const struct network_packet *network_take(struct network *n, usec_t now);

/* The time in the queue that this share of all packets stayed below, ms; then counts anew. */
unsigned network_delay(const struct network *n, double share);
void network_count_anew(struct network *n);

/* RFC 5681 in outline, with unlimited data. */
struct tcp_flow {
    unsigned flow;
    double cwnd, threshold; /* packets */
    uint32_t next, highest_acked, recover;
    uint64_t in_flight;
    usec_t back; /* delay of an acknowledgement */
    struct {
        usec_t at;
        uint32_t number;
    } acks[4096];
    size_t first, count;
    usec_t heard;
};

void tcp_flow_init(struct tcp_flow *t, unsigned flow, usec_t back);
void tcp_flow_run(struct tcp_flow *t, struct network *n, usec_t now);
void tcp_flow_arrived(struct tcp_flow *t, const struct network_packet *p, usec_t now);
