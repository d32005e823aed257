#include "decoding.h"

struct wanted {
    struct probe probe;
    GstElement *video, *audio; /* owned by the pipeline */
};

/* Some containers are called "video/…" too: only what comes out of a demuxer is judged by its name.
 */
static bool is_container(GstPad *pad) {
    GstPad *target =
        GST_IS_GHOST_PAD(pad) ? gst_ghost_pad_get_target(GST_GHOST_PAD(pad)) : gst_object_ref(pad);
    GstElement *element = target ? gst_pad_get_parent_element(target) : NULL;
    bool typefind = element && g_str_has_prefix(GST_OBJECT_NAME(element), "typefind");
    gst_clear_object(&element);
    gst_clear_object(&target);
    return typefind;
}

static gboolean keep_decoding(GstElement *bin, GstPad *pad, GstCaps *caps, gpointer data) {
    (void)bin;
    const struct wanted *wanted = data;
    const char *name = gst_structure_get_name(gst_caps_get_structure(caps, 0));
    if (is_container(pad)) {
        return TRUE;
    }
    if (g_str_has_prefix(name, "video/") || g_str_has_prefix(name, "image/")) {
        return wanted->video != NULL;
    }
    return g_str_has_prefix(name, "audio/") ? wanted->audio != NULL : FALSE;
}

static bool link_to(GstElement *entry, GstPad *pad, const char *stream_id) {
    if (!entry) {
        return false;
    }
    GstPad *in = gst_element_get_static_pad(entry, "sink");
    char *id = gst_pad_get_stream_id(pad);
    bool ours =
        !gst_pad_is_linked(in) && (stream_id[0] == 0 || !id || g_strcmp0(id, stream_id) == 0);
    bool linked = ours && gst_pad_link(pad, in) == GST_PAD_LINK_OK;
    g_free(id);
    gst_object_unref(in);
    return linked;
}

static void swallow(GstElement *bin, GstPad *pad) {
    GstElement *sink = gst_element_factory_make("fakesink", NULL);
    GstObject *pipeline = gst_object_get_parent(GST_OBJECT(bin));
    g_object_set(sink, "sync", FALSE, "async", FALSE, NULL);
    gst_bin_add(GST_BIN(pipeline), sink);
    gst_element_sync_state_with_parent(sink);
    GstPad *in = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, in);
    gst_object_unref(in);
    gst_object_unref(pipeline);
}

static void pad_added(GstElement *bin, GstPad *pad, gpointer data) {
    struct wanted *wanted = data;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    const char *name = caps && gst_caps_get_size(caps) > 0
                           ? gst_structure_get_name(gst_caps_get_structure(caps, 0))
                           : "";
    bool linked = false;
    if (g_str_has_prefix(name, "video/x-raw")) {
        linked = link_to(wanted->video, pad, wanted->probe.video_id);
    } else if (g_str_has_prefix(name, "audio/x-raw")) {
        linked = link_to(wanted->audio, pad, wanted->probe.audio_id);
    }
    if (!linked) {
        swallow(bin, pad);
    }
    gst_clear_caps(&caps);
}

static GstElement *find(GstElement *pipeline, const char *name) {
    GstElement *element = name ? gst_bin_get_by_name(GST_BIN(pipeline), name) : NULL;
    if (element) {
        gst_object_unref(element);
    }
    return element;
}

void decoding_connect(GstElement *pipeline, const char *path, const struct probe *probe,
                      const char *video, const char *audio) {
    struct wanted *wanted = g_new0(struct wanted, 1);
    g_object_set_data_full(G_OBJECT(pipeline), "parlour-wanted", wanted, g_free);
    wanted->probe = *probe;
    wanted->video = find(pipeline, video);
    wanted->audio = find(pipeline, audio);
    GstElement *in = find(pipeline, "in");
    char *uri = probe_uri(path);
    g_object_set(in, "uri", uri, NULL);
    g_free(uri);
    g_signal_connect(in, "pad-added", G_CALLBACK(pad_added), wanted);
    g_signal_connect(in, "autoplug-continue", G_CALLBACK(keep_decoding), wanted);
}
