#include "routing/congestion.h"
#include "wire/twcc.h"

#include <errno.h>

#define PACE_PERCENT 125 /* of the rate */
#define PACE_UNKNOWN_PERCENT 150
#define RTT_FIRST MSEC(100)
#define RTT_MIN_AGE SEC(10)
#define RTT_MAX SEC(3)
#define SILENCE SEC(1)
#define NEVER_HEARD SEC(3)                            /* it negotiated feedback but sends none */
#define WRAP ((int64_t)(1 << 24) * (int64_t)MSEC(64)) /* of the reference time */

static void apply(struct congestion *c, usec_t now) {
    if (c->probe.state == PROBE_SENDING) {
        pacer_set(&c->pacer, c->probe.rate, 0, now);
    } else {
        const unsigned percent = c->cc.known ? PACE_PERCENT : PACE_UNKNOWN_PERCENT;
        pacer_set(&c->pacer, c->cc.rate / 100 * percent, PACER_BURST, now);
    }
}

void congestion_init(struct congestion *c, bool numbered, struct congestion_counters *counters,
                     usec_t now) {
    memset(c, 0, sizeof *c);
    c->counters = counters;
    c->numbered = numbered;
    if (numbered) {
        gcc_init(&c->gcc, CONGESTION_FIRST_RATE, now);
    } else {
        report_cc_init(&c->report, now);
    }
    c->want = CONGESTION_FIRST_RATE;
    send_history_init(&c->history);
    probe_init(&c->probe, now);
    c->rtt = RTT_FIRST;
    c->rtt_min = c->rtt_min_next = RTT_MAX;
    c->rtt_since = c->heard = c->reported = now;
    c->first_sent = USEC_NEVER;
    pacer_init(&c->pacer, c->cc.rate / 100 * PACE_UNKNOWN_PERCENT, PACER_BURST);
}

uint64_t congestion_rate(const struct congestion *c) {
    return c->cc.known ? c->cc.rate : 0;
}

void congestion_want(struct congestion *c, uint64_t rate) {
    c->want = rate > 0 ? rate : CONGESTION_FIRST_RATE;
}

/* ---- Sending ---- */

static uint64_t window(const struct congestion *c) {
    const usec_t rtt = c->rtt_min < RTT_MAX ? c->rtt_min : c->rtt;
    const uint64_t bytes = c->cc.rate / 8 * (rtt + CONGESTION_QUEUE) / SEC(1);
    return bytes < CONGESTION_WINDOW_MIN ? CONGESTION_WINDOW_MIN : bytes;
}

static bool is_within_window(const struct congestion *c) {
    return !c->numbered || c->history.in_flight < window(c);
}

bool congestion_may_send(const struct congestion *c, usec_t now) {
    return pacer_ready(&c->pacer, now) && is_within_window(c);
}

void congestion_begin(struct congestion *c) {
    c->at = SEND_AUDIO;
    c->waiting = false;
}

bool congestion_next(struct congestion *c, const struct send_source *source, void *ctx, usec_t now,
                     struct outgoing *ret) {
    for (; c->at < SEND_NOTHING; c->at++) {
        if (c->at == SEND_PADDING && c->probe.state != PROBE_SENDING) {
            continue;
        }
        if (c->at != SEND_AUDIO && !congestion_may_send(c, now)) {
            c->waiting = true; /* perhaps for nothing: then the next round finds that out */
            return false;
        }
        if (source->next(ctx, c->at, now, ret)) {
            return true;
        }
    }
    if (c->probe.state == PROBE_SENDING) { /* there is nothing to probe with */
        probe_cancel(&c->probe, now);
        apply(c, now);
    }
    return false;
}

