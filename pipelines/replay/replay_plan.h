/* replay/replay_plan.h: what a replay shows when: the main picture as the stage was switched, and
 * the chapters. Times are µs since 1970 unless told otherwise.
 *
 * A switch happens at the new source's first key frame at or after the event; until then the old
 * source goes on, also when the new one was not recorded. With nothing on stage the last picture
 * stays. */
#pragma once
#include "replay/recording.h"

#define REPLAY_CUTS_MAX 20000
#define REPLAY_CHAPTERS_MAX 200
#define REPLAY_CHAPTERS_APART 5.0 /* seconds; closer ones become one */

struct replay_cut {
    size_t track, key; /* of the recording; of the track */
    double from, to;   /* to: HUGE_VAL as long as there are packets */
};

struct replay_chapter {
    double t; /* seconds of the replay */
    char title[192];
};

struct replay_plan {
    struct replay_cut *cuts;
    size_t cut_count;
    struct replay_chapter chapters[REPLAY_CHAPTERS_MAX];
    size_t chapter_count;
    double zero, end; /* of all packets that are used */
};

/* 0, -ENODATA (nothing to see or hear), -ENOMEM. */
int replay_plan_make(const struct recording *r, struct replay_plan *ret);
void replay_plan_clear(struct replay_plan *p);
