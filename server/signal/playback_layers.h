/* signal/playback_layers.h: the words of `layer` controls and `layers` events (openapi.yaml). Part
 * of playback.c. */
#pragma once
#include "media/media_api.h"

struct exchange;
struct json;

/* The rungs as JSON, lowest short side first named "360p"; NULL without memory. */
struct json *playback_layers_json(const struct media_layers *layers);

/* What a control wishes; false: answered with what is wrong. */
bool playback_read_wish(struct exchange *x, const struct json *body, struct media_wish *ret);
