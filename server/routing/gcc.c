#include "routing/gcc.h"

#define KNOWN_AFTER SEC(1)
#define MUCH 0.9         /* of the rate: to fall below it is a change of the path */
#define SILENCE_BETA 0.7 /* a step when no feedback comes */

static struct gcc *gcc_of(struct cc *c) {
    return (struct gcc *)c;
}

static void set_rate(struct gcc *g) {
    const uint64_t before = g->cc.rate;
    g->cc.rate = g->aimd.rate < g->loss.limit ? g->aimd.rate : g->loss.limit;
    g->cc.fell = (double)g->cc.rate < MUCH * (double)before;
}

static void take_arrival(struct gcc *g, const struct cc_result *r, usec_t now) {
    int64_t sent, arrival;
    acknowledged_rate_add(&g->acknowledged, r->arrival, r->size);
    if (!r->probe && inter_arrival_add(&g->arrivals, r->sent, r->arrival, &sent, &arrival)) {
        trendline_add(&g->trend, sent, arrival);
        overuse_detector_add(&g->detector, g->trend.slope, g->trend.count, sent, now);
    }
}

static void feedback(struct cc *c, const struct cc_result *results, size_t count, usec_t rtt,
                     usec_t now) {
    struct gcc *g = gcc_of(c);
    size_t lost = 0;
    bool over = false;
    if (g->begun == 0) {
        g->begun = now;
        g->aimd.changed = now;
    }
    for (size_t i = 0; i < count; i++) {
        if (results[i].arrival == USEC_NEVER) {
            lost++;
        } else {
            take_arrival(g, &results[i], now);
            over |= g->detector.use == PATH_OVERUSED;
        }
    }
    const uint64_t acknowledged = acknowledged_rate_get(&g->acknowledged);
    const enum path_use use = over ? PATH_OVERUSED : g->detector.use;
    aimd_rate_update(&g->aimd, use, acknowledged, rtt, now);
    loss_limit_add(&g->loss, lost, count, c->rate, now);
    c->overused = use == PATH_OVERUSED;
    c->known |= acknowledged > 0 && now >= g->begun + KNOWN_AFTER;
    set_rate(g);
}

static void probed(struct cc *c, uint64_t rate, usec_t now) {
    struct gcc *g = gcc_of(c);
    if (rate > g->aimd.rate || !c->known) {
        aimd_rate_set(&g->aimd, rate, now);
        g->aimd.capacity = 0; /* what it fell to before is no longer the limit */
    }
    if (rate > g->loss.limit) {
        g->loss.limit = rate;
    }
    c->known = true;
    set_rate(g);
}

static void report(struct cc *c, double lost, size_t total, uint64_t sent, usec_t now) {
    (void)c; /* the feedback says more */
    (void)lost;
    (void)total;
    (void)sent;
    (void)now;
}

static void remb(struct cc *c, uint64_t rate, usec_t now) {
    (void)c;
    (void)rate;
    (void)now;
}

static void silence(struct cc *c, usec_t now) {
    struct gcc *g = gcc_of(c);
    aimd_rate_set(&g->aimd, (uint64_t)((double)g->aimd.rate * SILENCE_BETA), now);
    set_rate(g);
}

static const struct cc_ops gcc_ops = {
    .feedback = feedback, .probed = probed, .report = report, .remb = remb, .silence = silence};

void gcc_init(struct gcc *g, uint64_t rate, usec_t now) {
    g->cc = (struct cc){.ops = &gcc_ops, .rate = rate};
    inter_arrival_init(&g->arrivals);
    trendline_init(&g->trend);
    overuse_detector_init(&g->detector);
    aimd_rate_init(&g->aimd, rate, now);
    loss_limit_init(&g->loss, AIMD_RATE_MAX, now);
    acknowledged_rate_init(&g->acknowledged);
    g->begun = 0;
}
