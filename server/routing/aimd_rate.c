#include "routing/aimd_rate.h"

#include <math.h>

#define GROWTH 1.08 /* a second, §5.5 */
#define BETA 0.9    /* §5.5 recommends 0.85 of 0.8 to 0.95; here a window empties the queue */
#define PACKET_BITS (1200.0 * 8)
#define ADDED_MIN 4000.0 /* bits a second, a second */
#define RESPONSE MSEC(100)
#define AGAIN_MIN MSEC(10)
#define AGAIN_MAX MSEC(200)
#define STEP_MAX SEC(1)
#define CAPACITY_SMOOTHING 0.05
#define DEVIATIONS 3.0

static uint64_t clamp(double rate) {
    return (uint64_t)fmin(fmax(rate, AIMD_RATE_MIN), AIMD_RATE_MAX);
}

void aimd_rate_init(struct aimd_rate *a, uint64_t rate, usec_t now) {
    *a = (struct aimd_rate){.rate = rate, .state = AIMD_INCREASE, .changed = now};
}

void aimd_rate_set(struct aimd_rate *a, uint64_t rate, usec_t now) {
    a->rate = clamp((double)rate);
    a->changed = now;
}

static double deviation(const struct aimd_rate *a) {
    return sqrt(a->variance * a->capacity);
}

/* What arrived while the path was overused: an average with its spread, §5.5. */
static void note_capacity(struct aimd_rate *a, double kbit) {
    if (a->capacity > 0 && kbit < a->capacity - DEVIATIONS * deviation(a)) {
        a->capacity = 0;
    }
    if (a->capacity <= 0) {
        a->capacity = kbit;
        a->variance = 0.4;
        return;
    }
    a->capacity += CAPACITY_SMOOTHING * (kbit - a->capacity);
    const double off = a->capacity - kbit;
    a->variance += CAPACITY_SMOOTHING * (off * off / a->capacity - a->variance);
    a->variance = fmin(fmax(a->variance, 0.4), 2.5);
}

static double grown(const struct aimd_rate *a, usec_t rtt, double seconds) {
    const double rate = (double)a->rate;
    if (a->capacity <= 0) {
        return rate * pow(GROWTH, seconds);
    }
    const double frame = rate / 30;
    const double packet = frame / ceil(frame / PACKET_BITS);
    const double response = (double)(rtt + RESPONSE) / 1e6;
    return rate + fmax(ADDED_MIN, packet / response) * seconds;
}

static bool fall(struct aimd_rate *a, uint64_t acknowledged, usec_t rtt, usec_t now) {
    const usec_t again = rtt < AGAIN_MIN ? AGAIN_MIN : usec_min(rtt, AGAIN_MAX);
    if (a->decreased != 0 && now < a->decreased + again && acknowledged * 2 > a->rate) {
        return false;
    }
    double to = BETA * (double)(acknowledged > 0 ? acknowledged : a->rate);
    if (to > (double)a->rate && a->capacity > 0) {
        to = BETA * a->capacity * 1000;
    }
    if (acknowledged > 0) {
        note_capacity(a, (double)acknowledged / 1000);
    }
    a->state = AIMD_HOLD;
    a->decreased = now;
    a->changed = now;
    if (to >= (double)a->rate) {
        return false;
    }
    a->rate = clamp(to);
    return true;
}

bool aimd_rate_update(struct aimd_rate *a, enum path_use use, uint64_t acknowledged, usec_t rtt,
                      usec_t now) {
    switch (use) {
    case PATH_OVERUSED:
        return fall(a, acknowledged, rtt, now);
    case PATH_UNDERUSED: /* the queue drains: wait for that */
        a->state = AIMD_HOLD;
        a->changed = now;
        return false;
    case PATH_NORMAL:
        break;
    }
    if (a->state == AIMD_HOLD) {
        a->state = AIMD_INCREASE;
        a->changed = now;
        return false;
    }
    if (a->capacity > 0 && (double)acknowledged / 1000 > a->capacity + DEVIATIONS * deviation(a)) {
        a->capacity = 0; /* the path carries more than it did */
    }
    const double to = grown(a, rtt, (double)usec_min(now - a->changed, STEP_MAX) / 1e6);
    const double limit = acknowledged > 0 ? 1.5 * (double)acknowledged + 10000 : to;
    a->changed = now;
    if (to <= limit) {
        a->rate = clamp(to);
    } else if (limit > (double)a->rate) {
        a->rate = clamp(limit);
    }
    return false;
}
