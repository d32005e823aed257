#include "slides/slides_page.h"

#include <math.h>
#include <stdbool.h>

#define SCALE (2 * 96.0 / 72)
#define SIDE_MIN 16 /* slivers are widened */
#define LINES_MAX 2000
#define LINE_BYTES_MAX 2000

cairo_surface_t *slides_page_draw(PopplerPage *page) {
    double width = 0, height = 0;
    poppler_page_get_size(page, &width, &height);
    double longest = fmax(width, height);
    if (!(width > 0) || !(height > 0) || !isfinite(longest)) {
        return NULL;
    }
    double scale = fmin(SCALE, SLIDES_SIDE_MAX / longest);
    int w = (int)fmax(SIDE_MIN, round(width * scale));
    int h = (int)fmax(SIDE_MIN, round(height * scale));
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, w, h);
    cairo_t *cairo = cairo_create(surface);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    cairo_scale(cairo, w / width, h / height);
    poppler_page_render(page, cairo);
    bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    if (!drawn) {
        cairo_surface_destroy(surface);
        return NULL;
    }
    return surface;
}

struct box {
    double x1, y1, x2, y2;
    bool any;
};

static void grow(struct box *box, const PopplerRectangle *r) {
    if (!box->any) {
        *box = (struct box){r->x1, r->y1, r->x2, r->y2, true};
        return;
    }
    box->x1 = fmin(box->x1, r->x1);
    box->y1 = fmin(box->y1, r->y1);
    box->x2 = fmax(box->x2, r->x2);
    box->y2 = fmax(box->y2, r->y2);
}

static double share(double v, double of) {
    double part = v / of;
    return isfinite(part) ? round(fmin(fmax(part, 0), 1) * 1e5) / 1e5 : 0;
}

static void add_line(json_t *lines, const char *text, size_t n, const struct box *box, double width,
                     double height) {
    char *line = g_strstrip(g_utf8_make_valid(text, (gssize)MIN(n, LINE_BYTES_MAX)));
    if (line[0] && box->any && json_array_size(lines) < LINES_MAX) {
        double x = share(box->x1, width), y = share(box->y1, height);
        json_array_append_new(lines, json_pack("{s:s,s:f,s:f,s:f,s:f}", "text", line, "x", x, "y",
                                               y, "w", share(box->x2, width) - x, "h",
                                               share(box->y2, height) - y));
    }
    g_free(line);
}

json_t *slides_page_text(PopplerPage *page) {
    double width = 1, height = 1;
    json_t *lines = json_array();
    char *text = poppler_page_get_text(page);
    PopplerRectangle *places = NULL;
    guint count = 0;
    poppler_page_get_size(page, &width, &height);
    if (text && poppler_page_get_text_layout(page, &places, &count)) {
        struct box box = {0};
        const char *start = text, *p = text;
        for (guint i = 0; *p && i < count; i++, p = g_utf8_next_char(p)) {
            if (*p == '\n') {
                add_line(lines, start, (size_t)(p - start), &box, width, height);
                box = (struct box){0};
                start = p + 1;
            } else if (*p != ' ') {
                grow(&box, &places[i]);
            }
        }
        add_line(lines, start, (size_t)(p - start), &box, width, height);
    }
    g_free(places);
    g_free(text);
    return json_pack("{s:o}", "lines", lines);
}
