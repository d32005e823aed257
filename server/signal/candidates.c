#include "signal/candidates.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

bool list_next(const char **at, char *ret, size_t n) {
    for (;;) {
        *at += strspn(*at, ", \t");
        if (**at == '\0') {
            return false;
        }
        size_t length = strcspn(*at, ", \t");
        const char *item = *at;
        *at += length;
        if (length < n) {
            memcpy(ret, item, length);
            ret[length] = '\0';
            return true;
        }
    }
}

bool candidates_valid(const char *public_ips) {
    char item[128];
    struct address a;

    while (list_next(&public_ips, item, sizeof item)) {
        if (address_parse(item, 1, &a) < 0) {
            return false;
        }
    }
    return true;
}

static bool is_loopback(const struct address *a) {
    static const uint8_t one[16] = {[15] = 1};

    return a->family == 4 ? a->ip[0] == 127 : memcmp(a->ip, one, sizeof one) == 0;
}

static bool is_link_local(const struct address *a) {
    return a->family == 4 ? a->ip[0] == 169 && a->ip[1] == 254
                          : a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static bool is_known(const struct address *a, const struct address *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (address_equal(a, &list[i])) {
            return true;
        }
    }
    return false;
}

/* One pass over the interfaces: family 4 or 6, loopback or not. */
static size_t collect(const struct ifaddrs *all, uint8_t family, bool loopback, uint16_t port,
                      struct address *ret, size_t n, size_t max) {
    for (const struct ifaddrs *i = all; i != NULL && n < max; i = i->ifa_next) {
        struct address a;
        if (i->ifa_addr == NULL || (i->ifa_flags & IFF_UP) == 0 ||
            address_of_sockaddr(i->ifa_addr, &a) < 0) {
            continue;
        }
        a.port = port;
        if (a.family == family && is_loopback(&a) == loopback && !is_link_local(&a) &&
            !is_known(&a, ret, n)) {
            ret[n++] = a;
        }
    }
    return n;
}

size_t candidates_read(const char *public_ips, uint16_t port, struct address *ret, size_t max) {
    struct ifaddrs *all = NULL;
    char item[128];
    size_t n = 0;

    while (n < max && list_next(&public_ips, item, sizeof item)) {
        if (address_parse(item, port, &ret[n]) == 0) {
            n++;
        }
    }
    if (getifaddrs(&all) == 0) {
        n = collect(all, 4, false, port, ret, n, max > 2 ? max - 2 : max);
        n = collect(all, 4, true, port, ret, n, max > 1 ? max - 1 : max);
        n = collect(all, 6, false, port, ret, n, max);
        n = collect(all, 6, true, port, ret, n, max);
        freeifaddrs(all);
    }
    return n;
}
