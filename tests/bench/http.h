/* tests/bench/http.h: one HTTP/1.1 connection of the load client. Connecting and sending block
 * (both are instant on a loopback), answers are read as they come. One thread. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct http_url {
    struct sockaddr_in address;
    char path[512];
};

struct http {
    int fd; /* -1: closed */
    char *in;
    size_t size, room;
    size_t body_at; /* 0: the head is not complete */
    size_t body_size;
    bool chunked;
    int status;
};

/* "http://1.2.3.4:80/path". 0 or -EINVAL. */
int http_url_parse(const char *text, struct http_url *ret);

/* 0 or −errno. */
int http_open(struct http *h, const struct sockaddr_in *address);
void http_close(struct http *h); /* zeroed or closed is fine */

/* Sends one request; `headers` are further lines, each with CRLF. 0 or −errno. */
int http_send(struct http *h, const char *method, const char *path, const char *headers,
              const char *body);

/* Reads what is there. 1: the answer is complete; 0: more to come; −errno. */
int http_receive(struct http *h);

/* After http_receive returned 1; NUL-terminated, valid until the next http_send. */
const char *http_body(const struct http *h);

/* Copies a header's value; the empty text when there is none. */
void http_header(const struct http *h, const char *name, char *ret, size_t room);

/* Opens, sends and waits for the answer (10 s). The status, or −errno. Close it afterwards. */
int http_exchange(struct http *h, const struct sockaddr_in *address, const char *method,
                  const char *path, const char *headers, const char *body);
