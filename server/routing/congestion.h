/* routing/congestion.h: the sending half of one session's transport: which packet may leave when.
 *
 * Pull. There is no queue here: tracks and rung files keep what waits, and congestion_next takes
 * from the source as much as may leave: sound at once, then what was asked for again, then the
 * picture, then padding for a probe. The rest waits until congestion_next_timeout, or for feedback.
 *
 * What may leave is held by two bounds. The pacer (pacer.h) lets pass CONGESTION_PACE of the rate.
 * The window: at most
 *
 *     rate/8 · (smallest round trip + CONGESTION_QUEUE)   bytes
 *
 * are on their way untold, so that a queue that formed on the path empties at the speed of the
 * path, not by the difference of two rates.
 *
 * The rate comes from one of two `cc`s: GCC for whoever sends transport-wide feedback, else REMB
 * and reports. Hostile feedback (numbers never sent, counts over all bounds, times that jump) is
 * counted in `refused` and moves nothing but this session's own rate.
 *
 * Belongs to the thread of its session. Sans-IO: time is an argument. */
#pragma once
#include "routing/gcc.h"
#include "routing/outgoing.h"
#include "routing/pacer.h"
#include "routing/probe.h"
#include "routing/report_cc.h"
#include "routing/send_history.h"
#include "wire/rtcp.h"

#define CONGESTION_FIRST_RATE 2000000u /* bits a second, until something is known */
#define CONGESTION_QUEUE MSEC(150)     /* with the wait for feedback */
#define CONGESTION_WINDOW_MIN 6000u    /* bytes */
#define CONGESTION_OVERHEAD 28u        /* of IP and UDP, bytes a packet */

enum send_class { SEND_AUDIO, SEND_AGAIN, SEND_VIDEO, SEND_PADDING, SEND_NOTHING };

/* Where packets come from: the slots of a viewer, the cursor of a player. */
struct send_source {
    /* The next packet of the class that is due: true; or false: drained. */
    bool (*next)(void *ctx, enum send_class what, usec_t now, struct outgoing *ret);
};

/* Of all sessions of a thread together. */
struct congestion_counters {
    uint64_t feedback; /* taken */
    uint64_t refused;  /* feedback about packets that were never sent, or that could not be read */
    uint64_t probes, padding_bytes, again_bytes, silences;
};

struct congestion {
    union {
        struct cc cc; /* the one in use */
        struct gcc gcc;
        struct report_cc report;
    };
    bool numbered;      /* packets carry transport-wide numbers, and feedback comes */
    bool waiting;       /* something could not leave */
    enum send_class at; /* where congestion_next is */
    uint64_t want;
    struct pacer pacer;
    struct probe probe;
    usec_t rtt, rtt_min, rtt_min_next, rtt_since; /* the smallest of this and of the last stretch */
    usec_t first_sent;                            /* USEC_NEVER: nothing yet */
    usec_t heard;                                 /* the newest feedback, or silence told */
    bool has_arrival;
    usec_t arrival; /* the newest arrival, on the receiver's clock, unwrapped */
    uint64_t sent_bytes, reported_bytes; /* all; at the last report */
    uint64_t reported_packets, sent_packets;
    usec_t reported;
    bool told;                            /* any feedback came */
    struct congestion_counters *counters; /* not owned */
    struct send_history history;
};

/* `numbered`: the viewer negotiated transport-wide feedback. `counters` outlive it. */
void congestion_init(struct congestion *c, bool numbered, struct congestion_counters *counters,
                     usec_t now);

/* What the network carries, bits a second with IP and UDP headers; 0: unknown yet. */
uint64_t congestion_rate(const struct congestion *c);
/* What the session could use; probes aim at it. 0: not told, CONGESTION_FIRST_RATE. */
void congestion_want(struct congestion *c, uint64_t rate);

/* True when a packet of the picture may leave now. */
bool congestion_may_send(const struct congestion *c, usec_t now);

/* Something of the picture could not leave: the next round takes it. */
static inline void congestion_wait(struct congestion *c) {
    c->waiting = true;
}

/* Takes what may leave, class by class. congestion_begin, then congestion_next until it is false;
 * each packet is to be numbered, sealed and told to congestion_sent before the next is taken. */
void congestion_begin(struct congestion *c);
bool congestion_next(struct congestion *c, const struct send_source *source, void *ctx, usec_t now,
                     struct outgoing *ret);

/* Writes the next transport-wide number into a packet that has a place for it. */
static inline void congestion_number(const struct congestion *c, struct outgoing *o) {
    if (o->number_at != 0) {
        write_be16(o->header + o->number_at, (uint16_t)c->history.next);
    }
}

/* It left, `size` bytes of UDP payload. */
void congestion_sent(struct congestion *c, const struct outgoing *o, size_t size, usec_t now);

/* One packet of verified RTCP: transport-wide feedback or REMB; others are ignored. */
void congestion_rtcp(struct congestion *c, const struct rtcp_packet *packet, usec_t now);

/* A report block of the picture, or of sound where there is no picture. */
void congestion_report(struct congestion *c, const struct rtcp_report *report, usec_t now);

/* Something waits, a probe is due, or silence is to be noticed. */
usec_t congestion_next_timeout(const struct congestion *c);
void congestion_timeout(struct congestion *c, usec_t now);
