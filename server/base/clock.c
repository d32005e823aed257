#include "base/clock.h"

#include <time.h>

#define NTP_UNIX_OFFSET 2208988800u /* RFC 5905 §6: seconds from 1900 to 1970 */

static uint64_t read_clock(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

usec_t clock_now(void) {
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_unix(void) {
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_ntp_of_unix(uint64_t unix_usec) {
    uint64_t seconds = unix_usec / 1000000u + NTP_UNIX_OFFSET;
    uint64_t fraction = ((unix_usec % 1000000u) << 32) / 1000000u;
    return (seconds << 32) | fraction;
}
