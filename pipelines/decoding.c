#include "decoding.h"

#include "sound.h"

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

/* Edit lists and delays of a container come as segments, which the elements behind do not heed:
 * audiorate and videorate count in the times of buffers. So those are made running times, of one
 * segment that starts at zero. */
struct timeline {
    GstSegment segment;
    bool told;
};

static GstPadProbeReturn retime_event(struct timeline *timeline, GstPadProbeInfo *info) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_GAP) {
        return GST_PAD_PROBE_DROP;
    }
    if (GST_EVENT_TYPE(event) != GST_EVENT_SEGMENT) {
        return GST_PAD_PROBE_OK;
    }
    gst_event_copy_segment(event, &timeline->segment);
    if (timeline->told || timeline->segment.format != GST_FORMAT_TIME) {
        return timeline->told ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
    }
    timeline->told = true;
    GstSegment plain;
    gst_segment_init(&plain, GST_FORMAT_TIME);
    GstEvent *instead = gst_event_new_segment(&plain);
    gst_event_set_seqnum(instead, gst_event_get_seqnum(event));
    gst_event_unref(event);
    GST_PAD_PROBE_INFO_DATA(info) = instead;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn retime(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct timeline *timeline = data;
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
        return retime_event(timeline, info);
    }
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (!timeline->told || !GST_BUFFER_PTS_IS_VALID(buffer)) {
        return GST_PAD_PROBE_OK;
    }
    GstClockTime time =
        gst_segment_to_running_time(&timeline->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(time)) {
        return GST_PAD_PROBE_DROP; /* cut out by the edit list */
    }
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = time;
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
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
    if (linked) {
        gst_pad_add_probe(in, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                          retime, g_new0(struct timeline, 1), g_free);
    }
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
        if (wanted->audio) {
            sound_prepare(wanted->audio, caps);
        }
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
