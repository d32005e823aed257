/* input/foreign.h: files that people upload in place of a film, told by their first bytes, so that
 * they hear what to do. Decoders would take a picture for a film of one frame, and ask for a
 * plug-in to watch a PDF with. */
#pragma once
#include "base/spans.h"
#include "job/report.h"

/* 0 when the file may be a film (or cannot be read: others say so); -1 with the reason
 * `not_a_video` when it is something else. */
int foreign_check(const char *path, struct failure *ret);
int foreign_check_head(struct bytes head, struct failure *ret);