void congestion_sent(struct congestion *c, const struct outgoing *o, size_t size, usec_t now) {
    const size_t bytes = size + CONGESTION_OVERHEAD;
    pacer_sent(&c->pacer, bytes, now);
    if (c->first_sent == USEC_NEVER) {
        c->first_sent = c->heard = c->reported = now;
        probe_begin_burst(&c->probe, c->cc.rate, now);
    }
    c->sent_bytes += bytes;
    c->sent_packets++;
    c->counters->again_bytes += o->retransmission ? bytes : 0;
    c->counters->padding_bytes += o->padding ? bytes : 0;
    if (o->number_at == 0) {
        return;
    }
    if (c->numbered && c->history.in_flight == 0) {
        c->heard = now; /* silence is counted from here */
    }
    const uint8_t cluster = probe_cluster(&c->probe, now);
    send_history_add(&c->history, bytes, cluster, now);
    if (cluster != 0 && probe_sent(&c->probe, bytes, now)) {
        apply(c, now);
    }
}

/* ---- Feedback ---- */

/* The receiver's clock without its wrap, so that it only moves by what passed. */
static usec_t unwrap(struct congestion *c, usec_t arrival) {
    if (!c->has_arrival) {
        c->has_arrival = true;
        c->arrival = arrival + (usec_t)WRAP; /* room to step back */
        return c->arrival;
    }
    int64_t step = (int64_t)(arrival % (usec_t)WRAP) - (int64_t)(c->arrival % (usec_t)WRAP);
    if (step > WRAP / 2) {
        step -= WRAP;
    } else if (step < -WRAP / 2) {
        step += WRAP;
    }
    c->arrival = (usec_t)((int64_t)c->arrival + step);
    return c->arrival;
}

static void note_rtt(struct congestion *c, usec_t rtt, usec_t now) {
    rtt = usec_min(rtt, RTT_MAX);
    c->rtt = (c->rtt * 7 + rtt) / 8;
    if (now >= c->rtt_since + RTT_MIN_AGE) {
        c->rtt_min = c->rtt_min_next;
        c->rtt_min_next = RTT_MAX;
        c->rtt_since = now;
    }
    c->rtt_min_next = usec_min(c->rtt_min_next, rtt);
    c->rtt_min = usec_min(c->rtt_min, rtt);
}

/* Takes the statuses that are news. Returns how many; the newest that was sent in *ret_newest. */
static size_t take_statuses(struct congestion *c, uint16_t base, const usec_t *arrivals,
                            size_t count, usec_t now, struct cc_result *ret, uint16_t *ret_newest,
                            usec_t *ret_sent) {
    size_t news = 0;
    bool strange = false;
    for (size_t i = 0; i < count; i++) {
        const uint16_t number = (uint16_t)(base + i);
        const bool lost = arrivals[i] == TWCC_LOST;
        usec_t sent;
        struct sent_packet *p = send_history_find(&c->history, number, now, &sent);
        if (p == NULL) {
            strange |= !lost;
            continue;
        }
        *ret_newest = number;
        *ret_sent = lost ? *ret_sent : sent;
        if (p->state == SENT_ARRIVED || (lost && p->state == SENT_LOST)) {
            continue;
        }
        const bool late = p->state == SENT_LOST; /* it was only late: counted before */
        p->state = lost ? SENT_LOST : SENT_ARRIVED;
        if (late) {
            continue;
        }
        ret[news] = (struct cc_result){
            .sent = sent, .arrival = USEC_NEVER, .size = p->size, .probe = p->probe != 0};
        if (!lost) {
            ret[news].arrival = unwrap(c, arrivals[i]);
            probe_arrived(&c->probe, p->probe, sent, ret[news].arrival, p->size);
        }
        news++;
    }
    c->counters->refused += strange;
    return news;
}

static void follow_probe(struct congestion *c, usec_t now) {
    const uint64_t found = probe_result(&c->probe, now);
    if (found > 0 && !c->cc.overused) {
        c->cc.ops->probed(&c->cc, found, now);
    }
}

