#include "media/tcp_connections.h"

#include "base/log.h"
#include "base/mailbox.h"
#include "media/session.h"
#include "media/shard_state.h"
#include "media/tcp_queue.h"
#include "net/connection_quota.h"
#include "net/tcp_listener.h"
#include "wire/framing.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_ROUND 16
#define EVENTS_A_ROUND 64
#define READ_MAX 65536
#define KEPT_MAX (FRAMING_HEADER + UDP_DATAGRAM_MAX)
#define LINGER MSEC(500)    /* for the last words of a session */
#define LISTEN_AGAIN SEC(1) /* after the system had no file descriptor left */
#define TAG_LISTENER 0      /* streams are never 0 */
#define TAG_ARRIVALS (1ull << 32)

struct tcp_connection {
    struct timer timer; /* first: the timer is the connection */
    struct tcp_connections *table;
    struct tcp_connection *next, *previous; /* of the table */
    struct tcp_connection *younger, *older; /* among those without a valid check */
    struct path path;
    int fd;
    bool proven; /* counts in the quota; the rest of its life it is a path of a session */
    bool broken; /* to be closed by its timer: somebody up the stack still uses it */
    bool wants_room;
    struct tcp_queue queue;
    size_t kept;
    uint8_t in[KEPT_MAX]; /* the beginning of a frame */
};

/* ---- The table ---- */

static int watch(const struct tcp_connections *t, int operation, int fd, uint32_t events,
                 uint64_t tag) {
    struct epoll_event e = {.events = events, .data.u64 = tag};
    return epoll_ctl(t->epoll, operation, fd, &e) < 0 ? -errno : 0;
}

static struct tcp_connection *find(const struct tcp_connections *t, const struct path *path) {
    return path->stream == 0 ? NULL : map_get(&t->by_stream, path->stream);
}

static void link_unproven(struct tcp_connection *c) {
    struct tcp_connections *t = c->table;
    c->older = t->newest;
    c->younger = NULL;
    *(t->newest ? &t->newest->younger : &t->oldest) = c;
    t->newest = c;
    t->unproven++;
}

static void unlink_unproven(struct tcp_connection *c) {
    struct tcp_connections *t = c->table;
    *(c->older ? &c->older->younger : &t->oldest) = c->younger;
    *(c->younger ? &c->younger->older : &t->newest) = c->older;
    t->unproven--;
}

static void fire(struct timer *timer, usec_t now);

/* Enters `c` under a new number. 0 or −errno. */
static int enter(struct tcp_connections *t, struct tcp_connection *c, usec_t now) {
    do {
        t->last_stream++;
    } while (t->last_stream == 0 || map_get(&t->by_stream, t->last_stream));
    c->table = t;
    c->path.stream = t->last_stream;
    c->timer.fire = fire;
    int r = map_set(&t->by_stream, c->path.stream, c);
    if (r < 0) {
        return r;
    }
    r = watch(t, EPOLL_CTL_ADD, c->fd, EPOLLIN, c->path.stream);
    if (r == 0) {
        r = timers_set(&t->shard->timers, &c->timer, now + TCP_UNPROVEN_TIME);
    }
    if (r < 0) {
        epoll_ctl(t->epoll, EPOLL_CTL_DEL, c->fd, NULL);
        map_remove(&t->by_stream, c->path.stream);
        return r;
    }
    c->previous = NULL;
    c->next = t->first;
    if (c->next) {
        c->next->previous = c;
    }
    t->first = c;
    link_unproven(c);
    t->shard->stats.tcp_connections++;
    return 0;
}

static void leave(struct tcp_connection *c) {
    struct tcp_connections *t = c->table;
    timers_unset(&t->shard->timers, &c->timer);
    map_remove(&t->by_stream, c->path.stream);
    epoll_ctl(t->epoll, EPOLL_CTL_DEL, c->fd, NULL);
    *(c->previous ? &c->previous->next : &t->first) = c->next;
    if (c->next) {
        c->next->previous = c->previous;
    }
    if (c->proven) {
        connection_quota_leave(t->quota, &c->path.remote);
    } else {
        unlink_unproven(c);
    }
    t->shard->stats.tcp_connections--;
}

