/* signal/rfc3339.h: times as texts, UTC, whole seconds (RFC 3339 §5.6). Pure. */
#pragma once
#include <stdint.h>

#define RFC3339_MAX 32

/* "2026-11-21T23:15:00Z" */
void rfc3339_text(int64_t unix_seconds, char ret[static RFC3339_MAX]);

/* With any offset; fractions are dropped. 0 or -EINVAL. */
int rfc3339_parse(const char *text, int64_t *ret);
