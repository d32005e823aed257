/* media/egress.h: gathers the datagrams of one frame for one viewer and sends them by one
 * UDP_SEGMENT message, or by one write into its TCP connection. Belongs to one media thread. */
#pragma once
#include "net/udp_socket.h"

struct tcp_connections;

#define EGRESS_DATAGRAM_MAX UDP_DATAGRAM_MAX

struct egress {
    struct udp_socket *socket;       /* not owned */
    struct tcp_connections *streams; /* not owned; NULL: there are no TCP paths */
    struct path path;
    size_t segment, used, count;
    uint64_t datagrams, bytes, sends, failed;
    uint8_t buffer[UDP_SEND_MAX + EGRESS_DATAGRAM_MAX];
};

void egress_init(struct egress *e, struct udp_socket *socket, struct tcp_connections *streams);

/* EGRESS_DATAGRAM_MAX bytes for the next datagram to `path`. What waits for another path is sent.
 */
struct room egress_room(struct egress *e, const struct path *path);

/* `n` bytes were written into the last room. A datagram as long as those before it joins them, a
 * shorter one ends the message, a longer one begins the next. */
void egress_add(struct egress *e, size_t n);

/* Sends what waits. A full socket drops it: late video is worse than lost video. */
void egress_flush(struct egress *e);