static void take_feedback(struct congestion *c, const struct rtcp_packet *packet, usec_t now) {
    usec_t arrivals[TWCC_STATUSES_MAX];
    struct cc_result results[TWCC_STATUSES_MAX];
    struct twcc_feedback f;
    uint16_t newest = 0;
    usec_t sent = USEC_NEVER;
    const int n = twcc_parse(packet, &f, arrivals, TWCC_STATUSES_MAX);
    if (n <= 0 || c->first_sent == USEC_NEVER) {
        c->counters->refused++;
        return;
    }
    if (!c->numbered) { /* it does tell, after all */
        c->numbered = true;
        gcc_init(&c->gcc, CONGESTION_FIRST_RATE, now);
    }
    const size_t count =
        take_statuses(c, f.base, arrivals, (size_t)n, now, results, &newest, &sent);
    if (count == 0) {
        return;
    }
    c->counters->feedback++;
    c->told = true;
    c->heard = now;
    send_history_cover(&c->history, newest);
    if (sent != USEC_NEVER) {
        note_rtt(c, now - sent, now);
    }
    c->cc.ops->feedback(&c->cc, results, count, c->rtt, now);
    if (c->cc.fell) {
        probe_again(&c->probe, now);
    }
    follow_probe(c, now);
    apply(c, now);
}

void congestion_rtcp(struct congestion *c, const struct rtcp_packet *packet, usec_t now) {
    uint64_t rate;
    if (packet->type == RTCP_RTPFB && packet->count == RTCP_RTPFB_TWCC) {
        take_feedback(c, packet, now);
    } else if (packet->type == RTCP_PSFB && packet->count == RTCP_PSFB_AFB) {
        const int r = rtcp_parse_remb(packet, &rate);
        if (r == 0) {
            c->cc.ops->remb(&c->cc, rate, now);
            apply(c, now);
        }
        c->counters->refused += r == -EBADMSG;
    }
}

void congestion_report(struct congestion *c, const struct rtcp_report *report, usec_t now) {
    const usec_t passed = now - c->reported;
    if (passed < MSEC(100)) {
        return; /* another stream of the same compound */
    }
    const uint64_t rate = (c->sent_bytes - c->reported_bytes) * 8 * SEC(1) / passed;
    const uint64_t packets = c->sent_packets - c->reported_packets;
    c->cc.ops->report(&c->cc, (double)report->fraction_lost / 256, (size_t)packets, rate, now);
    c->reported = now;
    c->reported_bytes = c->sent_bytes;
    c->reported_packets = c->sent_packets;
    apply(c, now);
}

/* ---- Time ---- */

static usec_t silence_due(const struct congestion *c) {
    return c->numbered && c->history.in_flight > 0 ? c->heard + SILENCE + c->rtt : USEC_NEVER;
}

usec_t congestion_next_timeout(const struct congestion *c) {
    if (c->first_sent == USEC_NEVER) {
        return USEC_NEVER;
    }
    usec_t due = silence_due(c);
    if (c->numbered) {
        due = usec_min(due, probe_next_timeout(&c->probe, c->cc.rate, c->want));
    }
    const bool probing = c->probe.state == PROBE_SENDING;
    if ((c->waiting || probing) && is_within_window(c)) {
        due = usec_min(due, pacer_next(&c->pacer, probing ? 0 : PACER_GRID));
    }
    return due;
}

static void take_silence(struct congestion *c, usec_t now) {
    c->counters->silences++;
    c->heard = now;
    send_history_cover(&c->history, (uint16_t)(c->history.next - 1));
    c->cc.ops->silence(&c->cc, now);
    if (!c->told && now >= c->first_sent + NEVER_HEARD) {
        c->numbered = false;
        report_cc_init(&c->report, now);
    }
}

void congestion_timeout(struct congestion *c, usec_t now) {
    if (now >= silence_due(c)) {
        take_silence(c, now);
        probe_again(&c->probe, now);
        apply(c, now);
    }
    if (!c->numbered) {
        return;
    }
    const bool was_sending = c->probe.state == PROBE_SENDING;
    follow_probe(c, now); /* its patience may have ended */
    if (probe_begin(&c->probe, c->cc.rate, c->want, now)) {
        c->counters->probes++;
        apply(c, now);
    } else if (was_sending && c->probe.state != PROBE_SENDING) {
        apply(c, now);
    }
}
