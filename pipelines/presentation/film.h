/* presentation/film.h: the progressive mp4 of a presentation: the samples of CMAF tracks, gathered
 * behind one index that comes first. */
#pragma once
#include "presentation/cmaf.h"

/* Writes `path` from finished tracks; `sound` may be NULL. On disk when this returns. 0, -ENOMEM,
 * or −errno of open(2), read(2), write(2). */
int film_write(const char *path, const struct cmaf *picture, const struct cmaf *sound);
