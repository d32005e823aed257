/* presentation/webp.h: a cairo picture as a WebP file. */
#pragma once
#include <cairo.h>

/* Without loss when it is drawn with few colours, as text and charts are. `surface` is an RGB24
 * image. 0 or −errno. */
int webp_write(cairo_surface_t *surface, const char *path);
