#include "media/tcp_queue.h"

#include "media/tcp_connections.h"
#include "net/udp_socket.h"
#include "wire/framing.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

void tcp_queue_clear(struct tcp_queue *q) {
    free(q->ring);
    *q = (struct tcp_queue){0};
}

/* Bytes taken, 0 when there is no room now, −errno. */
static ssize_t send_parts(int fd, struct iovec *parts, size_t count) {
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    const ssize_t n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    return n;
}

static void put(struct tcp_queue *q, const uint8_t *p, size_t n) {
    const size_t at = (q->head + q->used) % TCP_QUEUE_MAX;
    const size_t first = n < TCP_QUEUE_MAX - at ? n : TCP_QUEUE_MAX - at;
    memcpy(q->ring + at, p, first);
    memcpy(q->ring, p + first, n - first);
    if (q->used == 0) {
        q->since = clock_now();
    }
    q->used += n;
}

/* The part of a frame that was not sent; false when there is no room for it. */
static bool keep(struct tcp_queue *q, const uint8_t header[static FRAMING_HEADER],
                 struct bytes frame, size_t sent) {
    if (!q->ring) {
        q->ring = malloc(TCP_QUEUE_MAX);
    }
    if (!q->ring || FRAMING_HEADER + frame.n - sent > TCP_QUEUE_MAX - q->used) {
        return false;
    }
    if (sent < FRAMING_HEADER) {
        put(q, header + sent, FRAMING_HEADER - sent);
        sent = FRAMING_HEADER;
    }
    put(q, frame.p + sent - FRAMING_HEADER, frame.n + FRAMING_HEADER - sent);
    return true;
}

int tcp_queue_send(struct tcp_queue *q, int fd, struct bytes data, size_t segment) {
    uint8_t headers[UDP_SEGMENTS_MAX][FRAMING_HEADER];
    struct iovec parts[2 * UDP_SEGMENTS_MAX];
    const size_t count = (data.n + segment - 1) / segment;
    int dropped = 0;
    ssize_t sent = 0;
    assert(count <= UDP_SEGMENTS_MAX);
    for (size_t i = 0; i < count; i++) {
        const size_t n = i + 1 < count ? segment : data.n - i * segment;
        framing_write_header(headers[i], n);
        parts[2 * i] = (struct iovec){.iov_base = headers[i], .iov_len = FRAMING_HEADER};
        parts[2 * i + 1] = (struct iovec){.iov_base = (void *)(data.p + i * segment), .iov_len = n};
    }
    if (q->used == 0) {
        sent = send_parts(fd, parts, 2 * count);
    }
    for (size_t i = 0; i < count && sent >= 0; i++) {
        const struct bytes frame = bytes_of(parts[2 * i + 1].iov_base, parts[2 * i + 1].iov_len);
        const size_t whole = FRAMING_HEADER + frame.n;
        const size_t gone = (size_t)sent < whole ? (size_t)sent : whole;
        sent -= (ssize_t)gone;
        if (gone < whole && !keep(q, headers[i], frame, gone)) {
            if (gone > 0) {
                return -ENOMEM; /* half a frame is out and the rest has no place */
            }
            dropped++;
        }
    }
    return sent < 0 ? (int)sent : dropped;
}

int tcp_queue_flush(struct tcp_queue *q, int fd) {
    while (q->used > 0) {
        const size_t first = TCP_QUEUE_MAX - q->head < q->used ? TCP_QUEUE_MAX - q->head : q->used;
        struct iovec parts[2] = {{.iov_base = q->ring + q->head, .iov_len = first},
                                 {.iov_base = q->ring, .iov_len = q->used - first}};
        const ssize_t n = send_parts(fd, parts, 2);
        if (n <= 0) {
            return (int)n;
        }
        q->head = (q->head + (size_t)n) % TCP_QUEUE_MAX;
        q->used -= (size_t)n;
    }
    return 0;
}
