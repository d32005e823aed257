#include "routing/inter_arrival.h"

#define JUMP ((int64_t)SEC(3))
#define BACKWARDS_MAX 3

void inter_arrival_init(struct inter_arrival *a) {
    *a = (struct inter_arrival){0};
}

static void begin(struct inter_arrival *a, usec_t sent, usec_t arrival) {
    a->has_current = true;
    a->sent = sent;
    a->arrival = arrival;
}

bool inter_arrival_add(struct inter_arrival *a, usec_t sent, usec_t arrival, int64_t *ret_sent,
                       int64_t *ret_arrival) {
    if (!a->has_current) {
        begin(a, sent, arrival);
        return false;
    }
    if (sent < a->sent + INTER_ARRIVAL_GROUP) { /* also what was sent before: reordered */
        if (sent >= a->sent && arrival < a->arrival) {
            a->arrival = arrival;
        }
        return false;
    }
    bool whole = false;
    if (a->has_previous) {
        const int64_t step = (int64_t)(a->sent - a->previous_sent);
        const int64_t come = (int64_t)(a->arrival - a->previous_arrival);
        if (come - step > JUMP || come - step < -JUMP) {
            inter_arrival_init(a);
            begin(a, sent, arrival);
            return false;
        }
        a->backwards = come < 0 ? a->backwards + 1 : 0;
        if (a->backwards >= BACKWARDS_MAX) {
            inter_arrival_init(a);
            begin(a, sent, arrival);
            return false;
        }
        whole = come >= 0;
        *ret_sent = step;
        *ret_arrival = come;
    }
    if (whole || !a->has_previous) {
        a->has_previous = true;
        a->previous_sent = a->sent;
        a->previous_arrival = a->arrival;
    }
    begin(a, sent, arrival);
    return whole;
}
