/* input/colour.h: from what a film's picture is coded in to what all our rungs are: 8 bits, 4:2:0,
 * BT.601 limited range, the contrast and the primaries of an ordinary screen (BT.709). Pure.
 *
 * Ordinary pictures pass a matrix. Those with high contrast (PQ, HLG: BT.2100) or wide primaries
 * (BT.2020) pass a table over their Y, Cb and Cr that is made once: to light, primaries to BT.709,
 * the highlights above the white of paper (203 cd/m², BT.2408) rolled off, to the gamma of BT.1886.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum colour_transfer { COLOUR_SDR, COLOUR_PQ, COLOUR_HLG };

struct colour_coding {
    double kr, kb; /* of the matrix: 0.299, 0.114 for BT.601 */
    bool full_range;
    bool wide;      /* primaries of BT.2020 */
    unsigned depth; /* 8, or 10 to 16: two bytes a sample, little-endian */
    enum colour_transfer transfer;
};

struct colour_planes {
    uint8_t *data[3];
    size_t stride[3]; /* bytes */
};

struct colour_map; /* immutable */

/* NULL when memory is short. Free with colour_map_free. */
struct colour_map *colour_map_new(const struct colour_coding *in);
void colour_map_free(struct colour_map *map);

/* True when the picture may stay as it is. */
bool colour_map_is_identity(const struct colour_map *map);

/* A 4:2:0 picture of `width` × `height` pixels (both even) into another place. */
void colour_map_picture(const struct colour_map *map, const struct colour_planes *in,
                        const struct colour_planes *out, uint32_t width, uint32_t height);
