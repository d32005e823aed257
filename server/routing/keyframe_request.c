#include "routing/keyframe_request.h"

void keyframe_request_init(struct keyframe_request *k) {
    *k = (struct keyframe_request){.due = USEC_NEVER};
}

void keyframe_request_want(struct keyframe_request *k, usec_t now) {
    if (k->due != USEC_NEVER) {
        k->tries = k->tries > 0 ? 1 : 0; /* still wanted: go on asking */
        return;
    }
    k->tries = 0;
    k->due = now > k->earliest ? now : k->earliest;
}

void keyframe_request_seen(struct keyframe_request *k) {
    k->due = USEC_NEVER;
    k->tries = 0;
}

usec_t keyframe_request_next_timeout(const struct keyframe_request *k) {
    return k->due;
}

bool keyframe_request_output(struct keyframe_request *k, usec_t now) {
    if (now < k->due) {
        return false;
    }
    k->tries++;
    k->earliest = now + KEYFRAME_REQUEST_SPACING;
    k->due = k->tries < KEYFRAME_REQUEST_TRIES ? k->earliest : USEC_NEVER;
    return true;
}
