/* routing/receive_stats.h: loss and jitter of one received stream for receiver reports (RFC 3550
 * §6.4.1, appendices A.3 and A.8). */
#pragma once
#include "base/clock.h"
#include "wire/rtcp.h"

struct receive_stats {
    bool started;
    uint32_t clock_rate;
    uint64_t base, highest; /* extended sequence numbers */
    uint64_t received, bytes;
    uint64_t expected_prior, received_prior;
    uint32_t transit;
    uint32_t jitter;  /* in ticks, times 16 */
    uint32_t last_sr; /* middle bits of its NTP time */
    usec_t last_sr_arrival;
};

void receive_stats_init(struct receive_stats *s, uint32_t clock_rate);
void receive_stats_input(struct receive_stats *s, uint64_t sequence, uint32_t timestamp,
                         size_t size, usec_t now);
void receive_stats_sender_report(struct receive_stats *s, uint64_t ntp, usec_t now);

/* Fills a report block and starts the next interval. */
void receive_stats_report(struct receive_stats *s, uint32_t ssrc, usec_t now,
                          struct rtcp_report *ret);
