#include "key/film_streams.h"

#include <stdbool.h>
#include <string.h>

/* AAC passes as it is; other sound is encoded. */
static bool link_sound(GstElement *pipeline, GstPad *pad, bool aac) {
    GError *error = NULL;
    GstElement *bin = gst_parse_bin_from_description(
        aac ? "aacparse ! queue max-size-time=0 max-size-bytes=0 max-size-buffers=0"
            : "audioconvert ! audioresample ! audio/x-raw,channels=[1,2] ! "
              "avenc_aac bitrate=128000 ! aacparse ! "
              "queue max-size-time=0 max-size-bytes=0 max-size-buffers=0",
        TRUE, &error);
    g_clear_error(&error);
    if (!bin) {
        return false;
    }
    GstElement *mux = gst_bin_get_by_name(GST_BIN(pipeline), "mux");
    gst_bin_add(GST_BIN(pipeline), bin);
    GstPad *sink = gst_element_get_static_pad(bin, "sink");
    bool linked = gst_element_link(bin, mux) && gst_pad_link(pad, sink) == GST_PAD_LINK_OK;
    gst_element_sync_state_with_parent(bin);
    gst_object_unref(sink);
    gst_object_unref(mux);
    return linked;
}

/* The first picture and the first sound; what else there is flows nowhere. */
static void pad_added(GstElement *in, GstPad *pad, gpointer data) {
    (void)in;
    GstElement *pipeline = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const char *name = caps ? gst_structure_get_name(gst_caps_get_structure(caps, 0)) : "";
    bool video = g_str_has_prefix(name, "video/"), audio = g_str_has_prefix(name, "audio/");
    bool linked = false;
    if (video) {
        GstElement *entry = gst_bin_get_by_name(GST_BIN(pipeline), "entry");
        GstPad *sink = gst_element_get_static_pad(entry, "sink");
        linked = !gst_pad_is_linked(sink) && gst_pad_link(pad, sink) == GST_PAD_LINK_OK;
        gst_object_unref(sink);
        gst_object_unref(entry);
    } else if (audio && !g_object_get_data(G_OBJECT(in), "sound")) {
        linked = link_sound(pipeline, pad, strcmp(name, "audio/mpeg") == 0);
        g_object_set_data(G_OBJECT(in), "sound", linked ? in : NULL);
    }
    if (!linked) {
        GstElement *nowhere = gst_element_factory_make("fakesink", NULL);
        g_object_set(nowhere, "sync", FALSE, "async", FALSE, NULL);
        gst_bin_add(GST_BIN(pipeline), nowhere);
        GstPad *sink = gst_element_get_static_pad(nowhere, "sink");
        gst_pad_link(pad, sink);
        gst_element_sync_state_with_parent(nowhere);
        gst_object_unref(sink);
    }
    gst_clear_caps(&caps);
}

void film_streams_join(GstElement *pipeline) {
    GstElement *in = gst_bin_get_by_name(GST_BIN(pipeline), "in");
    g_signal_connect(in, "pad-added", G_CALLBACK(pad_added), pipeline);
    gst_object_unref(in); /* lives as long as the pipeline */
}
