#include "routing/capture_clock.h"

#define STEP ((int64_t)SEC(2)) /* an offset that differs by more means that a clock was set */

static int64_t usec_of_ntp(uint64_t ntp) {
    return (int64_t)((ntp >> 32) * 1000000u + (((ntp & 0xffffffffu) * 1000000u) >> 32));
}

void capture_clock_init(struct capture_clock *c) {
    *c = (struct capture_clock){0};
}

void capture_clock_report(struct capture_clock *c, uint64_t ntp, usec_t now) {
    const int64_t offset = (int64_t)now - usec_of_ntp(ntp);
    if (!c->known || offset < c->offset || offset > c->offset + STEP) {
        c->offset = offset;
        c->known = true;
    }
}

int64_t capture_clock_local(const struct capture_clock *c, uint64_t ntp) {
    return usec_of_ntp(ntp) + c->offset;
}
