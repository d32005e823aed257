/* routing/overuse_detector.h: is the path used beyond what it carries? Compares the delay gradient
 * with a threshold that adapts, so that a flow beside one that fills queues is not starved
 * (draft-ietf-rmcat-gcc-02 §5.4). */
#pragma once
#include "base/clock.h"

enum path_use { PATH_NORMAL, PATH_OVERUSED, PATH_UNDERUSED };

struct overuse_detector {
    double threshold; /* ms */
    double over_for;  /* ms that the gradient was above it */
    unsigned over_count;
    double slope; /* the last one */
    usec_t updated;
    enum path_use use;
};

void overuse_detector_init(struct overuse_detector *d);

/* A new slope over `groups` groups, the last of which was sent `sent` µs after its predecessor. */
enum path_use overuse_detector_add(struct overuse_detector *d, double slope, unsigned groups,
                                   int64_t sent, usec_t now);
