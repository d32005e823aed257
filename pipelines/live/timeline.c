#include "live/timeline.h"

#define MS 1000000
#define SETTLE (200 * MS)
#define WINDOW (2000 * (int64_t)MS)
#define WRONG (60 * MS)           /* by which the promptest frame of a window may be off */
#define JUMP (3000 * (int64_t)MS) /* further off: the sender has started over */

static void open_window(struct timeline *t, uint64_t now, int64_t length, int64_t distance) {
    t->window = now + (uint64_t)length;
    t->least = distance;
}

bool timeline_map(struct timeline *t, uint64_t timestamp, uint64_t now, uint64_t *ret) {
    int64_t distance = (int64_t)(now - timestamp), off = distance - t->offset;
    if (t->state == TIMELINE_NEW || (t->state == TIMELINE_RUNNING && off > JUMP)) {
        t->state = TIMELINE_SETTLING;
        open_window(t, now, SETTLE, distance);
        return false;
    }
    if (distance < t->least) {
        t->least = distance;
    }
    if (t->state == TIMELINE_SETTLING) {
        if (now < t->window) {
            return false;
        }
        t->state = TIMELINE_RUNNING;
        t->offset = t->least;
        open_window(t, now, WINDOW, distance);
    } else if (off < -WRONG) { /* nothing comes before it was made: the sender's clock jumped */
        t->offset = distance;
        open_window(t, now, WINDOW, distance);
    } else if (now >= t->window) {
        if (t->least - t->offset > WRONG) {
            t->offset = t->least;
        }
        open_window(t, now, WINDOW, distance);
    }
    int64_t place = (int64_t)timestamp + t->offset;
    *ret = place > 0 ? (uint64_t)place : 0;
    return true;
}
