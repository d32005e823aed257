/* input/container.h: a look at the outermost structure of a file before a decoder is asked: is it
 * whole?
 */
#pragma once
#include "job/report.h"

/* Checks the boxes of an mp4 or mov (ISO 14496-12 §4.2) and the segment of a webm or mkv (RFC
 * 9559). Other kinds pass. 0, or -1 with `no_file`, `empty`, or `cut_off` and a sentence. */
int container_check(const char *path, struct failure *ret);
