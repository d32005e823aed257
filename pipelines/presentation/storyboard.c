#include "presentation/storyboard.h"

#include "presentation/jpeg.h"

#include <stdio.h>

#define LONG_SIDE 160
#define EVERY_MIN 2.0
#define THUMBS_WANTED 100
#define PER_SHEET (STORYBOARD_COLUMNS * STORYBOARD_ROWS)

void storyboard_init(struct storyboard *s, double duration) {
    *s = (struct storyboard){0};
    s->every = MAX(EVERY_MIN, duration / THUMBS_WANTED);
}

void storyboard_clear(struct storyboard *s) {
    for (size_t i = 0; i < STORYBOARD_SHEETS_MAX; i++) {
        g_clear_pointer(&s->sheets[i], g_free);
    }
    s->count = 0;
}

static int even_part(int side, int longest) {
    int part = (side * LONG_SIDE / longest + 1) / 2 * 2;
    return MIN(MAX(part, 2), LONG_SIDE);
}

/* The thumbnails have the shape of the first frame. */
static bool settle(struct storyboard *s, const GstVideoInfo *info) {
    int width = GST_VIDEO_INFO_WIDTH(info), height = GST_VIDEO_INFO_HEIGHT(info);
    int longest = MAX(width, height);
    if (GST_VIDEO_INFO_FORMAT(info) != GST_VIDEO_FORMAT_I420 ||
        !gst_video_info_set_format(&s->thumb, GST_VIDEO_FORMAT_I420,
                                   (guint)even_part(width, longest),
                                   (guint)even_part(height, longest))) {
        return false;
    }
    s->source = *info;
    return true;
}

/* Each pixel is the mean of those it stands for. */
static void shrink(const uint8_t *from, int stride, int w, int h, uint8_t *to, int to_w, int to_h) {
    for (int y = 0; y < to_h; y++) {
        int top = y * h / to_h, bottom = MAX((y + 1) * h / to_h, top + 1);
        for (int x = 0; x < to_w; x++) {
            int left = x * w / to_w, right = MAX((x + 1) * w / to_w, left + 1);
            unsigned sum = 0;
            for (int v = top; v < bottom; v++) {
                for (int u = left; u < right; u++) {
                    sum += from[(ptrdiff_t)v * stride + u];
                }
            }
            unsigned n = (unsigned)((bottom - top) * (right - left));
            to[y * to_w + x] = (uint8_t)((sum + n / 2) / n);
        }
    }
}

static size_t thumb_bytes(const struct storyboard *s) {
    return (size_t)GST_VIDEO_INFO_WIDTH(&s->thumb) * (size_t)GST_VIDEO_INFO_HEIGHT(&s->thumb) * 3 /
           2;
}

static void take(struct storyboard *s, const GstVideoFrame *frame) {
    uint8_t **sheet = &s->sheets[s->count / PER_SHEET];
    if (!*sheet) {
        *sheet = g_malloc(thumb_bytes(s) * PER_SHEET);
    }
    uint8_t *to = *sheet + s->count % PER_SHEET * thumb_bytes(s);
    int w = GST_VIDEO_INFO_WIDTH(&s->thumb), h = GST_VIDEO_INFO_HEIGHT(&s->thumb);
    for (guint plane = 0; plane < 3; plane++) {
        int half = plane > 0;
        shrink(GST_VIDEO_FRAME_PLANE_DATA(frame, plane), GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane),
               GST_VIDEO_FRAME_COMP_WIDTH(frame, plane), GST_VIDEO_FRAME_COMP_HEIGHT(frame, plane),
               to, w >> half, h >> half);
        to += (size_t)(w >> half) * (size_t)(h >> half);
    }
}

void storyboard_consider(struct storyboard *s, GstBuffer *buffer, GstCaps *caps,
                         GstClockTime time) {
    double t = GST_CLOCK_TIME_IS_VALID(time) ? (double)time / GST_SECOND : 0;
    if (s->count == PER_SHEET * STORYBOARD_SHEETS_MAX || t < (double)s->count * s->every) {
        return;
    }
    GstVideoInfo info;
    GstVideoFrame frame;
    if (!caps || !gst_video_info_from_caps(&info, caps) || (s->count == 0 && !settle(s, &info)) ||
        !gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) {
        return;
    }
    take(s, &frame);
    gst_video_frame_unmap(&frame);
    /* a frame after a gap stands for the gap too */
    s->times[s->count] = (double)s->count * s->every;
    s->count++;
}

