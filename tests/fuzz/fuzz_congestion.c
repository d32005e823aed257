/* What a hostile viewer can do to the congestion control of its own session: the input is a script
 * of packets that leave, time that passes and RTCP that comes. Whatever it says, the rate stays
 * within its bounds, nothing is in flight that was not sent, and time goes on. */
#include <stdlib.h>

#include "routing/congestion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct congestion *c, size_t sent) {
    if (c->history.in_flight > sent || c->history.covered > c->history.next) {
        abort();
    }
    if (c->cc.rate < 40000 || c->cc.rate > 200000000 || congestion_rate(c) > 200000000) {
        abort();
    }
}

static bool nothing(void *ctx, enum send_class what, usec_t now, struct outgoing *ret) {
    (void)ctx;
    (void)now;
    if (what != SEND_PADDING) {
        return false;
    }
    *ret = (struct outgoing){.number_at = 12, .padding = true};
    return true;
}

static const struct send_source source = {.next = nothing};

static size_t drain(struct congestion *c, usec_t now) {
    struct outgoing o;
    size_t sent = 0;
    congestion_begin(c);
    for (unsigned i = 0; i < 2000 && congestion_next(c, &source, NULL, now, &o); i++) {
        congestion_number(c, &o);
        congestion_sent(c, &o, 250, now);
        sent += 250 + CONGESTION_OVERHEAD;
    }
    return sent;
}

static void hear(struct congestion *c, struct bytes rest, usec_t now) {
    struct rtcp_packet p;
    struct rtcp_report report;
    while (rtcp_next(&rest, &p) > 0) {
        congestion_rtcp(c, &p, now);
        for (size_t i = 0; rtcp_parse_report(&p, i, &report) == 0; i++) {
            congestion_report(c, &report, now);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct congestion_counters counters;
    struct congestion *c = malloc(sizeof *c);
    struct bytes rest = bytes_of(data, size);
    usec_t now = SEC(100);
    size_t sent = 0;
    if (c == NULL || size < 1) {
        free(c);
        return 0;
    }
    congestion_init(c, data[0] & 1, &counters, now);
    rest = bytes_from(rest, 1);
    while (rest.n >= 2) {
        const uint8_t what = rest.p[0] & 3, much = rest.p[1];
        rest = bytes_from(rest, 2);
        if (what == 0) {
            struct outgoing o = {.number_at = much & 1 ? 12 : 0};
            for (unsigned i = 0; i < much; i++) {
                congestion_number(c, &o);
                congestion_sent(c, &o, 1200, now);
                sent += 1200 + CONGESTION_OVERHEAD;
            }
        } else if (what == 1) {
            now += much * MSEC(13);
        } else if (what == 2) {
            congestion_want(c, (uint64_t)much << 16);
            congestion_timeout(c, now);
            sent += drain(c, now);
        } else {
            const size_t n = much * 4u < rest.n ? much * 4u : rest.n;
            hear(c, bytes_of(rest.p, n), now);
            rest = bytes_from(rest, n);
        }
        check(c, sent);
    }
    free(c);
    return 0;
}
