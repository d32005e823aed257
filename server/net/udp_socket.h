/* net/udp_socket.h: one dual-stack UDP socket of a media thread. Several threads bind the same port
 * (SO_REUSEPORT); the kernel keeps a flow on one of them. Knows both ends of each datagram
 * (IPV6_PKTINFO), reads in batches and sends a whole frame by one UDP_SEGMENT message. */
#pragma once
#include "base/address.h"
#include "base/spans.h"

#define UDP_DATAGRAM_MAX 1500 /* larger ones are dropped and counted */
#define UDP_BATCH 32          /* datagrams per read */
#define UDP_SEGMENTS_MAX 64   /* UDP_MAX_SEGMENTS of the kernel */
#define UDP_SEND_MAX 65000    /* bytes of one segmented message */

struct udp_socket; /* belongs to one thread */

struct udp_datagram {
    struct path path;
    uint8_t *p; /* inside the socket's own buffers: valid and writable until the next udp_receive */
    size_t n;
};

/* `bind_ip` "" binds every address. `port` 0 lets the kernel choose. `reuse` for SO_REUSEPORT.
 * 0, or −errno of the failing call (-EADDRINUSE, -EADDRNOTAVAIL …). */
int udp_open(const char *bind_ip, uint16_t port, bool reuse, struct udp_socket **ret);
void udp_close(struct udp_socket *s); /* NULL is fine */

int udp_fd(const struct udp_socket *s);
uint16_t udp_port(const struct udp_socket *s);

/* Reads what is there, at most UDP_BATCH. The number of datagrams kept, −errno.
 * `ret_oversized` is increased for each one that was too large. */
int udp_receive(struct udp_socket *s, struct udp_datagram ret[static UDP_BATCH],
                uint64_t *ret_oversized);

/* Sends `data` as datagrams of `segment` bytes (the last may be shorter); `segment` >= data.n sends
 * one. At most UDP_SEGMENTS_MAX segments and UDP_SEND_MAX bytes. 0 or −errno (-EAGAIN: the socket
 * buffer is full, nothing was sent). Falls back to one send each where the kernel lacks GSO. */
int udp_send(struct udp_socket *s, const struct path *path, struct bytes data, size_t segment);