static void destroy(struct tcp_connection *c) {
    close(c->fd);
    tcp_queue_clear(&c->queue);
    free(c);
}

static void finish(struct tcp_connection *c) {
    struct session *session = session_by_path(&c->table->shard->table, &c->path);
    leave(c);
    if (session) {
        session_path_lost(session, &c->path);
    }
    destroy(c);
}

/* Closed at the end of the round: whoever is up the stack may still hold it. */
static void break_off(struct tcp_connection *c) {
    c->broken = true;
    timers_set(&c->table->shard->timers, &c->timer, 0); /* is set already: needs no memory */
}

static void fire(struct timer *timer, usec_t now) {
    struct tcp_connection *c = (struct tcp_connection *)timer;
    (void)now;
    if (!c->proven && !c->broken) {
        c->table->shard->stats.tcp_refused++; /* no check in all that time */
    }
    finish(c);
}

/* ---- Reading ---- */

/* To the thread that owns the session its first check names, with what was read so far. */
static void hand_over(struct tcp_connection *c, unsigned owner, struct bytes unread) {
    struct shard *shard = c->table->shard->shard;
    memmove(c->in, unread.p, unread.n);
    c->kept = unread.n;
    leave(c);
    if (c->table->loop->give_away(shard, owner, c) < 0) {
        destroy(c);
    }
}

static void refuse(struct tcp_connection *c) {
    c->table->shard->stats.tcp_refused++;
    break_off(c);
}

/* False: the connection is gone or broken. `unread` begins with the frame's header. */
static bool take_first(struct tcp_connection *c, struct bytes frame, struct bytes unread) {
    struct shard *shard = c->table->shard->shard;
    const int owner = c->table->loop->owner_of_check(shard, frame);
    if (owner < 0) {
        refuse(c);
        return false;
    }
    if (!c->table->loop->is_owner(shard, (unsigned)owner)) {
        hand_over(c, (unsigned)owner, unread);
        return false;
    }
    return true;
}

static void give(struct tcp_connection *c, struct bytes frame, usec_t now) {
    /* The bytes are ours, in a buffer of this thread: SRTP opens them in place. */
    const struct udp_datagram d = {.path = c->path, .p = (uint8_t *)frame.p, .n = frame.n};
    c->table->loop->datagram(c->table->shard->shard, &d, now);
}

/* `p` is of a buffer that is not c->in. */
static void take_bytes(struct tcp_connection *c, uint8_t *p, size_t n, usec_t now) {
    struct bytes stream = bytes_of(p, n), unread = stream, frame;
    int r;
    while ((r = framing_next(&stream, UDP_DATAGRAM_MAX, &frame)) > 0) {
        const bool first = !c->proven;
        if (first && !take_first(c, frame, unread)) {
            return;
        }
        if (frame.n > 0) {
            give(c, frame, now);
        }
        if (first && !c->proven && !c->broken) {
            refuse(c); /* its check was not valid */
        }
        if (c->broken) {
            return;
        }
        unread = stream;
    }
    if (r < 0 && !c->proven) {
        refuse(c);
        return;
    }
    if (r < 0) {
        c->table->shard->stats.oversized++;
        break_off(c);
        return;
    }
    memcpy(c->in, stream.n > 0 ? stream.p : p, stream.n);
    c->kept = stream.n;
}

static void readable(struct tcp_connection *c, usec_t now) {
    static _Thread_local uint8_t buffer[READ_MAX];
    /* A stranger's second frame stays in the kernel, so that what is read can be handed over. */
    const size_t most = c->proven ? sizeof(buffer) : KEPT_MAX;
    memcpy(buffer, c->in, c->kept);
    const ssize_t n = recv(c->fd, buffer + c->kept, most - c->kept, 0);
    if (n > 0) {
        take_bytes(c, buffer, c->kept + (size_t)n, now);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        finish(c);
    }
}

