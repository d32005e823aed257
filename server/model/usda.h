/* model/usda.h: a model as a text layer of Universal Scene Description, as AR Quick Look reads it.
 */
#pragma once
#include "model/model.h"

/* Text that grows; `p` is free()d by whoever got it. */
struct usda {
    char *p;
    size_t n, room;
    bool failed; /* without memory */
};

/* Standing on the floor, its footprint's middle above the origin, every length times `scale`.
 * Pictures are named textures/N.png or .jpg beside it. */
void usda_write(const struct model *m, double scale, struct usda *to);

/* Is this picture put beside it? */
bool usda_takes(const struct model_picture *picture);
