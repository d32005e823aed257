#include "net/udp_socket.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#define SOCKET_BUFFER (8 * 1024 * 1024)

/* Room for IPV6_PKTINFO and UDP_SEGMENT. */
#define CONTROL_MAX 128

struct udp_socket {
    int fd;
    uint16_t port;
    bool no_gso; /* the kernel or the device refused UDP_SEGMENT once */
    struct mmsghdr messages[UDP_BATCH];
    struct iovec vectors[UDP_BATCH];
    struct sockaddr_in6 names[UDP_BATCH];
    _Alignas(struct cmsghdr) uint8_t controls[UDP_BATCH][CONTROL_MAX];
    uint8_t buffers[UDP_BATCH][UDP_DATAGRAM_MAX + 4];
};

/* The forced variants work for root past the system's limit; the plain ones up to it. */
static void enlarge_buffers(int fd) {
    int size = SOCKET_BUFFER;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    }
}

static int bind_to(int fd, const char *bind_ip, uint16_t port) {
    struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (bind_ip[0] != '\0') {
        struct address a;
        int r = address_parse(bind_ip, port, &a);
        if (r < 0) {
            return r;
        }
        address_to_sockaddr6(&a, &sa);
    }
    return bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 ? -errno : 0;
}

int udp_open(const char *bind_ip, uint16_t port, bool reuse, struct udp_socket **ret) {
    int on = 1, off = 0, r = 0;
    struct udp_socket *s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        r = -errno;
        goto fail;
    }
    if (setsockopt(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
        setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) < 0 ||
        (reuse && setsockopt(s->fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0)) {
        r = -errno;
        goto fail;
    }
    enlarge_buffers(s->fd);
    r = bind_to(s->fd, bind_ip, port);
    if (r < 0) {
        goto fail;
    }
    struct sockaddr_in6 bound;
    socklen_t size = sizeof(bound);
    if (getsockname(s->fd, (struct sockaddr *)&bound, &size) < 0) {
        r = -errno;
        goto fail;
    }
    s->port = ntohs(bound.sin6_port);
    for (size_t i = 0; i < UDP_BATCH; i++) {
        s->vectors[i] = (struct iovec){.iov_base = s->buffers[i], .iov_len = UDP_DATAGRAM_MAX + 1};
    }
    *ret = s;
    return 0;
fail:
    udp_close(s);
    return r;
}

void udp_close(struct udp_socket *s) {
    if (!s) {
        return;
    }
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s);
}

int udp_fd(const struct udp_socket *s) {
    return s->fd;
}

uint16_t udp_port(const struct udp_socket *s) {
    return s->port;
}

static void local_address(struct msghdr *h, uint16_t port, struct address *ret) {
    *ret = (struct address){0};
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            struct sockaddr_in6 sa = {
                .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = info.ipi6_addr};
            address_of_sockaddr((struct sockaddr *)&sa, ret);
        }
    }
}

int udp_receive(struct udp_socket *s, struct udp_datagram ret[static UDP_BATCH],
                uint64_t *ret_oversized) {
    for (size_t i = 0; i < UDP_BATCH; i++) {
        s->messages[i].msg_hdr = (struct msghdr){.msg_name = &s->names[i],
                                                 .msg_namelen = sizeof(s->names[i]),
                                                 .msg_iov = &s->vectors[i],
                                                 .msg_iovlen = 1,
                                                 .msg_control = s->controls[i],
                                                 .msg_controllen = CONTROL_MAX};
    }
    int got = recvmmsg(s->fd, s->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
    if (got < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    }
    int kept = 0;
    for (int i = 0; i < got; i++) {
        size_t n = s->messages[i].msg_len;
        if (n > UDP_DATAGRAM_MAX || (s->messages[i].msg_hdr.msg_flags & MSG_TRUNC)) {
            (*ret_oversized)++;
            continue;
        }
        struct udp_datagram d = {.p = s->buffers[i], .n = n};
        if (address_of_sockaddr((struct sockaddr *)&s->names[i], &d.path.remote) < 0) {
            continue;
        }
        local_address(&s->messages[i].msg_hdr, s->port, &d.path.local);
        ret[kept++] = d;
    }
    return kept;
}

static void add_control(struct msghdr *h, size_t *used, int level, int type, const void *data,
                        size_t size) {
    struct cmsghdr *c = (struct cmsghdr *)((uint8_t *)h->msg_control + *used);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(c), data, size);
    *used += CMSG_SPACE(size);
}

static int send_message(struct udp_socket *s, const struct path *path, struct bytes data,
                        size_t segment) {
    struct sockaddr_in6 to, from;
    _Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX] = {0};
    struct iovec vector = {.iov_base = (void *)(uintptr_t)data.p, .iov_len = data.n};
    struct msghdr h = {.msg_name = &to,
                       .msg_namelen = sizeof(to),
                       .msg_iov = &vector,
                       .msg_iovlen = 1,
                       .msg_control = control};
    size_t used = 0;
    address_to_sockaddr6(&path->remote, &to);
    if (path->local.family != 0) {
        address_to_sockaddr6(&path->local, &from);
        struct in6_pktinfo info = {.ipi6_addr = from.sin6_addr};
        add_control(&h, &used, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
    if (segment < data.n) {
        uint16_t size = (uint16_t)segment;
        add_control(&h, &used, SOL_UDP, UDP_SEGMENT, &size, sizeof(size));
    }
    h.msg_controllen = used;
    if (used == 0) {
        h.msg_control = NULL;
    }
    return sendmsg(s->fd, &h, MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int send_one_by_one(struct udp_socket *s, const struct path *path, struct bytes data,
                           size_t segment) {
    int r = 0;
    for (size_t at = 0; at < data.n && r == 0; at += segment) {
        size_t n = data.n - at < segment ? data.n - at : segment;
        r = send_message(s, path, bytes_of(data.p + at, n), n);
    }
    return r;
}

int udp_send(struct udp_socket *s, const struct path *path, struct bytes data, size_t segment) {
    if (segment >= data.n || !s->no_gso) {
        int r = send_message(s, path, data, segment);
        /* EIO: the device cannot checksum; EINVAL: the path's MTU is below the segment. */
        if (segment >= data.n || (r != -EIO && r != -EINVAL && r != -EOPNOTSUPP)) {
            return r;
        }
        s->no_gso = r != -EINVAL;
    }
    return send_one_by_one(s, path, data, segment);
}
