#include "base/timers.h"

#include <errno.h>
#include <stdlib.h>

void timers_init(struct timers *t) {
    *t = (struct timers){0};
}

void timers_clear(struct timers *t) {
    free(t->heap);
    timers_init(t);
}

static void put(struct timers *t, size_t i, struct timer *timer) {
    t->heap[i] = timer;
    timer->at = i + 1;
}

static void sift_up(struct timers *t, size_t i) {
    struct timer *timer = t->heap[i];
    while (i > 0 && timer->due < t->heap[(i - 1) / 2]->due) {
        put(t, i, t->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(t, i, timer);
}

static void sift_down(struct timers *t, size_t i) {
    struct timer *timer = t->heap[i];
    for (size_t child; (child = 2 * i + 1) < t->used;) {
        if (child + 1 < t->used && t->heap[child + 1]->due < t->heap[child]->due) {
            child++;
        }
        if (timer->due <= t->heap[child]->due) {
            break;
        }
        put(t, i, t->heap[child]);
        i = child;
    }
    put(t, i, timer);
}

void timers_unset(struct timers *t, struct timer *timer) {
    if (timer->at == 0) {
        return;
    }
    size_t i = timer->at - 1;
    struct timer *last = t->heap[--t->used];
    timer->at = 0;
    if (last != timer) {
        put(t, i, last);
        sift_up(t, i);
        sift_down(t, last->at - 1);
    }
}

int timers_set(struct timers *t, struct timer *timer, usec_t due) {
    if (due == USEC_NEVER) {
        timers_unset(t, timer);
        return 0;
    }
    if (timer->at != 0) {
        timer->due = due;
        sift_up(t, timer->at - 1);
        sift_down(t, timer->at - 1);
        return 0;
    }
    if (t->used == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 64;
        struct timer **heap = reallocarray(t->heap, capacity, sizeof(*heap));
        if (!heap) {
            return -ENOMEM;
        }
        t->heap = heap;
        t->capacity = capacity;
    }
    timer->due = due;
    put(t, t->used++, timer);
    sift_up(t, t->used - 1);
    return 0;
}

usec_t timers_next(const struct timers *t) {
    return t->used ? t->heap[0]->due : USEC_NEVER;
}

struct timer *timers_pop(struct timers *t, usec_t now) {
    if (t->used == 0 || t->heap[0]->due > now) {
        return NULL;
    }
    struct timer *first = t->heap[0];
    timers_unset(t, first);
    return first;
}
