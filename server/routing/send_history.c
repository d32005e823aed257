#include "routing/send_history.h"

#include <string.h>

void send_history_init(struct send_history *h) {
    memset(h, 0, sizeof *h);
    h->next = h->covered = 1;
}

static struct sent_packet *slot(struct send_history *h, uint64_t number) {
    return &h->ring[number % SEND_HISTORY];
}

static void leave(struct send_history *h, uint64_t to) {
    for (; h->covered < to; h->covered++) {
        h->in_flight -= slot(h, h->covered)->size;
    }
}

void send_history_add(struct send_history *h, size_t size, uint8_t probe, usec_t now) {
    if (h->next >= SEND_HISTORY) {
        leave(h, h->next - SEND_HISTORY + 1);
    }
    *slot(h, h->next) = (struct sent_packet){
        .at = (uint32_t)now, .size = (uint16_t)size, .state = SENT_IN_FLIGHT, .probe = probe};
    h->next++;
    h->in_flight += (uint16_t)size;
}

/* The newest sent number with these lower bits, 0: none that is remembered. */
static uint64_t number_of(const struct send_history *h, uint16_t number) {
    const uint16_t back = (uint16_t)((uint16_t)h->next - number);
    return back == 0 || back > SEND_HISTORY || back >= h->next ? 0 : h->next - back;
}

struct sent_packet *send_history_find(struct send_history *h, uint16_t number, usec_t now,
                                      usec_t *ret_sent) {
    const uint64_t found = number_of(h, number);
    if (found == 0) {
        return NULL;
    }
    struct sent_packet *p = slot(h, found);
    *ret_sent = now - (uint32_t)((uint32_t)now - p->at);
    return p;
}

void send_history_cover(struct send_history *h, uint16_t number) {
    leave(h, number_of(h, number) + 1);
}
