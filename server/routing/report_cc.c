#include "routing/report_cc.h"

#define REMB_AGE SEC(5)
#define REMB_MIN 50000u /* below it nothing could be sent, also no way up */

static struct report_cc *report_of(struct cc *c) {
    return (struct report_cc *)c;
}

static void set_rate(struct report_cc *r, usec_t now) {
    uint64_t rate = r->loss.limit < REPORT_CC_UNLIMITED ? r->loss.limit : REPORT_CC_UNLIMITED;
    r->cc.known = rate < REPORT_CC_UNLIMITED;
    if (r->remb > 0 && now < r->remb_at + REMB_AGE) {
        rate = r->remb < rate ? r->remb : rate;
        r->cc.known = true;
    }
    r->cc.rate = rate;
}

static void feedback(struct cc *c, const struct cc_result *results, size_t count, usec_t rtt,
                     usec_t now) {
    (void)c; /* who sends it gets the other way */
    (void)results;
    (void)count;
    (void)rtt;
    (void)now;
}

static void probed(struct cc *c, uint64_t rate, usec_t now) {
    (void)c;
    (void)rate;
    (void)now;
}

static void report(struct cc *c, double lost, size_t total, uint64_t sent, usec_t now) {
    struct report_cc *r = report_of(c);
    loss_limit_add(&r->loss, (size_t)(lost * (double)total + 0.5), total, sent, now);
    set_rate(r, now);
}

static void remb(struct cc *c, uint64_t rate, usec_t now) {
    struct report_cc *r = report_of(c);
    r->remb = rate < REMB_MIN ? REMB_MIN : rate;
    r->remb_at = now;
    set_rate(r, now);
}

static void silence(struct cc *c, usec_t now) {
    set_rate(report_of(c), now);
}

static const struct cc_ops report_ops = {
    .feedback = feedback, .probed = probed, .report = report, .remb = remb, .silence = silence};

void report_cc_init(struct report_cc *r, usec_t now) {
    *r = (struct report_cc){.cc = {.ops = &report_ops, .rate = REPORT_CC_UNLIMITED}};
    loss_limit_init(&r->loss, 2 * (uint64_t)REPORT_CC_UNLIMITED, now);
}
