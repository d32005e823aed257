/* routing/cc.h: what a network carries, by what the receiver says: the seam between the sending of
 * packets and the ways to estimate. Two ways: gcc.h for receivers that tell of every packet, and
 * report_cc.h for those that send REMB or receiver reports only. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

struct cc;

/* What feedback says of one packet. */
struct cc_result {
    usec_t sent;
    usec_t arrival; /* on the receiver's clock; USEC_NEVER: lost */
    uint16_t size;  /* bytes on the wire */
    bool probe;     /* sent faster than the rate: its delay is its own */
};

struct cc_ops {
    /* Transport-wide feedback, in the order of sending. */
    void (*feedback)(struct cc *c, const struct cc_result *results, size_t count, usec_t rtt,
                     usec_t now);
    /* A cluster found that `rate` comes through. */
    void (*probed)(struct cc *c, uint64_t rate, usec_t now);
    /* A receiver report: `lost` of `total` packets; `sent` is the rate at which they were sent. */
    void (*report)(struct cc *c, double lost, size_t total, uint64_t sent, usec_t now);
    void (*remb)(struct cc *c, uint64_t rate, usec_t now);
    /* Nothing was heard for long although packets are under way. */
    void (*silence)(struct cc *c, usec_t now);
};

struct cc {
    const struct cc_ops *ops;
    uint64_t rate; /* bits a second that may be sent, IP and UDP headers included */
    bool known;    /* it was measured; else it is what sessions begin with */
    bool overused; /* the path is full now */
    bool fell;     /* the last input lowered the rate by much */
};
