/* routing/loss_limit.h: the most that may be sent by what is lost (draft-ietf-rmcat-gcc-02 §6), and
 * what the draft leaves out: radio links lose a share of everything, whatever is sent. So a fall is
 * a trial: when the share that is lost falls with it, the network was full; when it does not, the
 * loss belongs to the link, is remembered as `inherent`, and the rate goes back. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define LOSS_WINDOW MSEC(1000)
#define LOSS_PACKETS_MIN 25 /* in a window, else it grows */
#define LOSS_LOW 0.02
#define LOSS_BACK 0.06 /* below it the way back from a trial is open */
#define LOSS_HIGH 0.10

struct loss_limit {
    uint64_t limit;    /* bits a second */
    uint64_t before;   /* the limit from which a trial fell; to it the way back is quick */
    double trial_loss; /* more than this after the fall, and the loss is the link's; 0: no trial */
    double inherent;
    usec_t since; /* the window began */
    uint32_t lost, total;
};

void loss_limit_init(struct loss_limit *l, uint64_t limit, usec_t now);

/* Feedback about `total` packets. `rate` is what was allowed while they were sent. */
void loss_limit_add(struct loss_limit *l, size_t lost, size_t total, uint64_t rate, usec_t now);
