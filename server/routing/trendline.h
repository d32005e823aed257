/* routing/trendline.h: the gradient of the one-way delay: the slope of a line through the smoothed
 * delay of the last TRENDLINE_WINDOW groups (least squares; in the place of the Kalman filter of
 * draft-ietf-rmcat-gcc-02 §5.3). 0.1 means that each second of sending is delayed by 100 ms more.
 */
#pragma once
#include "base/clock.h"

#define TRENDLINE_WINDOW 20

struct trendline {
    unsigned count; /* of groups, saturating */
    unsigned at;
    double delay, smoothed; /* ms since the beginning */
    double time;            /* ms of arrival since the beginning */
    double x[TRENDLINE_WINDOW], y[TRENDLINE_WINDOW];
    double slope; /* 0 until the window is full */
};

void trendline_init(struct trendline *t);

/* The differences of two groups, µs. */
void trendline_add(struct trendline *t, int64_t sent, int64_t arrival);
