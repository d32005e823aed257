/* media/layers.h: what is told of the rungs of a picture. */
#pragma once
#include "media/media_api.h"
#include "routing/allocation.h"

/* `current` and `next` are indices of the picture's rungs, or -1. */
void layers_describe(const struct allocation_picture *p, size_t slot, int current, int next,
                     struct media_layers *ret);

/* Keeps what the viewer says. */
void layers_wish(struct allocation_slot *slot, const struct media_wish *wish);

/* A word that is another one when there is something new to tell: rates alone are nothing new.
 * Never 0. */
uint64_t layers_word(const struct media_layers *layers);
