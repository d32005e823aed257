#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int address_of_sockaddr(const struct sockaddr *sa, struct address *ret) {
    struct address a = {0};
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
        memcpy(a.ip, &in->sin_addr, 4);
        a.port = ntohs(in->sin_port);
        a.family = 4;
    } else if (sa->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
        const uint8_t *ip = in6->sin6_addr.s6_addr;
        a.port = ntohs(in6->sin6_port);
        if (memcmp(ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
            memcpy(a.ip, ip + 12, 4);
            a.family = 4;
        } else {
            memcpy(a.ip, ip, 16);
            a.family = 6;
        }
    } else {
        return -EAFNOSUPPORT;
    }
    *ret = a;
    return 0;
}

void address_to_sockaddr6(const struct address *a, struct sockaddr_in6 *ret) {
    memset(ret, 0, sizeof(*ret));
    ret->sin6_family = AF_INET6;
    ret->sin6_port = htons(a->port);
    if (a->family == 4) {
        memcpy(ret->sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix));
        memcpy(ret->sin6_addr.s6_addr + 12, a->ip, 4);
    } else {
        memcpy(ret->sin6_addr.s6_addr, a->ip, 16);
    }
}

int address_parse(const char *ip, uint16_t port, struct address *ret) {
    struct address a = {.port = port};
    if (inet_pton(AF_INET, ip, a.ip) == 1) {
        a.family = 4;
    } else if (inet_pton(AF_INET6, ip, a.ip) == 1) {
        a.family = 6;
        if (memcmp(a.ip, mapped_prefix, sizeof(mapped_prefix)) == 0) {
            memcpy(a.ip, a.ip + 12, 4);
            memset(a.ip + 4, 0, 12);
            a.family = 4;
        }
    } else {
        return -EINVAL;
    }
    *ret = a;
    return 0;
}

void address_ip_text(const struct address *a, char text[static ADDRESS_TEXT_MAX]) {
    if (!inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->ip, text, ADDRESS_TEXT_MAX)) {
        text[0] = '\0';
    }
}

void address_text(const struct address *a, char text[static ADDRESS_TEXT_MAX]) {
    char ip[ADDRESS_TEXT_MAX];
    address_ip_text(a, ip);
    snprintf(text, ADDRESS_TEXT_MAX, a->family == 6 ? "[%.45s]:%u" : "%.45s:%u", ip, a->port);
}

bool address_equal(const struct address *a, const struct address *b) {
    return memcmp(a, b, sizeof(*a)) == 0;
}

bool path_equal(const struct path *a, const struct path *b) {
    return address_equal(&a->remote, &b->remote) && address_equal(&a->local, &b->local) &&
           a->stream == b->stream;
}
