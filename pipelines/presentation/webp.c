#include "presentation/webp.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdbool.h>
#include <stdint.h>

#define COLOURS_MAX 2048 /* among the samples: more is a photograph */
#define SAMPLES 20000
#define PATIENCE (60 * GST_SECOND)

static bool is_drawn(cairo_surface_t *surface) {
    int w = cairo_image_surface_get_width(surface), h = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    const uint8_t *data = cairo_image_surface_get_data(surface);
    int64_t pixels = (int64_t)w * h, step = MAX(1, pixels / SAMPLES);
    GHashTable *colours = g_hash_table_new(NULL, NULL);
    for (int64_t i = 0; i < pixels && g_hash_table_size(colours) <= COLOURS_MAX; i += step) {
        const uint8_t *p = data + i / w * stride + i % w * 4;
        g_hash_table_add(colours,
                         GUINT_TO_POINTER(1u + (p[0] | (guint)p[1] << 8 | (guint)p[2] << 16)));
    }
    bool drawn = g_hash_table_size(colours) <= COLOURS_MAX;
    g_hash_table_destroy(colours);
    return drawn;
}

/* cairo's RGB24 is BGRx in memory on little-endian machines. */
static GstSample *sample_of(cairo_surface_t *surface) {
    int w = cairo_image_surface_get_width(surface), h = cairo_image_surface_get_height(surface);
    int stride = cairo_image_surface_get_stride(surface);
    GstVideoInfo info;
    GstVideoFrame frame;
    gst_video_info_set_format(&info, GST_VIDEO_FORMAT_BGRx, (guint)w, (guint)h);
    GstBuffer *buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(&info), NULL);
    if (gst_video_frame_map(&frame, &info, buffer, GST_MAP_WRITE)) {
        for (int y = 0; y < h; y++) {
            memcpy((uint8_t *)GST_VIDEO_FRAME_PLANE_DATA(&frame, 0) +
                       (ptrdiff_t)y * GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0),
                   cairo_image_surface_get_data(surface) + (ptrdiff_t)y * stride, (size_t)w * 4);
        }
        gst_video_frame_unmap(&frame);
    }
    GstCaps *caps = gst_video_info_to_caps(&info);
    GstSample *sample = gst_sample_new(buffer, caps, NULL, NULL);
    gst_caps_unref(caps);
    gst_buffer_unref(buffer);
    return sample;
}

static int write_sample(GstSample *sample, const char *path) {
    GstMapInfo map;
    GError *error = NULL;
    if (!gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ)) {
        return -ENOMEM;
    }
    int r = 0;
    if (!g_file_set_contents(path, (const char *)map.data, (gssize)map.size, &error)) {
        r = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? -ENOSPC : -EIO;
        g_clear_error(&error);
    }
    gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    return r;
}

int webp_write(cairo_surface_t *surface, const char *path) {
    char *text = g_strdup_printf("appsrc name=in format=time ! videoconvert ! "
                                 "video/x-raw,format=RGB ! webpenc %s ! "
                                 "appsink name=out sync=false",
                                 is_drawn(surface) ? "lossless=true quality=40 speed=2"
                                                   : "quality=88 speed=4");
    GstElement *pipeline = gst_parse_launch(text, NULL);
    g_free(text);
    if (!pipeline) {
        return -ENOSYS;
    }
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    GstSample *picture = sample_of(surface);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_app_src_push_sample(GST_APP_SRC(in), picture);
    gst_app_src_end_of_stream(GST_APP_SRC(in));
    GstSample *coded = gst_app_sink_try_pull_sample(GST_APP_SINK(out), PATIENCE);
    int r = coded ? write_sample(coded, path) : -EIO;
    g_clear_pointer(&coded, gst_sample_unref);
    gst_sample_unref(picture);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(in);
    gst_object_unref(out);
    gst_object_unref(pipeline);
    return r;
}
