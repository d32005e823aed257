/* media/tcp_queue.h: datagrams on their way into one TCP connection, framed as in RFC 4571. Never
 * blocks and never grows beyond TCP_QUEUE_MAX: what does not fit is dropped in whole datagrams, so
 * that the reader's frames stay in step. Belongs to one thread. */
#pragma once
#include "base/clock.h"
#include "base/spans.h"

struct tcp_queue {
    uint8_t *ring; /* TCP_QUEUE_MAX bytes, from the first time that something waits */
    size_t head, used;
    usec_t since; /* when it was empty last */
};

/* All zero is an empty queue. */
void tcp_queue_clear(struct tcp_queue *q);

/* Sends `data` as frames of `segment` bytes (the last may be shorter), at most UDP_SEGMENTS_MAX of
 * them; keeps what `fd` does not take. How many were dropped for lack of room, or −errno: the
 * connection is over. */
int tcp_queue_send(struct tcp_queue *q, int fd, struct bytes data, size_t segment);

/* Sends what waits, as far as it goes. 0, or −errno: the connection is over. */
int tcp_queue_flush(struct tcp_queue *q, int fd);
