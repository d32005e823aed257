#include "routing/trendline.h"

#include <string.h>

#define SMOOTHING 0.9
#define COUNT_MAX 1000

void trendline_init(struct trendline *t) {
    memset(t, 0, sizeof *t);
}

static double slope_of(const struct trendline *t) {
    double x = 0, y = 0, over = 0, under = 0;
    for (unsigned i = 0; i < TRENDLINE_WINDOW; i++) {
        x += t->x[i];
        y += t->y[i];
    }
    x /= TRENDLINE_WINDOW;
    y /= TRENDLINE_WINDOW;
    for (unsigned i = 0; i < TRENDLINE_WINDOW; i++) {
        over += (t->x[i] - x) * (t->y[i] - y);
        under += (t->x[i] - x) * (t->x[i] - x);
    }
    return under > 0 ? over / under : 0;
}

void trendline_add(struct trendline *t, int64_t sent, int64_t arrival) {
    t->time += (double)arrival / 1000;
    t->delay += (double)(arrival - sent) / 1000;
    t->smoothed = SMOOTHING * t->smoothed + (1 - SMOOTHING) * t->delay;
    t->x[t->at] = t->time;
    t->y[t->at] = t->smoothed;
    t->at = (t->at + 1) % TRENDLINE_WINDOW;
    t->count += t->count < COUNT_MAX;
    if (t->count >= TRENDLINE_WINDOW) {
        t->slope = slope_of(t);
    }
}
