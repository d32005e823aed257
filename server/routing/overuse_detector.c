#include "routing/overuse_detector.h"

#include <math.h>
#include <stdbool.h>

#define THRESHOLD_FIRST 12.5 /* ms, §5.4 del_var_th(0) */
#define THRESHOLD_MIN 6.0
#define THRESHOLD_MAX 600.0
#define OUTLIER 15.0 /* §5.4: beyond it the threshold does not follow */
#define UP 0.01      /* K_u and K_d, a millisecond: up at once, down over seconds */
#define DOWN 0.002
#define GAIN 4.0 /* gradient to ms, over the groups that stand behind it */
#define GROUPS_MAX 60
#define OVER_TIME 10.0 /* ms, overuse_time_th */
#define STEP_MAX 100.0 /* ms */

void overuse_detector_init(struct overuse_detector *d) {
    *d = (struct overuse_detector){.threshold = THRESHOLD_FIRST};
}

static void adapt(struct overuse_detector *d, double gradient, usec_t now) {
    if (d->updated == 0) {
        d->updated = now;
    }
    const double size = fabs(gradient);
    const double passed = fmin((double)(now - d->updated) / 1000, STEP_MAX);
    d->updated = now;
    if (size > d->threshold + OUTLIER) {
        return;
    }
    const double k = size < d->threshold ? DOWN : UP;
    d->threshold += k * (size - d->threshold) * passed;
    d->threshold = fmin(fmax(d->threshold, THRESHOLD_MIN), THRESHOLD_MAX);
}

enum path_use overuse_detector_add(struct overuse_detector *d, double slope, unsigned groups,
                                   int64_t sent, usec_t now) {
    const double gradient = slope * GAIN * (double)(groups < GROUPS_MAX ? groups : GROUPS_MAX);
    const double sent_ms = (double)sent / 1000;
    if (gradient > d->threshold) {
        d->over_for += d->over_count == 0 ? sent_ms / 2 : sent_ms;
        d->over_count++;
        if (d->over_for > OVER_TIME && d->over_count > 1 && slope >= d->slope) {
            d->over_for = 0;
            d->over_count = 0;
            d->use = PATH_OVERUSED;
        }
    } else {
        d->over_for = 0;
        d->over_count = 0;
        d->use = gradient < -d->threshold ? PATH_UNDERUSED : PATH_NORMAL;
    }
    d->slope = slope;
    adapt(d, gradient, now);
    return d->use;
}
