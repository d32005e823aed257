/* base/address.h: an IPv4 or IPv6 address with a port, by value. IPv4-mapped IPv6 is IPv4 here. */
#pragma once
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
    uint8_t ip[16];  /* network order; IPv4 uses the first four, the rest are zero */
    uint16_t port;   /* host order */
    uint8_t family;  /* 4, 6, or 0 for none */
    uint8_t padding; /* always zero, so that a whole address may be hashed */
};

/* The two ends of a flow as this machine sees it. */
struct path {
    struct address remote;
    struct address local;
    uint32_t stream; /* 0: UDP; else the TCP connection, by its number on its media thread */
};

#define ADDRESS_TEXT_MAX 56 /* "[v6]:port" with the terminating NUL */

/* 0, or -EAFNOSUPPORT for anything but AF_INET and AF_INET6. */
int address_of_sockaddr(const struct sockaddr *sa, struct address *ret);

/* Fills a sockaddr_in6 (IPv4 as ::ffff:a.b.c.d), as dual-stack sockets take it. */
void address_to_sockaddr6(const struct address *a, struct sockaddr_in6 *ret);

/* Parses a numeric address without a port. 0 or -EINVAL. */
int address_parse(const char *ip, uint16_t port, struct address *ret);

/* "1.2.3.4:5" or "[::1]:5". */
void address_text(const struct address *a, char text[static ADDRESS_TEXT_MAX]);

/* "1.2.3.4" or "::1", as in candidates. */
void address_ip_text(const struct address *a, char text[static ADDRESS_TEXT_MAX]);

bool address_equal(const struct address *a, const struct address *b);
bool path_equal(const struct path *a, const struct path *b);
