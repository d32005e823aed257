#include "presentation/poster.h"

#include "presentation/jpeg.h"

#include <stdbool.h>
#include <stdint.h>

#define STEP 16 /* pixels between samples */
#define LEAD_IN (2 * GST_SECOND)

void poster_init(struct poster *p, double duration) {
    *p = (struct poster){.best_contrast = -1, .until = duration > 6 ? duration / 3 : 2};
    p->next = duration > 12 ? LEAD_IN : 0;
}

void poster_clear(struct poster *p) {
    if (p->best) {
        gst_sample_unref(p->best);
        p->best = NULL;
    }
}

/* Variance of the luma. */
static double contrast(const GstVideoFrame *frame) {
    const uint8_t *luma = GST_VIDEO_FRAME_PLANE_DATA(frame, 0);
    int stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
    double sum = 0, squares = 0, n = 0;
    for (int y = 0; y < GST_VIDEO_FRAME_HEIGHT(frame); y += STEP) {
        for (int x = 0; x < GST_VIDEO_FRAME_WIDTH(frame); x += STEP) {
            double v = luma[(ptrdiff_t)y * stride + x];
            sum += v;
            squares += v * v;
            n++;
        }
    }
    return squares / n - (sum / n) * (sum / n);
}

void poster_consider(struct poster *p, GstBuffer *buffer, GstCaps *caps, GstClockTime time) {
    if (p->best && (time < p->next || (double)time / GST_SECOND > p->until)) {
        return;
    }
    GstVideoInfo info;
    GstVideoFrame frame;
    if (!caps || !gst_video_info_from_caps(&info, caps) ||
        !gst_video_frame_map(&frame, &info, buffer, GST_MAP_READ)) {
        return;
    }
    double value = contrast(&frame);
    gst_video_frame_unmap(&frame);
    bool early = time < p->next; /* only taken when nothing better comes */
    if (!p->best || value > p->best_contrast) {
        poster_clear(p);
        p->best = gst_sample_new(buffer, caps, NULL, NULL);
        p->best_contrast = early ? -1 : value;
    }
    if (!early) {
        p->next = time + GST_SECOND;
    }
}

int poster_write(const struct poster *p, const char *path) {
    return p->best ? jpeg_write(p->best, path) : -1;
}
