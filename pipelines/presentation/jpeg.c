#include "presentation/jpeg.h"

#include <gst/video/video.h>

int jpeg_write(GstSample *picture, const char *path) {
    GstCaps *jpeg = gst_caps_new_empty_simple("image/jpeg");
    GstSample *sample = gst_video_convert_sample(picture, jpeg, 5 * GST_SECOND, NULL);
    gst_caps_unref(jpeg);
    if (!sample) {
        return -1;
    }
    GstMapInfo map;
    int r = -1;
    if (gst_buffer_map(gst_sample_get_buffer(sample), &map, GST_MAP_READ)) {
        r = g_file_set_contents(path, (const char *)map.data, (gssize)map.size, NULL) ? 0 : -1;
        gst_buffer_unmap(gst_sample_get_buffer(sample), &map);
    }
    gst_sample_unref(sample);
    return r;
}