/* ---- Writing ---- */

/* Asks epoll for room while something waits. */
static void want_room(struct tcp_connection *c) {
    const bool wants = c->queue.used > 0;
    if (wants != c->wants_room) {
        c->wants_room = wants;
        watch(c->table, EPOLL_CTL_MOD, c->fd, wants ? EPOLLIN | EPOLLOUT : EPOLLIN, c->path.stream);
    }
}

static void writable(struct tcp_connection *c) {
    if (tcp_queue_flush(&c->queue, c->fd) < 0) {
        break_off(c);
    } else {
        want_room(c);
    }
}

size_t tcp_connections_send(struct tcp_connections *t, const struct path *path, struct bytes data,
                            size_t segment) {
    struct tcp_connection *c = find(t, path);
    const size_t count = (data.n + segment - 1) / segment;
    if (!c || c->broken) {
        return count;
    }
    const int dropped = tcp_queue_send(&c->queue, c->fd, data, segment);
    if (dropped < 0) {
        break_off(c);
        return count;
    }
    want_room(c);
    t->shard->stats.tcp_dropped += (size_t)dropped;
    return (size_t)dropped;
}

bool tcp_connections_late(const struct tcp_connections *t, const struct path *path, usec_t now) {
    const struct tcp_connection *c = find(t, path);
    return c && c->queue.used > 0 && now >= c->queue.since + TCP_LATE;
}

/* ---- What the session says ---- */

void tcp_connections_checked(struct tcp_connections *t, const struct path *path, usec_t now) {
    struct tcp_connection *c = find(t, path);
    if (!c || c->broken) {
        return;
    }
    if (!c->proven) {
        if (!connection_quota_enter(t->quota, &c->path.remote)) {
            refuse(c);
            return;
        }
        unlink_unproven(c);
        c->proven = true;
    }
    timers_set(&t->shard->timers, &c->timer, now + ICE_CONSENT);
}

void tcp_connections_release(struct tcp_connections *t, const struct path *path) {
    struct tcp_connection *c = find(t, path);
    if (c && !c->broken) {
        timers_set(&t->shard->timers, &c->timer, clock_now() + LINGER);
    }
}

/* ---- Coming and going ---- */

static size_t unproven_of(const struct tcp_connections *t, const struct address *remote) {
    size_t n = 0;
    for (const struct tcp_connection *c = t->oldest; c; c = c->younger) {
        n += memcmp(c->path.remote.ip, remote->ip, sizeof(remote->ip)) == 0;
    }
    return n;
}

static void accept_one(struct tcp_connections *t, int fd, const struct path *path, usec_t now) {
    struct tcp_connection *c = NULL;
    t->shard->stats.tcp_accepted++;
    if (unproven_of(t, &path->remote) < TCP_UNPROVEN_ADDRESS_MAX) {
        c = calloc(1, sizeof(*c));
    }
    if (!c) {
        t->shard->stats.tcp_refused++;
        close(fd);
        return;
    }
    if (t->unproven >= TCP_UNPROVEN_MAX) {
        t->shard->stats.tcp_refused++;
        finish(t->oldest);
    }
    c->fd = fd;
    c->path = *path;
    if (enter(t, c, now) < 0) {
        t->shard->stats.tcp_refused++;
        destroy(c);
    }
}

static void listen_again(struct timer *timer, usec_t now) {
    struct tcp_connections *t =
        (struct tcp_connections *)((char *)timer - offsetof(struct tcp_connections, listen_again));
    (void)now;
    watch(t, EPOLL_CTL_MOD, t->listener, EPOLLIN, TAG_LISTENER);
}

