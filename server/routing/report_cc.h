/* routing/report_cc.h: for receivers without transport-wide feedback: what their REMB says
 * (draft-alvestrand-rmcat-remb-03), limited by the loss in their receiver reports (loss_limit.h).
 * Nothing is limited before either has something to say. */
#pragma once
#include "routing/cc.h"
#include "routing/loss_limit.h"

#define REPORT_CC_UNLIMITED 50000000u

struct report_cc {
    struct cc cc; /* first */
    struct loss_limit loss;
    uint64_t remb; /* 0: none came, or not for long */
    usec_t remb_at;
};

void report_cc_init(struct report_cc *r, usec_t now);
