#include "live/arrivals.h"

#define CLOSE 2000000 /* timestamps in milliseconds are rounded on the way */

void arrivals_note(struct arrivals *a, uint64_t time, int64_t at) {
    size_t i = a->count++ % ARRIVALS_KEPT;
    a->kept[i].time = time;
    a->kept[i].at = at;
}

bool arrivals_find(const struct arrivals *a, uint64_t time, int64_t *ret_at) {
    size_t kept = a->count < ARRIVALS_KEPT ? a->count : ARRIVALS_KEPT;
    for (size_t k = 1; k <= kept; k++) {
        size_t i = (a->count - k) % ARRIVALS_KEPT;
        uint64_t t = a->kept[i].time;
        if ((t > time ? t - time : time - t) <= CLOSE) {
            *ret_at = a->kept[i].at;
            return true;
        }
    }
    return false;
}
