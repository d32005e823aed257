/* replay/assemble_video.h: the pictures of a replay as one rung, packets as they were recorded;
 * what is of the rarer codec is coded again, and so is a virtual person: flat, before a calm
 * ground, for the same rung also shows screens and cameras. Also the poster. */
#pragma once
#include "presentation/manifest.h"
#include "replay/replay_plan.h"

struct assemble_video {
    const struct recording *recording;
    const struct replay_plan *plan;
    const char *directory;
    _Atomic bool *stop;
    _Atomic unsigned reached;  /* seconds of the replay that are done */
    uint64_t frames, recoded;  /* in the rung; of them coded again */
    uint32_t width, height;    /* of the largest picture */
    struct manifest_rung rung; /* as it goes into the manifest */
    char profile[8], codec[8]; /* that `rung` points to */
};

/* Writes video-CODEC.rung, `length` seconds long. 0 or -1 with a failure; `no_picture` when the
 * plan has no cuts or nothing in them can be used. */
int assemble_video(struct assemble_video *a, double length, struct failure *failure);

/* Writes poster.jpg from an early key frame that is not dark. 0 or -1: there is none. */
int assemble_poster(const struct recording *recording, const struct replay_plan *plan,
                    const char *path);
