/* signal/ice_servers.h: the STUN and TURN servers that clients are told of, in Link headers (RFC
 * 9725 §4.6) and in pages. Those of `turn_urls` get credentials made for the moment, as coturn's
 * use-auth-secret takes them (draft-uberti-behave-turn-rest): the name is "expiry:somebody", the
 * password its HMAC-SHA1 under the secret that both servers know. */
#pragma once
#include "base/spans.h"

#include <stdint.h>

struct exchange;
struct json;

#define TURN_LIFETIME (12 * 3600) /* seconds; a client that comes back gets new ones */
#define TURN_NAME_MAX 48
#define TURN_PASSWORD_MAX 32
#define TURN_URLS_MAX 8

struct turn_credentials {
    char name[TURN_NAME_MAX];
    char password[TURN_PASSWORD_MAX]; /* base64 */
};

/* Good from now until `expiry` (Unix seconds); `somebody` tells uses apart in coturn's log. 0 or
 * -ENOMEM. */
int turn_credentials_make(const char *secret, int64_t expiry, const char *somebody,
                          struct turn_credentials *ret);

/* Is it a comma list of at most TURN_URLS_MAX turn: and turns: URLs (RFC 7065)? */
bool turn_urls_valid(const char *turn_urls);

void ice_servers_reply(struct exchange *x);

/* The same as RTCIceServer objects. */
struct json *ice_servers_json(const struct exchange *x);
