/* replay/card_rung.h: the picture of a replay in which nobody was seen: a card with its title. */
#pragma once
#include "job/report.h"
#include "presentation/manifest.h"
#include <stdint.h>

/* Writes video-vp8.rung, `length` seconds long, into `directory`: the card as one key frame, again
 * every 2 s, so that it can be begun anywhere; and poster.jpg. `ret` is as the manifest has it.
 * 0, or -1 with a failure. */
int card_rung_write(const char *directory, const char *title, double length,
                    struct manifest_rung *ret, struct failure *failure);
