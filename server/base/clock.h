/* base/clock.h: one unit of time, the microsecond. Only the edges (media, signal, app) read a
 * clock; everything below takes `now` as an argument. */
#pragma once
#include <stdint.h>

typedef uint64_t usec_t; /* CLOCK_MONOTONIC, in microseconds */

#define USEC_NEVER UINT64_MAX
#define MSEC(n) ((usec_t)(n)*1000u)
#define SEC(n) ((usec_t)(n)*1000000u)

/* Monotonic time. */
usec_t clock_now(void);

/* Wall clock, microseconds since 1970 (UTC). */
uint64_t clock_unix(void);

/* 64-bit NTP time (RFC 5905 §6: seconds since 1900 in the upper half, fractions in the lower) of a
 * Unix time in microseconds. */
uint64_t clock_ntp_of_unix(uint64_t unix_usec);

static inline usec_t usec_min(usec_t a, usec_t b) {
    return a < b ? a : b;
}