/* Puts the thumbnails from `first` on into one picture. */
static GstBuffer *lay_out(const struct storyboard *s, size_t first, size_t n, GstVideoInfo *ret) {
    int w = GST_VIDEO_INFO_WIDTH(&s->thumb), h = GST_VIDEO_INFO_HEIGHT(&s->thumb);
    size_t columns = MIN(n, STORYBOARD_COLUMNS);
    size_t rows = (n + STORYBOARD_COLUMNS - 1) / STORYBOARD_COLUMNS;
    gst_video_info_set_format(ret, GST_VIDEO_FORMAT_I420, (guint)(columns * (size_t)w),
                              (guint)(rows * (size_t)h));
    GST_VIDEO_INFO_COLORIMETRY(ret) = GST_VIDEO_INFO_COLORIMETRY(&s->source);
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(ret), NULL);
    GstVideoFrame frame;
    if (!gst_video_frame_map(&frame, ret, buffer, GST_MAP_WRITE)) {
        gst_buffer_unref(buffer);
        return NULL;
    }
    for (guint plane = 0; plane < 3; plane++) {
        int half = plane > 0;
        int stride = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
        uint8_t *data = GST_VIDEO_FRAME_PLANE_DATA(&frame, plane);
        memset(data, plane ? 128 : 16,
               (size_t)stride * (size_t)GST_VIDEO_FRAME_COMP_HEIGHT(&frame, plane));
        size_t before = plane == 0 ? 0 : (size_t)(w * h) + (plane == 2 ? (size_t)(w * h) / 4 : 0);
        for (size_t i = 0; i < n; i++) {
            const uint8_t *from = s->sheets[first / PER_SHEET] + i * thumb_bytes(s) + before;
            size_t x = i % STORYBOARD_COLUMNS * (size_t)(w >> half);
            size_t y = i / STORYBOARD_COLUMNS * (size_t)(h >> half);
            for (size_t v = 0; v < (size_t)(h >> half); v++) {
                memcpy(data + (y + v) * (size_t)stride + x, from + v * (size_t)(w >> half),
                       (size_t)(w >> half));
            }
        }
    }
    gst_video_frame_unmap(&frame);
    return buffer;
}

static int write_sheet(const struct storyboard *s, const char *directory, size_t index) {
    size_t first = index * PER_SHEET;
    GstVideoInfo info;
    GstBuffer *buffer = lay_out(s, first, MIN(s->count - first, PER_SHEET), &info);
    if (!buffer) {
        return -1;
    }
    GstCaps *caps = gst_video_info_to_caps(&info);
    GstSample *sample = gst_sample_new(buffer, caps, NULL, NULL);
    char *name = g_strdup_printf("storyboard-%zu.jpg", index);
    char *path = g_build_filename(directory, name, NULL);
    int r = jpeg_write(sample, path);
    g_free(path);
    g_free(name);
    gst_sample_unref(sample);
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    return r;
}

static void put_time(GString *text, double seconds) {
    guint64 ms = (guint64)(seconds * 1000 + 0.5);
    g_string_append_printf(text, "%02" G_GUINT64_FORMAT ":%02u:%02u.%03u", ms / 3600000,
                           (guint)(ms / 60000 % 60), (guint)(ms / 1000 % 60), (guint)(ms % 1000));
}

static int write_table(const struct storyboard *s, const char *directory, double end) {
    int w = GST_VIDEO_INFO_WIDTH(&s->thumb), h = GST_VIDEO_INFO_HEIGHT(&s->thumb);
    GString *text = g_string_new("WEBVTT\n");
    for (size_t i = 0; i < s->count; i++) {
        double until = i + 1 < s->count ? s->times[i + 1] : MAX(end, s->times[i] + 0.001);
        size_t at = i % PER_SHEET;
        g_string_append_c(text, '\n');
        put_time(text, s->times[i]);
        g_string_append(text, " --> ");
        put_time(text, until);
        g_string_append_printf(text, "\nstoryboard-%zu.jpg#xywh=%zu,%zu,%d,%d\n", i / PER_SHEET,
                               at % STORYBOARD_COLUMNS * (size_t)w,
                               at / STORYBOARD_COLUMNS * (size_t)h, w, h);
    }
    char *path = g_build_filename(directory, "storyboard.vtt", NULL);
    int r = g_file_set_contents(path, text->str, (gssize)text->len, NULL) ? 0 : -1;
    g_free(path);
    g_string_free(text, TRUE);
    return r;
}

int storyboard_write(const struct storyboard *s, const char *directory, double end) {
    for (size_t i = 0; i * PER_SHEET < s->count; i++) {
        if (write_sheet(s, directory, i) < 0) {
            return -1;
        }
    }
    return s->count > 0 ? write_table(s, directory, end) : -1;
}
