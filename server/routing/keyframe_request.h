/* routing/keyframe_request.h: one wish for a key frame, however many viewers have it: asks at once,
 * then every KEYFRAME_REQUEST_SPACING until a key frame passes. Guarantee: two requests are never
 * less than KEYFRAME_REQUEST_SPACING apart. */
#pragma once
#include "base/clock.h"
#include <stdbool.h>

#define KEYFRAME_REQUEST_SPACING SEC(1)
#define KEYFRAME_REQUEST_TRIES 10 /* then silence until the next wish */

struct keyframe_request {
    usec_t due;      /* USEC_NEVER: nothing wanted */
    usec_t earliest; /* not before */
    unsigned tries;
};

void keyframe_request_init(struct keyframe_request *k);
void keyframe_request_want(struct keyframe_request *k, usec_t now);
void keyframe_request_seen(struct keyframe_request *k);
usec_t keyframe_request_next_timeout(const struct keyframe_request *k);

/* True: send one PLI now, then call again. False: drained. */
bool keyframe_request_output(struct keyframe_request *k, usec_t now);
