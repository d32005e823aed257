/* net/connection_quota.h: how many connections there are, together and of one address, over all
 * threads. IPv6 addresses of one /64 count as one. The one thing that media threads share besides
 * mailboxes: touched when a connection comes and goes, never for a packet. */
#pragma once
#include "base/address.h"

#include <stddef.h>

struct connection_quota;

/* NULL without memory. */
struct connection_quota *connection_quota_new(size_t all_max, size_t address_max);
void connection_quota_free(struct connection_quota *q); /* NULL is fine */

/* Any thread. True: it counts until connection_quota_leave with the same address. */
bool connection_quota_enter(struct connection_quota *q, const struct address *remote);
void connection_quota_leave(struct connection_quota *q, const struct address *remote);
