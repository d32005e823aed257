/* signal/candidates.h: the addresses at which the media port can be reached, for answers; and the
 * Link headers that name ICE servers. */
#pragma once
#include "base/address.h"

#include <stddef.h>

struct exchange;
struct json;

/* Configured public addresses first, then this machine's own (also loopback). `public_ips` is a
 * comma list. Returns how many, at most `max`. */
size_t candidates_read(const char *public_ips, uint16_t port, struct address *ret, size_t max);

/* Does every address of the comma list parse? */
bool candidates_valid(const char *public_ips);

/* Link: <stun:…>; rel="ice-server" for each (RFC 9725 §4.6). */
void ice_servers_reply(struct exchange *x, const char *ice_servers);

/* The same as RTCIceServer objects, for pages. */
struct json *ice_servers_json(const char *ice_servers);
