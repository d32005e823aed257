/* slides/slides_page.h: one page of a PDF as a picture and as text. */
#pragma once
#include <cairo.h>
#include <jansson.h>
#include <poppler.h>

/* The picture's longest side. Pages are drawn at two pixels for each of CSS (192 to the inch), and
 * larger ones shrunk to this. */
#define SLIDES_SIDE_MAX 2560

/* The page on white; NULL when it has no size or cannot be drawn. */
cairo_surface_t *slides_page_draw(PopplerPage *page);

/* {lines: [{text, x, y, w, h}]}, 0 to 1 of the page from its upper left corner, in reading order.
 */
json_t *slides_page_text(PopplerPage *page);
