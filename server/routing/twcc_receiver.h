/* routing/twcc_receiver.h: arrival times of a publisher's packets by transport-wide number and the
 * feedback about them (draft-holmer-rmcat-transport-wide-cc-extensions-01), every
 * TWCC_RECEIVER_INTERVAL or when TWCC_RECEIVER_PACKETS wait. */
#pragma once
#include "base/clock.h"
#include "base/spans.h"

#define TWCC_RECEIVER_INTERVAL MSEC(75)
#define TWCC_RECEIVER_WINDOW 512 /* numbers remembered; a jump beyond starts anew */
#define TWCC_RECEIVER_PACKETS 100

struct twcc_receiver {
    bool started;
    uint8_t feedback_count;
    uint32_t own_ssrc, media_ssrc;
    uint64_t next;    /* first number not yet reported */
    uint64_t highest; /* newest received */
    unsigned waiting; /* received, not reported */
    usec_t due;
    usec_t arrivals[TWCC_RECEIVER_WINDOW]; /* by number, TWCC_LOST: not received */
};

void twcc_receiver_init(struct twcc_receiver *r, uint32_t own_ssrc);
void twcc_receiver_input(struct twcc_receiver *r, uint16_t sequence, uint32_t media_ssrc,
                         usec_t now);
usec_t twcc_receiver_next_timeout(const struct twcc_receiver *r);

/* One RTCP packet of feedback. Size, 0: drained. */
int twcc_receiver_output(struct twcc_receiver *r, usec_t now, struct room room);
