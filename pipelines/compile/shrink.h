/* compile/shrink.h: a film whose pictures are so large that no memory is left for encoders while
 * they are decoded becomes one of the largest rung's size first, without visible loss. */
#pragma once
#include "input/probe.h"
#include "job/stage.h"
#include <stdbool.h>

/* Whether pictures are larger than 4096×2304. */
bool shrink_needed(const struct probe *probe);

/* Writes the picture of the film at `path`, which `probe` describes, to `to` (a new file, about
 * 8 MB a second), in BT.601, its times from zero on, not turned yet. `ret` is what `probe` says
 * with that file's picture. 0, or -1 with the stage's failure. */
int shrink_film(const char *path, const struct probe *probe, const char *to, struct stage *stage,
                struct probe *ret);
