/* signal/quota.h: what one client address may use: connections and WHIP/WHEP sessions. An IPv6
 * client counts by its /64. */
#pragma once
#include "base/address.h"
#include "base/clock.h"

struct signal;
struct address_use;

void quota_peer(int fd, struct address *ret); /* family 0 when it cannot be told */

bool quota_may_connect(struct signal *s, int fd);
/* Counts a connection; the result goes to quota_disconnected. NULL without memory. */
struct address_use *quota_connected(struct signal *s, int fd);
void quota_disconnected(struct signal *s, struct address_use *use);

/* Counts a new session of `peer`. NULL: too many at once or a minute (429). */
struct address_use *quota_session(struct signal *s, const struct address *peer, usec_t now);
/* May `peer` ask one more question now? Counts it. */
bool quota_question(struct signal *s, const struct address *peer, usec_t now);
void quota_session_over(struct address_use *use);

int quota_new(struct signal *s);
void quota_free(struct signal *s);
/* Forgets addresses that use nothing. */
void quota_tick(struct signal *s, usec_t now);
