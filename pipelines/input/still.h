/* input/still.h: the picture of a file that holds only sound. */
#pragma once
#include "job/report.h"

/* Writes a JPEG: the picture at `poster` (JPEG, PNG, WebP …; NULL: none given), else the cover in
 * the file at `path`, else a calm card with the title. At most 1920 pixels a side. 0, or -1 with
 * `bad_poster`, `cannot_write`. */
int still_make(const char *path, const char *poster, const char *title, const char *out,
               struct failure *failure);
