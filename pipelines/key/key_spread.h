/* key/key_spread.h: values of samples handed outward to those around them, a sample a round, as the
 * mean of the neighbours that have one. Costs what the edge is long, not what the picture is large.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_SPREAD_PLANES 3

struct key_spread {
    unsigned width, height;
    uint8_t *known; /* rounds + 1 from where values were; 0 not reached */
    float *planes[KEY_SPREAD_PLANES];
    unsigned plane_count;
    uint32_t *now, *next; /* samples of this round and the next */
    size_t count;
};

/* False without memory. */
bool key_spread_init(struct key_spread *s, unsigned width, unsigned height, unsigned planes);
void key_spread_clear(struct key_spread *s);

/* From samples whose `known` is 1. */
void key_spread_run(struct key_spread *s, unsigned rounds);
