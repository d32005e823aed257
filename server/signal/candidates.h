/* signal/candidates.h: the addresses at which the media port can be reached, for answers. */
#pragma once
#include "base/address.h"

#include <stddef.h>

/* Configured public addresses first, then this machine's own (also loopback). `public_ips` is a
 * comma list. Returns how many, at most `max`. */
size_t candidates_read(const char *public_ips, uint16_t port, struct address *ret, size_t max);

/* Does every address of the comma list parse? */
bool candidates_valid(const char *public_ips);

/* Copies the next item of a comma list, without blanks around it, and moves `at` behind it; what is
 * longer than `n` − 1 is left out. False at the end. */
bool list_next(const char **at, char *ret, size_t n);
