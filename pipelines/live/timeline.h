/* live/timeline.h: where a live sender's timestamps lie on our clock. Pure; all times in
 * nanoseconds.
 *
 * A sender's clock starts anywhere, runs a little slower or faster than ours, and jumps when its
 * encoder is restarted. What it sent is placed so that the promptest frames of the last seconds are
 * "now"; the distances between its frames, and between its picture and its sound, stay as they
 * are. The place moves only when it is more than 60 ms wrong. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum timeline_state { TIMELINE_NEW, TIMELINE_SETTLING, TIMELINE_RUNNING };

struct timeline {
    enum timeline_state state;
    int64_t offset;  /* from the sender's time to ours */
    int64_t least;   /* of `now` - timestamp since the window began */
    uint64_t window; /* when it ends */
};

/* A zeroed timeline is a new one. False: nothing is to be shown yet (what was held up before the
 * connection stood comes in a bunch; the first 200 ms find out what "now" is). */
bool timeline_map(struct timeline *t, uint64_t timestamp, uint64_t now, uint64_t *ret);
