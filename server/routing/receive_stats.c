#include "routing/receive_stats.h"

void receive_stats_init(struct receive_stats *s, uint32_t clock_rate) {
    *s = (struct receive_stats){.clock_rate = clock_rate};
}

void receive_stats_input(struct receive_stats *s, uint64_t sequence, uint32_t timestamp,
                         size_t size, usec_t now) {
    const uint32_t arrival = (uint32_t)(now * s->clock_rate / 1000000u);
    const uint32_t transit = arrival - timestamp;
    if (!s->started) {
        s->started = true;
        s->base = s->highest = sequence;
        s->transit = transit;
    }
    if (sequence > s->highest) {
        s->highest = sequence;
    } else if (sequence < s->base) {
        s->base = sequence;
    }
    s->received++;
    s->bytes += size;
    /* RFC 3550 A.8 */
    int32_t d = (int32_t)(transit - s->transit);
    s->transit = transit;
    if (d < 0) {
        d = d == INT32_MIN ? INT32_MAX : -d;
    }
    if ((uint32_t)d < 10 * s->clock_rate) { /* not the jump of a stepped clock */
        s->jitter += (uint32_t)d - ((s->jitter + 8) >> 4);
    }
}

void receive_stats_sender_report(struct receive_stats *s, uint64_t ntp, usec_t now) {
    s->last_sr = (uint32_t)(ntp >> 16);
    s->last_sr_arrival = now;
}

void receive_stats_report(struct receive_stats *s, uint32_t ssrc, usec_t now,
                          struct rtcp_report *ret) {
    const uint64_t expected = s->started ? s->highest - s->base + 1 : 0;
    int64_t lost = (int64_t)(expected - s->received);
    if (lost > 0x7fffff) {
        lost = 0x7fffff;
    } else if (lost < -0x800000) {
        lost = -0x800000;
    }
    const uint64_t expected_now = expected - s->expected_prior;
    const int64_t lost_now = (int64_t)(expected_now - (s->received - s->received_prior));
    s->expected_prior = expected;
    s->received_prior = s->received;
    uint64_t fraction = 0;
    if (expected_now != 0 && lost_now > 0) {
        fraction = ((uint64_t)lost_now << 8) / expected_now;
    }
    *ret = (struct rtcp_report){
        .ssrc = ssrc,
        .fraction_lost = (uint8_t)(fraction > 255 ? 255 : fraction),
        .lost = (int32_t)lost,
        .highest = (uint32_t)s->highest,
        .jitter = s->jitter >> 4,
        .last_sr = s->last_sr,
        .delay = s->last_sr == 0 ? 0 : (uint32_t)(((now - s->last_sr_arrival) << 16) / 1000000u),
    };
}
