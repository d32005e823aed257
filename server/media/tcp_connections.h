/* media/tcp_connections.h: ICE-TCP for those whose network lets no UDP out: the passive side of RFC
 * 6544, datagrams framed as in RFC 4571. A connection becomes a path like any other, named by
 * `path.stream`, once a session took a check on it; until then it may send nothing but one check,
 * and has UNPROVEN_TIME for it. A check for another thread's session moves the connection there.
 *
 * Nothing here waits for a reader: what the kernel does not take is queued, at most QUEUE_MAX
 * bytes, then whole datagrams are dropped; and a reader that is late is told as such, so that its
 * pictures go on at the next key frame. Belongs to one media thread, with a listening socket, an
 * epoll and a mailbox of its own. */
#pragma once
#include "base/address.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/spans.h"
#include "base/timers.h"

#include <sys/epoll.h>

#define TCP_UNPROVEN_MAX 256        /* of one thread; the oldest makes room */
#define TCP_UNPROVEN_ADDRESS_MAX 64 /* of one address */
#define TCP_UNPROVEN_TIME SEC(5)
#define TCP_QUEUE_MAX (256u * 1024) /* bytes that wait for one reader */
#define TCP_LATE MSEC(700)          /* a queue that was not empty for so long is late */
#define TCP_ARRIVALS_MAX 256        /* connections on their way from other threads */

struct connection_quota;
struct mailbox;
struct shard;
struct shard_state;
struct tcp_connection;
struct udp_datagram;

/* What the connections of a thread need of its loop. */
struct tcp_loop {
    /* Which thread owns the session that a check names; -EBADMSG: it is no check, or names nobody
     * we could have made. */
    int (*owner_of_check)(const struct shard *shard, struct bytes datagram);
    bool (*is_owner)(const struct shard *shard, unsigned owner);
    /* 0, or -ENOBUFS: `connection` stays with the caller. */
    int (*give_away)(struct shard *shard, unsigned owner, struct tcp_connection *connection);
    void (*datagram)(struct shard *shard, const struct udp_datagram *d, usec_t now);
};

struct tcp_connections {
    struct shard_state *shard;
    const struct tcp_loop *loop;
    struct connection_quota *quota; /* of all threads, not owned; NULL: ICE-TCP is off */
    int listener;                   /* -1: none */
    int epoll;
    struct mailbox *arrivals; /* of struct tcp_connection * */
    struct timer listen_again;
    struct map by_stream;
    uint32_t last_stream;
    struct tcp_connection *first;           /* all */
    struct tcp_connection *oldest, *newest; /* those without a valid check, by age */
    size_t unproven;
};

/* Before tcp_connections_open; enough for one that is never opened. */
void tcp_connections_init(struct tcp_connections *t, struct shard_state *shard);

/* Listens. `loop` and `quota` outlive it. 0 or −errno. Without it there are no connections, and
 * every call below is harmless. */
int tcp_connections_open(struct tcp_connections *t, const char *bind_ip, uint16_t port,
                         struct connection_quota *quota, const struct tcp_loop *loop);

/* Closes all. Before the sessions' table goes. */
void tcp_connections_clear(struct tcp_connections *t);

uint16_t tcp_connections_port(const struct tcp_connections *t); /* 0: off */

/* An epoll that is readable when tcp_connections_service has something to do; -1: off. */
int tcp_connections_fd(const struct tcp_connections *t);
void tcp_connections_service(struct tcp_connections *t, usec_t now);

/* Any thread: gives `c` to the thread of `t`. 0, or -ENOBUFS: it stays with the caller. */
int tcp_connections_arrive(struct tcp_connections *t, struct tcp_connection *c);

/* Sends `data` as frames of `segment` bytes each (the last may be shorter). How many were dropped:
 * all when the connection is gone. */
size_t tcp_connections_send(struct tcp_connections *t, const struct path *path, struct bytes data,
                            size_t segment);

/* Has the reader at the other end of `path` fallen behind? False for UDP. */
bool tcp_connections_late(const struct tcp_connections *t, const struct path *path, usec_t now);

/* A session took a check on `path`: it stays for ICE_CONSENT. Nothing happens for UDP. */
void tcp_connections_checked(struct tcp_connections *t, const struct path *path, usec_t now);

/* The session of `path` has ended: what waits is sent, then it is closed. */
void tcp_connections_release(struct tcp_connections *t, const struct path *path);
