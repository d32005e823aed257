#include "media/egress.h"

#include "media/tcp_connections.h"

#include <assert.h>

void egress_init(struct egress *e, struct udp_socket *socket, struct tcp_connections *streams) {
    memset(e, 0, offsetof(struct egress, buffer));
    e->socket = socket;
    e->streams = streams;
}

/* How many datagrams were lost. */
static size_t send_gathered(struct egress *e) {
    const struct bytes data = bytes_of(e->buffer, e->used);
    if (e->path.stream == 0) {
        return udp_send(e->socket, &e->path, data, e->segment) < 0 ? e->count : 0;
    }
    return e->streams ? tcp_connections_send(e->streams, &e->path, data, e->segment) : e->count;
}

void egress_flush(struct egress *e) {
    if (e->count == 0) {
        return;
    }
    const size_t lost = send_gathered(e);
    e->failed += lost;
    if (lost < e->count) {
        e->datagrams += e->count - lost;
        e->bytes += e->used;
        e->sends++;
    }
    e->count = e->used = 0;
}

struct room egress_room(struct egress *e, const struct path *path) {
    if (e->count > 0 && !path_equal(&e->path, path)) {
        egress_flush(e);
    }
    if (e->count == 0) {
        e->path = *path;
    }
    return (struct room){.p = e->buffer + e->used, .n = EGRESS_DATAGRAM_MAX};
}

void egress_add(struct egress *e, size_t n) {
    assert(n > 0 && n <= EGRESS_DATAGRAM_MAX);
    if (e->count > 0 && n > e->segment) {
        const uint8_t *waiting = e->buffer + e->used;
        egress_flush(e);
        memmove(e->buffer, waiting, n);
    }
    if (e->count == 0) {
        e->segment = n;
    }
    e->used += n;
    e->count++;
    if (n < e->segment || e->count == UDP_SEGMENTS_MAX || e->used + e->segment > UDP_SEND_MAX) {
        egress_flush(e);
    }
}
