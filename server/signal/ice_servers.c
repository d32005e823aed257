#include "signal/ice_servers.h"

#include "base/random.h"
#include "signal/candidates.h"
#include "signal/http.h"
#include "signal/state.h"
#include "wire/hash.h"
#include "wire/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SOMEBODY 8 /* random characters: nothing about the customer */
#define URL_MAX 256

/* ---- Credentials ---- */

static void base64(const uint8_t *from, size_t n, char *ret) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        const size_t have = n - i < 3 ? n - i : 3;
        const uint32_t three = (uint32_t)from[i] << 16 |
                               (have > 1 ? (uint32_t)from[i + 1] << 8 : 0) |
                               (have > 2 ? from[i + 2] : 0);
        *ret++ = digits[three >> 18];
        *ret++ = digits[three >> 12 & 63];
        *ret++ = have > 1 ? digits[three >> 6 & 63] : '=';
        *ret++ = have > 2 ? digits[three & 63] : '=';
    }
    *ret = '\0';
}

int turn_credentials_make(const char *secret, int64_t expiry, const char *somebody,
                          struct turn_credentials *ret) {
    struct turn_credentials made = {0};
    uint8_t mac[HMAC_SHA1_SIZE];

    snprintf(made.name, sizeof made.name, "%" PRId64 ":%.20s", expiry, somebody);
    const int r = hmac_sha1(bytes_of_text(secret), bytes_of_text(made.name), mac);
    if (r == 0) {
        base64(mac, sizeof mac, made.password);
        *ret = made;
    }
    return r;
}

/* ---- TURN URLs ---- */

/* "turn:host", "turns:host:port", "…?transport=udp|tcp" */
static bool turn_url_valid(const char *url) {
    const char *host = strncmp(url, "turn:", 5) == 0    ? url + 5
                       : strncmp(url, "turns:", 6) == 0 ? url + 6
                                                        : NULL;
    if (host == NULL) {
        return false;
    }
    const char *query = strchr(host, '?');
    const size_t n = query != NULL ? (size_t)(query - host) : strlen(host);
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:[]";
    return n > 0 && strspn(host, allowed) == n &&
           (query == NULL || strcmp(query, "?transport=udp") == 0 ||
            strcmp(query, "?transport=tcp") == 0);
}

bool turn_urls_valid(const char *turn_urls) {
    char url[URL_MAX];
    size_t count = 0;

    while (list_next(&turn_urls, url, sizeof url)) {
        if (!turn_url_valid(url) || ++count > TURN_URLS_MAX) {
            return false;
        }
    }
    return true;
}

/* False when there is no TURN server. */
static bool make_credentials(const struct exchange *x, struct turn_credentials *ret) {
    const struct signal_config *c = x->signal->config;
    char somebody[SOMEBODY + 1];

    if (c->turn_urls[0] == '\0' || c->turn_secret[0] == '\0') {
        return false;
    }
    random_text(somebody, SOMEBODY);
    return turn_credentials_make(c->turn_secret, (int64_t)time(NULL) + TURN_LIFETIME, somebody,
                                 ret) == 0;
}

/* ---- What is told ---- */

struct ice_server {
    char url[256], user[128], pass[128];
};

/* "turn:host:port?transport=udp&user=U&pass=P" */
static bool next_server(const char **at, struct ice_server *ret) {
    char item[512];

    memset(ret, 0, sizeof *ret);
    if (!list_next(at, item, sizeof item)) {
        return false;
    }
    char *query = strchr(item, '?');
    if (query != NULL) {
        *query++ = '\0';
    }
    snprintf(ret->url, sizeof ret->url, "%.200s", item);
    for (char *part = query; part != NULL && *part != '\0';) {
        char *next = strchr(part, '&');
        if (next != NULL) {
            *next++ = '\0';
        }
        if (strncmp(part, "user=", 5) == 0) {
            snprintf(ret->user, sizeof ret->user, "%.120s", part + 5);
        } else if (strncmp(part, "pass=", 5) == 0) {
            snprintf(ret->pass, sizeof ret->pass, "%.120s", part + 5);
        } else if (strncmp(part, "transport=", 10) == 0) {
            size_t n = strlen(ret->url);
            snprintf(ret->url + n, sizeof ret->url - n, "?%.40s", part);
        }
        part = next;
    }
    return true;
}

static void reply_server(struct exchange *x, const char *url, const char *name,
                         const char *password) {
    if (name[0] != '\0') {
        reply_header(x, "link",
                     "<%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                     "credential-type=\"password\"",
                     url, name, password);
    } else {
        reply_header(x, "link", "<%s>; rel=\"ice-server\"", url);
    }
}

void ice_servers_reply(struct exchange *x) {
    const struct signal_config *c = x->signal->config;
    const char *fixed = c->ice_servers, *turn = c->turn_urls;
    struct turn_credentials made;
    struct ice_server server;
    char url[URL_MAX];

    while (next_server(&fixed, &server)) {
        reply_server(x, server.url, server.user, server.pass);
    }
    if (make_credentials(x, &made)) {
        while (list_next(&turn, url, sizeof url)) {
            reply_server(x, url, made.name, made.password);
        }
    }
}

static void add_server(struct json *list, const char *url, const char *name, const char *password) {
    struct json *o = json_new_object();

    json_put_text(o, "urls", url);
    if (name[0] != '\0') {
        json_put_text(o, "username", name);
        json_put_text(o, "credential", password);
    }
    json_add(list, o);
}

struct json *ice_servers_json(const struct exchange *x) {
    const struct signal_config *c = x->signal->config;
    const char *fixed = c->ice_servers, *turn = c->turn_urls;
    struct json *list = json_new_list();
    struct turn_credentials made;
    struct ice_server server;
    char url[URL_MAX];

    while (next_server(&fixed, &server)) {
        add_server(list, server.url, server.user, server.pass);
    }
    if (make_credentials(x, &made)) {
        while (list_next(&turn, url, sizeof url)) {
            add_server(list, url, made.name, made.password);
        }
    }
    return list;
}
