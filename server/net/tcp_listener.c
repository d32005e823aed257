#include "net/tcp_listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <unistd.h>

#define BACKLOG 512

static int listen_at(int fd, const char *bind_ip, uint16_t port, bool reuse) {
    const int on = 1, off = 0;
    struct address address = {.family = 6, .port = port};
    struct sockaddr_in6 sa;
    if (bind_ip[0] != '\0') {
        int r = address_parse(bind_ip, port, &address);
        if (r < 0) {
            return r;
        }
    }
    address_to_sockaddr6(&address, &sa);
    if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        (reuse && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) ||
        bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, BACKLOG) < 0) {
        return -errno;
    }
    return 0;
}

int tcp_listen(const char *bind_ip, uint16_t port, bool reuse) {
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    int r = listen_at(fd, bind_ip, port, reuse);
    if (r < 0) {
        close(fd);
        return r;
    }
    return fd;
}

uint16_t tcp_port(int fd) {
    struct sockaddr_in6 bound = {0};
    socklen_t size = sizeof(bound);
    return getsockname(fd, (struct sockaddr *)&bound, &size) < 0 ? 0 : ntohs(bound.sin6_port);
}

int tcp_accept(int listener, struct path *ret_path) {
    const int on = 1, unsent = TCP_UNSENT_MAX;
    struct sockaddr_in6 remote, local;
    socklen_t remote_size = sizeof(remote), local_size = sizeof(local);
    struct path path = {.stream = 0};
    int fd =
        accept4(listener, (struct sockaddr *)&remote, &remote_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    if (getsockname(fd, (struct sockaddr *)&local, &local_size) < 0 ||
        address_of_sockaddr((struct sockaddr *)&remote, &path.remote) < 0 ||
        address_of_sockaddr((struct sockaddr *)&local, &path.local) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
        close(fd);
        return -ECONNABORTED;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    *ret_path = path;
    return fd;
}