static void accept_some(struct tcp_connections *t, usec_t now) {
    for (unsigned i = 0; i < ACCEPTS_A_ROUND; i++) {
        struct path path;
        const int fd = tcp_accept(t->listener, &path);
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM) {
            /* What waits stays readable: look away for a while, or this thread spins. */
            watch(t, EPOLL_CTL_MOD, t->listener, 0, TAG_LISTENER);
            timers_set(&t->shard->timers, &t->listen_again, now + LISTEN_AGAIN);
            log_warn("media.tcp_no_files", "error=%d", -fd);
        }
        if (fd >= 0) {
            accept_one(t, fd, &path, now);
        } else if (fd != -ECONNABORTED && fd != -EINTR) {
            break;
        }
    }
}

static void take_arrivals(struct tcp_connections *t, usec_t now) {
    uint8_t buffer[KEPT_MAX];
    struct tcp_connection *c;
    mailbox_drained(t->arrivals);
    while (mailbox_take(t->arrivals, &c)) {
        if (enter(t, c, now) < 0) {
            destroy(c);
            continue;
        }
        memcpy(buffer, c->in, c->kept);
        take_bytes(c, buffer, c->kept, now);
    }
}

int tcp_connections_arrive(struct tcp_connections *t, struct tcp_connection *c) {
    return t->arrivals ? mailbox_post(t->arrivals, &c) : -ENOBUFS;
}

void tcp_connections_service(struct tcp_connections *t, usec_t now) {
    struct epoll_event events[EVENTS_A_ROUND];
    const int n = epoll_wait(t->epoll, events, EVENTS_A_ROUND, 0);
    for (int i = 0; i < n; i++) {
        const uint64_t tag = events[i].data.u64;
        if (tag == TAG_LISTENER) {
            accept_some(t, now);
            continue;
        }
        if (tag == TAG_ARRIVALS) {
            take_arrivals(t, now);
            continue;
        }
        struct tcp_connection *c = map_get(&t->by_stream, tag); /* may be gone since */
        if (c && !c->broken && (events[i].events & EPOLLOUT)) {
            writable(c);
        }
        if (c && !c->broken && (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
            readable(c, now);
        }
    }
}

void tcp_connections_init(struct tcp_connections *t, struct shard_state *shard) {
    memset(t, 0, sizeof(*t));
    t->shard = shard;
    t->listener = t->epoll = -1;
    t->listen_again.fire = listen_again;
    map_init(&t->by_stream);
}

int tcp_connections_open(struct tcp_connections *t, const char *bind_ip, uint16_t port,
                         struct connection_quota *quota, const struct tcp_loop *loop) {
    t->listener = tcp_listen(bind_ip, port, true);
    if (t->listener < 0) {
        return t->listener;
    }
    t->quota = quota;
    t->loop = loop;
    t->arrivals = mailbox_new(sizeof(struct tcp_connection *), TCP_ARRIVALS_MAX);
    t->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!t->arrivals || t->epoll < 0) {
        return -ENOMEM;
    }
    const int r = watch(t, EPOLL_CTL_ADD, t->listener, EPOLLIN, TAG_LISTENER);
    return r < 0 ? r : watch(t, EPOLL_CTL_ADD, mailbox_fd(t->arrivals), EPOLLIN, TAG_ARRIVALS);
}

void tcp_connections_clear(struct tcp_connections *t) {
    struct tcp_connection *c;
    while (t->first) {
        finish(t->first);
    }
    while (t->arrivals && mailbox_take(t->arrivals, &c)) {
        destroy(c);
    }
    mailbox_free(t->arrivals);
    timers_unset(&t->shard->timers, &t->listen_again);
    map_clear(&t->by_stream);
    if (t->epoll >= 0) {
        close(t->epoll);
    }
    if (t->listener >= 0) {
        close(t->listener);
    }
    t->arrivals = NULL;
    t->listener = t->epoll = -1;
}

uint16_t tcp_connections_port(const struct tcp_connections *t) {
    return t->listener < 0 ? 0 : tcp_port(t->listener);
}

int tcp_connections_fd(const struct tcp_connections *t) {
    return t->epoll;
}
