#include "media/egress.h"

#include <assert.h>

void egress_init(struct egress *e, struct udp_socket *socket) {
    memset(e, 0, offsetof(struct egress, buffer));
    e->socket = socket;
}

void egress_flush(struct egress *e) {
    if (e->count == 0) {
        return;
    }
    if (udp_send(e->socket, &e->path, bytes_of(e->buffer, e->used), e->segment) < 0) {
        e->failed += e->count;
    } else {
        e->datagrams += e->count;
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
