/* routing/probe.h: does the network carry more than is sent? A cluster of packets leaves at a
 * higher rate for PROBE_TIME, media first, then padding, and the spread of its arrivals says what
 * came through. The first cluster is free: the burst that a session begins with (its key frame),
 * measured up to PROBE_FIRST_FACTOR of the first rate. Later ones come when more is wanted than the
 * estimate has, at twice the estimate but not beyond what is wanted: at once after one that found
 * more, else after PROBE_SOON, then more and more rarely.
 *
 * The measure is that of packet trains: too high beside other traffic that is bursty itself, which
 * the delay gradient then corrects. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define PROBE_TIME MSEC(20)
#define PROBE_PACKETS 5
#define PROBE_SOON SEC(2)
#define PROBE_RARELY SEC(20)
#define PROBE_FIRST_FACTOR 3

struct probe {
    enum { PROBE_IDLE, PROBE_BURST, PROBE_SENDING, PROBE_WAITING } state;
    uint8_t cluster; /* number of the newest, 1..255 */
    uint64_t rate;   /* of the newest cluster */
    uint64_t from;   /* the estimate when it began */
    usec_t due, interval, ended;
    uint32_t bytes_left, packets, arrived;
    uint32_t bytes, first_size, last_size; /* of those that arrived */
    usec_t first_sent, last_sent, first_arrival, last_arrival;
};

void probe_init(struct probe *p, usec_t now);

/* The first burst of the session begins; it is the cluster until one more packet leaves later. */
void probe_begin_burst(struct probe *p, uint64_t estimate, usec_t now);

/* Begins a cluster when one is due: true, and from now on packets are to leave at p->rate and to
 * carry p->cluster. */
bool probe_begin(struct probe *p, uint64_t estimate, uint64_t want, usec_t now);

/* A packet is about to leave. The cluster that it belongs to, 0: none. */
uint8_t probe_cluster(struct probe *p, usec_t now);

/* A packet of the cluster left. True when it was the last one of a cluster with its own rate. */
bool probe_sent(struct probe *p, size_t size, usec_t now);

/* A packet of cluster `cluster` arrived. */
void probe_arrived(struct probe *p, uint8_t cluster, usec_t sent, usec_t arrival, size_t size);

/* What the cluster found, bits a second, once enough of it has arrived; 0: not yet, or nothing. */
uint64_t probe_result(struct probe *p, usec_t now);

/* There was nothing to send: called off, and tried again later. */
void probe_cancel(struct probe *p, usec_t now);

/* The estimate fell: the path changed, so look again soon. A cluster under way is called off. */
void probe_again(struct probe *p, usec_t now);

/* When probe_begin may begin one if `want` is more than the estimate. */
usec_t probe_next_timeout(const struct probe *p, uint64_t estimate, uint64_t want);
