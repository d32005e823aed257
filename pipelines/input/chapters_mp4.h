/* input/chapters_mp4.h: Nero's list of chapters in an mp4 file: moov.udta.chpl, as mp4v2 and FFmpeg
 * write it. */
#pragma once
#include "base/spans.h"
#include "presentation/manifest.h"

/* Adds the chapters of a chpl box's content (version, flags, count, entries). False when it is
 * damaged; what came before the damage is added. */
bool chapters_mp4_parse(struct bytes chpl, struct manifest *manifest);

/* Looks for the box in a file; adds nothing when there is none. */
void chapters_from_mp4(const char *path, struct manifest *manifest);
