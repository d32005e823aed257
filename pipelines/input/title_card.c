#include "input/title_card.h"

#include <cairo.h>
#include <gst/video/video.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define WIDTH 1280
#define HEIGHT 720
#define MARGIN 140.0
#define LINES_MAX 4
#define LETTERS_MAX 200
#define BARS 41

/* Bars as of a voice, the same each time. */
static void draw_bars(cairo_t *cairo, double middle) {
    for (int i = 0; i < BARS; i++) {
        double swell = sin(M_PI * (i + 1) / (BARS + 1));
        double height = 8 + 70 * swell * swell * fabs(sin(i * 1.7) * cos(i * 0.6));
        double x = WIDTH / 2.0 + (i - BARS / 2) * 16.0;
        cairo_set_source_rgba(cairo, 0.55, 0.72, 0.95, 0.35 + 0.5 * swell);
        cairo_rectangle(cairo, x - 3, middle - height / 2, 6, height);
        cairo_fill(cairo);
    }
}

/* Scripts that are written from the left, letter by letter: cairo alone sets no others. */
static bool is_plain(gunichar c) {
    static const GUnicodeScript plain[] = {
        G_UNICODE_SCRIPT_COMMON,   G_UNICODE_SCRIPT_INHERITED, G_UNICODE_SCRIPT_LATIN,
        G_UNICODE_SCRIPT_GREEK,    G_UNICODE_SCRIPT_CYRILLIC,  G_UNICODE_SCRIPT_ARMENIAN,
        G_UNICODE_SCRIPT_GEORGIAN, G_UNICODE_SCRIPT_HAN,       G_UNICODE_SCRIPT_HIRAGANA,
        G_UNICODE_SCRIPT_KATAKANA, G_UNICODE_SCRIPT_HANGUL,    G_UNICODE_SCRIPT_BOPOMOFO,
    };
    GUnicodeScript script = g_unichar_get_script(c);
    for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) {
        if (plain[i] == script) {
            return true;
        }
    }
    return false;
}

/* Whether the font has a glyph for each letter. Without it there would be boxes: then the card has
 * no words; the page around it has them as text. */
static bool can_draw(cairo_t *cairo, const char *title) {
    for (const char *p = title; *p; p = g_utf8_next_char(p)) {
        if (!is_plain(g_utf8_get_char(p))) {
            return false;
        }
    }
    cairo_glyph_t *glyphs = NULL;
    int count = 0;
    bool good =
        cairo_scaled_font_text_to_glyphs(cairo_get_scaled_font(cairo), 0, 0, title, -1, &glyphs,
                                         &count, NULL, NULL, NULL) == CAIRO_STATUS_SUCCESS;
    for (int i = 0; good && i < count; i++) {
        good = glyphs[i].index != 0;
    }
    cairo_glyph_free(glyphs);
    return good;
}

static double width_of(cairo_t *cairo, const char *text) {
    cairo_text_extents_t extents;
    cairo_text_extents(cairo, text, &extents);
    return extents.width;
}

/* A word wider than the card ends in an ellipsis. */
static char *shorten(cairo_t *cairo, const char *word) {
    char *text = g_strdup(word);
    glong letters = MIN(g_utf8_strlen(word, -1), LETTERS_MAX);
    for (; letters > 1 && width_of(cairo, text) > WIDTH - 2 * MARGIN; letters--) {
        char *head = g_utf8_substring(word, 0, letters - 1);
        g_free(text);
        text = g_strconcat(head, "…", NULL);
        g_free(head);
    }
    return text;
}

/* Breaks the words into lines that fit; what is too much ends in an ellipsis. */
static size_t break_lines(cairo_t *cairo, const char *title, char *lines[LINES_MAX]) {
    char **words = g_strsplit_set(title, " \t\r\n", 200);
    size_t n = 0;
    for (char **word = words; *word; word++) {
        if (!**word) {
            continue;
        }
        char *longer = n > 0 ? g_strjoin(" ", lines[n - 1], *word, NULL) : NULL;
        if (longer && width_of(cairo, longer) <= WIDTH - 2 * MARGIN) {
            g_free(lines[n - 1]);
            lines[n - 1] = longer;
            continue;
        }
        g_free(longer);
        if (n == LINES_MAX) {
            longer = g_strconcat(lines[n - 1], " …", NULL);
            g_free(lines[n - 1]);
            lines[n - 1] = longer;
            break;
        }
        lines[n++] = shorten(cairo, *word);
    }
    g_strfreev(words);
    return n;
}

static void draw(cairo_t *cairo, const char *title) {
    cairo_pattern_t *ground = cairo_pattern_create_linear(0, 0, 0, HEIGHT);
    cairo_pattern_add_color_stop_rgb(ground, 0, 0.11, 0.15, 0.22);
    cairo_pattern_add_color_stop_rgb(ground, 1, 0.06, 0.08, 0.13);
    cairo_set_source(cairo, ground);
    cairo_paint(cairo);
    cairo_pattern_destroy(ground);
    draw_bars(cairo, HEIGHT * 0.3);
    char *lines[LINES_MAX] = {NULL};
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, 56);
    size_t n = can_draw(cairo, title) ? break_lines(cairo, title, lines) : 0;
    cairo_set_source_rgb(cairo, 0.94, 0.96, 0.98);
    for (size_t i = 0; i < n; i++) {
        cairo_text_extents_t extents;
        cairo_text_extents(cairo, lines[i], &extents);
        double x = (WIDTH - extents.width) / 2 - extents.x_bearing;
        cairo_move_to(cairo, x, HEIGHT * 0.56 + (double)i * 76);
        cairo_show_text(cairo, lines[i]);
        g_free(lines[i]);
    }
}

GstSample *title_card_draw(const char *title) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, WIDTH, HEIGHT);
    cairo_t *cairo = cairo_create(surface);
    char *valid = g_utf8_make_valid(title, -1);
    draw(cairo, valid);
    g_free(valid);
    cairo_destroy(cairo);
    cairo_surface_flush(surface);
    size_t size = (size_t)cairo_image_surface_get_stride(surface) * HEIGHT;
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, size, NULL);
    gst_buffer_fill(buffer, 0, cairo_image_surface_get_data(surface), size);
    cairo_surface_destroy(surface);
    GstVideoInfo info; /* 1280 pixels of four bytes need no padding */
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGRx, WIDTH, HEIGHT);
    GstCaps *caps = gst_video_info_to_caps(&info);
    GstSample *sample = gst_sample_new(buffer, caps, NULL, NULL);
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    return sample;
}
