/* key/key_edge.h: the matte of pixels out of the matte of chroma samples, at the person's edge. Of
 * all mattes between 0 and 1 the one is sought that, sampled as chroma is, gives what was measured,
 * and with the person's and the wall's luma gives the luma that is seen. Sans GStreamer. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct key_edge {
    unsigned half_width, half_height; /* of chroma */
    float *matte;                     /* of pixels, 0..1; where the mask is set */
    float *rest;                      /* of chroma samples: measured less what the matte gives */
    float *luma, *gain; /* of pixels: what is seen more than of the wall; and of the person */
};

/* What is measured, of chroma size. */
struct key_measured {
    const uint8_t *mask;  /* the edge and its surroundings */
    const float *share;   /* of the person */
    const float *settled; /* the same outside the mask, quiet */
};

/* False without memory. */
bool key_edge_init(struct key_edge *e, unsigned half_width, unsigned half_height);
void key_edge_clear(struct key_edge *e);

/* A row of chroma samples: the wall's and the person's luma there (`known` 0: not known), and the
 * two rows of pixels that are seen. All rows, then key_edge_run. */
void key_edge_row(struct key_edge *e, unsigned y, const float *wall, const float *person,
                  const uint8_t *known, const uint8_t *const seen[2]);
void key_edge_run(struct key_edge *e, const struct key_measured *m);
