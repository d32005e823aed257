#include "routing/loss_limit.h"

#include <math.h>

#define GROWTH 1.08     /* a second */
#define GROWTH_BACK 1.5 /* below the limit that held before */
#define UNLIMITED 1e9
#define RATE_MIN 50000.0
#define FORGET 0.98 /* of the inherent loss, a window */

void loss_limit_init(struct loss_limit *l, uint64_t limit, usec_t now) {
    *l = (struct loss_limit){.limit = limit, .before = limit, .since = now};
}

static void judge_trial(struct loss_limit *l, double loss) {
    if (loss > l->trial_loss) {
        l->inherent = fmax(l->inherent, fmin(loss, 0.5));
        l->limit = l->before;
    }
    l->trial_loss = 0;
}

static void judge(struct loss_limit *l, double loss, uint64_t rate, double seconds) {
    if (l->trial_loss > 0) {
        judge_trial(l, loss);
        return;
    }
    const double excess = loss - l->inherent;
    if (excess > LOSS_HIGH) {
        const double from = fmin((double)l->limit, (double)rate);
        l->before = (uint64_t)from;
        const double share = 1 - 0.5 * excess;
        const double full = 1 - (1 - loss) / share; /* what is lost then, if the network was full */
        l->limit = (uint64_t)fmax(from * share, RATE_MIN);
        l->trial_loss = (loss + full) / 2;
        return;
    }
    l->inherent = loss < l->inherent ? l->inherent * FORGET + loss * (1 - FORGET) : l->inherent;
    if (excess < LOSS_LOW || (excess < LOSS_BACK && l->limit < l->before)) {
        const double growth = l->limit < l->before ? GROWTH_BACK : GROWTH;
        l->limit = (uint64_t)fmin((double)l->limit * pow(growth, seconds), UNLIMITED);
    }
}

void loss_limit_add(struct loss_limit *l, size_t lost, size_t total, uint64_t rate, usec_t now) {
    l->lost += (uint32_t)lost;
    l->total += (uint32_t)total;
    if (now < l->since + LOSS_WINDOW || l->total < LOSS_PACKETS_MIN) {
        return;
    }
    const double seconds = fmin((double)(now - l->since) / 1e6, 2);
    judge(l, (double)l->lost / l->total, rate, seconds);
    l->since = now;
    l->lost = l->total = 0;
}
