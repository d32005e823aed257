/* wire/twcc.h: transport-wide congestion control feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1). */
#pragma once
#include "base/clock.h"
#include "wire/rtcp.h"

#define TWCC_LOST USEC_NEVER
#define TWCC_STATUSES_MAX 1024 /* in one feedback, written or accepted */

struct twcc_feedback {
    uint32_t sender, media;
    uint16_t base; /* transport-wide number of the first status */
    uint8_t count; /* of the feedback itself: grows by one each */
};

/* Writes feedback for `count` packets from `base` on. arrivals[i] is when packet base + i came (on
 * any clock that does not jump), or TWCC_LOST; times may go back a little (reordering). Ends early
 * when room is short, after TWCC_STATUSES_MAX, or before a step that 16 bits of 250 µs cannot hold.
 * *ret_covered says how many statuses went in. Returns the size, -ENOSPC when not even one fits, or
 * -EINVAL for `count` 0 or when the first status is not an arrival. */
int twcc_write(struct room room, const struct twcc_feedback *feedback, const usec_t *arrivals,
               size_t count, size_t *ret_covered);

/* Parses an RTPFB with FMT 15. ret_arrivals[i] is the arrival of base + i on the sender's clock,
 * rounded to 250 µs and wrapping with its 24 bits of 64 ms, or TWCC_LOST. Returns the number of
 * statuses, or -EBADMSG; more than `max` is -EMSGSIZE. Outputs other than the first field may be
 * written on failure. */
int twcc_parse(const struct rtcp_packet *packet, struct twcc_feedback *ret, usec_t *ret_arrivals,
               size_t max);

/* The `seq` of a header extension value; -EBADMSG unless it has two bytes. */
int twcc_parse_extension(struct bytes value);
