#include "input/still.h"

#include "input/bounds.h"
#include "input/probe.h"
#include "input/promise.h"
#include "input/title_card.h"
#include "presentation/jpeg.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/pbutils/pbutils.h>
#include <gst/video/video.h>

#define PICTURE_MAX (20 * 1024 * 1024) /* bytes of the coded picture */
#define SIDE_MAX 1920
#define SIDE_MIN 64
#define PATIENCE (20 * GST_SECOND)

/* The decoded picture, NULL when it is none. */
static GstSample *decode(GstBuffer *coded) {
    GstElement *pipeline = gst_parse_launch("appsrc name=in ! decodebin ! videoconvert ! "
                                            "appsink name=out sync=false caps=video/x-raw",
                                            NULL);
    if (!pipeline) {
        return NULL;
    }
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    GstElement *out = gst_bin_get_by_name(GST_BIN(pipeline), "out");
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    gst_app_src_push_buffer(GST_APP_SRC(in), gst_buffer_ref(coded));
    gst_app_src_end_of_stream(GST_APP_SRC(in));
    /* an error would not wake the sink: wait for whichever comes first */
    GstBus *bus = gst_element_get_bus(pipeline);
    GstSample *sample = NULL;
    for (GstClockTime waited = 0; !sample && waited < PATIENCE; waited += 50 * GST_MSECOND) {
        GstMessage *error = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
        if (error) {
            gst_message_unref(error);
            break;
        }
        sample = gst_app_sink_try_pull_sample(GST_APP_SINK(out), 50 * GST_MSECOND);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(in);
    gst_object_unref(out);
    gst_object_unref(pipeline);
    return sample;
}

static int even(double v) {
    return MAX((int)(v / 2) * 2, SIDE_MIN);
}

/* Writes the decoded `sample`, shrunk when it is large. */
static int write_fitting(GstSample *sample, const char *out) {
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, gst_sample_get_caps(sample))) {
        return -1;
    }
    double w = GST_VIDEO_INFO_WIDTH(&info), h = GST_VIDEO_INFO_HEIGHT(&info);
    double scale = MIN(1.0, SIDE_MAX / MAX(w, h));
    GstCaps *caps = gst_caps_new_simple(
        "video/x-raw", "format", G_TYPE_STRING, "I420", "width", G_TYPE_INT, even(w * scale),
        "height", G_TYPE_INT, even(h * scale), "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
    GstSample *fitted = gst_video_convert_sample(sample, caps, PATIENCE, NULL);
    gst_caps_unref(caps);
    int r = fitted ? jpeg_write(fitted, out) : -1;
    g_clear_pointer(&fitted, gst_sample_unref);
    return r;
}

/* Without a failure when it is no picture; with `too_big` when it says that it is one too large. */
static int write_coded(GstBuffer *coded, const char *out, struct failure *failure) {
    uint32_t width, height;
    GstMapInfo map;
    if (gst_buffer_get_size(coded) > PICTURE_MAX || !gst_buffer_map(coded, &map, GST_MAP_READ)) {
        return -1;
    }
    bool promises = promise_read(bytes_of(map.data, map.size), &width, &height);
    gst_buffer_unmap(coded, &map);
    if (promises && bounds_check_picture(width, height, failure) < 0) {
        return -1;
    }
    GstSample *sample = decode(coded);
    int r = sample ? write_fitting(sample, out) : -1;
    g_clear_pointer(&sample, gst_sample_unref);
    return r;
}

static GstBuffer *cover_of(const GstTagList *tags) {
    static const char *const names[] = {GST_TAG_IMAGE, GST_TAG_PREVIEW_IMAGE};
    GstBuffer *buffer = NULL;
    for (size_t i = 0; tags && i < G_N_ELEMENTS(names) && !buffer; i++) {
        GstSample *sample = NULL;
        if (gst_tag_list_get_sample(tags, names[i], &sample)) {
            buffer = gst_sample_get_buffer(sample);
            buffer = buffer ? gst_buffer_ref(buffer) : NULL;
            gst_sample_unref(sample);
        }
    }
    return buffer;
}

/* The cover that a file carries, coded; NULL when there is none. */
static GstBuffer *find_cover(const char *path) {
    char *uri = probe_uri(path);
    GstDiscoverer *discoverer = gst_discoverer_new(PATIENCE, NULL);
    GstDiscovererInfo *info =
        discoverer && uri ? gst_discoverer_discover_uri(discoverer, uri, NULL) : NULL;
    GstBuffer *cover = NULL;
    GList *list = info ? gst_discoverer_info_get_stream_list(info) : NULL;
    for (GList *l = list; l && !cover; l = l->next) {
        cover = cover_of(gst_discoverer_stream_info_get_tags(l->data));
        if (!cover && GST_IS_DISCOVERER_CONTAINER_INFO(l->data)) {
            cover = cover_of(gst_discoverer_container_info_get_tags(l->data));
        }
    }
    gst_discoverer_stream_info_list_free(list);
    GstDiscovererStreamInfo *top = info ? gst_discoverer_info_get_stream_info(info) : NULL;
    if (!cover && top && GST_IS_DISCOVERER_CONTAINER_INFO(top)) {
        cover =
            cover_of(gst_discoverer_container_info_get_tags(GST_DISCOVERER_CONTAINER_INFO(top)));
    }
    if (top) {
        gst_discoverer_stream_info_unref(top);
    }
    if (info) {
        gst_discoverer_info_unref(info);
    }
    g_clear_object(&discoverer);
    g_free(uri);
    return cover;
}

static int write_given(const char *poster, const char *out, struct failure *failure) {
    char *data = NULL;
    gsize size = 0;
    if (!g_file_get_contents(poster, &data, &size, NULL)) {
        return failure_set(failure, "no_file", "The picture %s cannot be read.", poster);
    }
    GstBuffer *coded = gst_buffer_new_wrapped(data, size);
    int r = write_coded(coded, out, failure);
    gst_buffer_unref(coded);
    return r < 0 ? failure_set(failure, "bad_poster",
                               "The poster is not a picture we can read. Use a JPEG or PNG file.")
                 : 0;
}

int still_make(const char *path, const char *poster, const char *title, const char *out,
               struct failure *failure) {
    if (poster) {
        return write_given(poster, out, failure);
    }
    struct failure unwanted = {0}; /* of a cover: there is the card */
    GstBuffer *cover = find_cover(path);
    int r = cover ? write_coded(cover, out, &unwanted) : -1;
    if (cover) {
        gst_buffer_unref(cover);
    }
    if (r < 0) {
        GstSample *card = title_card_draw(title);
        r = jpeg_write(card, out);
        gst_sample_unref(card);
    }
    return r < 0 ? failure_set(failure, "cannot_write", "The poster cannot be written.") : 0;
}
