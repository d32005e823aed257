#include "app/health_probe.h"

#include "base/address.h"

#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char request[] = "GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n";

/* A connected socket with time limits, or -1. */
static int open_connection(const struct config *c) {
    const struct timeval patience = {.tv_sec = 2};
    struct address address;
    struct sockaddr_in6 to;
    const char *ip = c->listen_address;
    if (!ip[0] || strcmp(ip, "0.0.0.0") == 0 || strcmp(ip, "::") == 0 ||
        strcmp(ip, "localhost") == 0) {
        ip = "127.0.0.1";
    }
    if (address_parse(ip, (uint16_t)c->listen_port, &address) != 0) {
        return -1;
    }
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    address_to_sockaddr6(&address, &to);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool ask_plain(int fd, char *answer, int room) {
    return send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) > 0 &&
           read(fd, answer, (size_t)room) > 0;
}

static bool ask_tls(int fd, char *answer, int room) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = context ? SSL_new(context) : NULL;
    bool answered = ssl && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1 &&
                    SSL_write(ssl, request, sizeof(request) - 1) > 0 &&
                    SSL_read(ssl, answer, room) > 0;
    SSL_free(ssl);
    SSL_CTX_free(context);
    return answered;
}

bool health_probe(const struct config *c) {
    char answer[64] = "";
    int fd = open_connection(c);
    if (fd < 0) {
        return false;
    }
    bool answered = c->tls_cert[0] ? ask_tls(fd, answer, sizeof(answer) - 1)
                                   : ask_plain(fd, answer, sizeof(answer) - 1);
    close(fd);
    return answered && strstr(answer, " 200 ");
}
