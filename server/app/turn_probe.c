#include "app/turn_probe.h"

#include "base/random.h"
#include "base/spans.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 1500
#define TRIES 2
#define STUN_HEADER 20

/* "turns:[::1]:443?transport=tcp" to its parts; the port is that of RFC 7065 §3.2 unless told. */
static void split(const char *url, bool *ret_tls, bool *ret_tcp, char host[256], char port[16]) {
    *ret_tls = strncmp(url, "turns:", 6) == 0;
    const char *at = url + (*ret_tls ? 6 : 5);
    const char *query = strchr(at, '?');
    const size_t n = query ? (size_t)(query - at) : strlen(at);
    *ret_tcp = *ret_tls || (query && strstr(query, "transport=tcp"));
    snprintf(host, 256, "%.*s", (int)(n < 255 ? n : 255), at);
    snprintf(port, 16, "%s", *ret_tls ? "5349" : "3478");
    char *colon = strrchr(host, ':');
    if (colon && !strchr(colon, ']')) {
        snprintf(port, 16, "%.15s", colon + 1);
        *colon = '\0';
    }
    if (host[0] == '[') {
        memmove(host, host + 1, strlen(host));
        host[strcspn(host, "]")] = '\0';
    }
}

static int wait_for(int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    const int n = poll(&p, 1, WAIT_MS);
    return n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0;
}

static int ask_tcp(int fd) {
    int error = 0;
    socklen_t size = sizeof(error);
    const int r = wait_for(fd, POLLOUT);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return r < 0 ? r : -error;
}

static int ask_udp(int fd) {
    uint8_t request[STUN_HEADER] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, answer[512];
    int r = -ETIMEDOUT;
    random_bytes(request + 8, STUN_HEADER - 8);
    for (unsigned i = 0; i < TRIES && r == -ETIMEDOUT; i++) {
        if (send(fd, request, sizeof(request), 0) < 0) {
            return -errno;
        }
        r = wait_for(fd, POLLIN);
        if (r == 0) {
            const ssize_t n = recv(fd, answer, sizeof(answer), 0);
            r = n < 0 ? -errno : n >= STUN_HEADER && answer[0] == 1 ? 0 : -EPROTO;
        }
    }
    return r;
}

int turn_probe(const char *url, const char **ret_transport) {
    char host[256], port[16];
    bool tls, tcp;
    struct addrinfo *all;
    split(url, &tls, &tcp, host, port);
    *ret_transport = tls ? "TLS" : tcp ? "TCP" : "UDP";
    const struct addrinfo hints = {.ai_socktype = tcp ? SOCK_STREAM : SOCK_DGRAM};
    if (getaddrinfo(host, port, &hints, &all) != 0) {
        return -ENOENT;
    }
    int r = -ENOENT;
    for (const struct addrinfo *a = all; a && r < 0; a = a->ai_next) {
        const int fd =
            socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        if (fd < 0) {
            r = -errno;
            continue;
        }
        r = connect(fd, a->ai_addr, a->ai_addrlen) < 0 && errno != EINPROGRESS ? -errno
            : tcp                                                              ? ask_tcp(fd)
                                                                               : ask_udp(fd);
        close(fd);
    }
    freeaddrinfo(all);
    return r;
}
