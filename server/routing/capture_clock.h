/* routing/capture_clock.h: one per source (publishing session): turns the publisher's NTP time,
 * which its sender reports give for audio and video alike, into this machine's time. Because all
 * tracks of a source share it, an error moves sound and picture together and lips stay in sync. */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

struct capture_clock {
    bool known;
    int64_t
        offset; /* local µs − publisher's NTP µs; the smallest seen, i.e. with the least delay */
};

void capture_clock_init(struct capture_clock *c);

/* A sender report with this NTP time (64 bits, RFC 3550 §6.4.1) arrived now. */
void capture_clock_report(struct capture_clock *c, uint64_t ntp, usec_t now);

/* Local µs of a publisher's NTP time. Only when known. */
int64_t capture_clock_local(const struct capture_clock *c, uint64_t ntp);
