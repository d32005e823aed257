/* input/bounds.h: how large a picture and how long a film may be. Files promise what they like: a
 * few hundred bytes can decode to gigabytes, or to years. */
#pragma once
#include "job/report.h"

#define BOUNDS_SIDE_MAX 8192
#define BOUNDS_AREA_MAX (8192u * 4608u)
#define BOUNDS_HOURS_MAX 12

/* 0, or -1 with `too_big`. */
int bounds_check_picture(unsigned width, unsigned height, struct failure *failure);

/* 0, or -1 with `too_long`. Of what is promised, and of what has come out of a decoder. */
int bounds_check_length(double seconds, struct failure *failure);
