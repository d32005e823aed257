/* routing/send_history.h: the one line of transport-wide numbers of a session over sound, picture
 * and retransmissions (draft-holmer-rmcat-transport-wide-cc-extensions-01 §2), and when each of the
 * newest SEND_HISTORY packets left, so that feedback can be understood. A number is taken when a
 * packet is sent and never given twice. Older packets are forgotten and count as not in flight. */
#pragma once
#include "base/clock.h"

#include <stdbool.h>
#include <stddef.h>

#define SEND_HISTORY 1024

enum sent_state { SENT_NONE, SENT_IN_FLIGHT, SENT_LOST, SENT_ARRIVED };

struct sent_packet {
    uint32_t at;   /* lower 32 bits of the time */
    uint16_t size; /* bytes on the wire */
    uint8_t state; /* enum sent_state */
    uint8_t probe; /* cluster that it belongs to, 0: none */
};

struct send_history {
    uint64_t next;      /* the next number; its lower 16 bits go on the wire */
    uint64_t in_flight; /* bytes sent that no feedback has covered */
    uint64_t
        covered; /* numbers below were in flight when feedback covered them, or are forgotten */
    struct sent_packet ring[SEND_HISTORY];
};

void send_history_init(struct send_history *h);

/* The packet with the number h->next leaves. */
void send_history_add(struct send_history *h, size_t size, uint8_t probe, usec_t now);

/* The packet that a number on the wire names, with when it left; NULL when it was never sent or is
 * forgotten. */
struct sent_packet *send_history_find(struct send_history *h, uint16_t number, usec_t now,
                                      usec_t *ret_sent);

/* Feedback has told of everything up to `number` (a found one): nothing of that is in flight. */
void send_history_cover(struct send_history *h, uint16_t number);
