#include "http.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX (256 * 1024)

int http_url_parse(const char *text, struct http_url *ret) {
    char ip[64];
    unsigned port;
    int end = 0;
    struct http_url url = {.address.sin_family = AF_INET, .path = "/"};
    if (sscanf(text, "http://%63[0-9.]:%u%n", ip, &port, &end) != 2 || port > 65535 ||
        inet_pton(AF_INET, ip, &url.address.sin_addr) != 1) {
        return -EINVAL;
    }
    url.address.sin_port = htons((uint16_t)port);
    if (text[end] != '\0') {
        snprintf(url.path, sizeof url.path, "%s", text + end);
    }
    *ret = url;
    return 0;
}

int http_open(struct http *h, const struct sockaddr_in *address) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (connect(fd, (const struct sockaddr *)address, sizeof *address) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    *h = (struct http){.fd = fd};
    return 0;
}

void http_close(struct http *h) {
    if (h->fd > 0) {
        close(h->fd);
    }
    free(h->in);
    *h = (struct http){.fd = -1};
}

int http_send(struct http *h, const char *method, const char *path, const char *headers,
              const char *body) {
    char *request = NULL;
    int n = asprintf(&request, "%s %s HTTP/1.1\r\nHost: bench\r\n%sContent-Length: %zu\r\n\r\n%s",
                     method, path, headers, strlen(body), body);
    if (n < 0) {
        return -ENOMEM;
    }
    h->size = h->body_at = h->body_size = 0;
    ssize_t sent = send(h->fd, request, (size_t)n, MSG_NOSIGNAL);
    int error = sent < 0 ? errno : EPIPE;
    free(request);
    return sent == n ? 0 : -error;
}

void http_header(const struct http *h, const char *name, char *ret, size_t room) {
    size_t n = strlen(name);
    ret[0] = '\0';
    for (const char *line = strstr(h->in, "\r\n"); line != NULL && line < h->in + h->body_at - 2;
         line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            const char *value = line + 3 + n;
            value += strspn(value, " ");
            snprintf(ret, room, "%.*s", (int)strcspn(value, "\r"), value);
            return;
        }
    }
}

static int read_head(struct http *h) {
    const char *end = strstr(h->in, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    char length[32];
    h->body_at = (size_t)(end - h->in) + 4;
    if (sscanf(h->in, "HTTP/1.%*c %d", &h->status) != 1) {
        return -EPROTO;
    }
    http_header(h, "Transfer-Encoding", length, sizeof length);
    h->chunked = strcasecmp(length, "chunked") == 0;
    http_header(h, "Content-Length", length, sizeof length);
    h->body_size = strtoul(length, NULL, 10);
    return 0;
}

/* Once the last chunk is there (RFC 9112 §7.1): moves the chunks together. */
static bool join_chunks(struct http *h) {
    char *to = h->in + h->body_at, *from = to, *end = h->in + h->size;
    for (int pass = 0; pass < 2; pass++) { /* first only look */
        from = h->in + h->body_at;
        for (;;) {
            char *data = strstr(from, "\r\n");
            size_t n = strtoul(from, NULL, 16);
            if (data == NULL || (size_t)(end - data) < n + 4) {
                return false;
            }
            if (n == 0) {
                break;
            }
            if (pass == 1) {
                memmove(to, data + 2, n);
                to += n;
            }
            from = data + 2 + n + 2;
        }
    }
    *to = '\0';
    return true;
}

int http_receive(struct http *h) {
    for (;;) {
        if (h->room - h->size < 4096) {
            size_t room = h->room == 0 ? 8192 : h->room * 2;
            char *in = room > ANSWER_MAX ? NULL : realloc(h->in, room);
            if (in == NULL) {
                return -ENOBUFS;
            }
            h->in = in;
            h->room = room;
        }
        ssize_t n = recv(h->fd, h->in + h->size, h->room - h->size - 1, MSG_DONTWAIT);
        if (n < 0) {
            return errno == EAGAIN ? 0 : -errno;
        }
        if (n == 0) {
            return -ECONNRESET;
        }
        h->size += (size_t)n;
        h->in[h->size] = '\0';
        if (h->body_at == 0) {
            int error = read_head(h);
            if (error < 0) {
                return error;
            }
        }
        if (h->body_at > 0 &&
            (h->chunked ? join_chunks(h) : h->size >= h->body_at + h->body_size)) {
            return 1;
        }
    }
}

const char *http_body(const struct http *h) {
    return h->in + h->body_at;
}

int http_exchange(struct http *h, const struct sockaddr_in *address, const char *method,
                  const char *path, const char *headers, const char *body) {
    int error = http_open(h, address);
    if (error == 0) {
        error = http_send(h, method, path, headers, body);
    }
    while (error == 0) {
        struct pollfd p = {.fd = h->fd, .events = POLLIN};
        error = poll(&p, 1, 10000) == 1 ? http_receive(h) : -ETIMEDOUT;
    }
    return error > 0 ? h->status : error;
}
