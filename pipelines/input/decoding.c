#include "input/decoding.h"

#include "input/give_back.h"
#include "input/sound.h"

#include <gst/video/video.h>
#include <stdio.h>

#define THREAD_BYTES 48000000u /* of pictures of 10 bits in the threads of a decoder */
#define THREADS_MOST 16u

#define STEP (GST_SECOND / 30)              /* between pictures, when the file does not say */
#define SHOW_AGAIN_EVERY (300 * GST_SECOND) /* videorate gives up on longer holes */
#define HOLE_MAX (600 * GST_SECOND)         /* a longer one is a broken clock */
#define LAST_MAX GST_SECOND                 /* what a last picture may stay longer than the file */

struct wanted {
    struct probe probe;
    GstElement *video, *audio; /* owned by the pipeline */
    GstElement *stills;        /* or NULL; before it pictures stay until the next one comes */
    GstClockTime hold;         /* the last picture stays until then */
    guint64 passing;           /* larger pictures are only passed through; 0: all stay */
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
 * segment that starts at zero.
 *
 * A recorded screen has a picture only when something changes. videorate would show each halfway
 * between its time and the one before, so a picture is shown again right before the next, and the
 * last one again at its end. */
struct timeline {
    GstSegment segment;
    bool told;
    GstBuffer *last;    /* the picture before */
    GstClockTime step;  /* between pictures of a usual film; 0: nothing is shown again */
    GstClockTime limit; /* when the file is over by its own word */
    const struct wanted *wanted;
    bool again; /* what comes now is shown again */
};

static void timeline_free(gpointer data) {
    struct timeline *timeline = data;
    gst_clear_buffer(&timeline->last);
    g_free(timeline);
}

static void show_again(GstPad *pad, struct timeline *timeline, GstClockTime at) {
    GstBuffer *last = timeline->last, *copy = gst_buffer_copy(last);
    timeline->last = NULL; /* the copy passes the probe as well: it is left as it is */
    GST_BUFFER_PTS(copy) = at;
    GST_BUFFER_DTS(copy) = GST_BUFFER_DURATION(copy) = GST_CLOCK_TIME_NONE;
    timeline->again = true;
    gst_pad_chain(pad, copy); /* what is wrong is told with the next picture */
    timeline->again = false;
    timeline->last = last;
}

/* `buffer` comes next, or the end when it is NULL. */
static void fill_gap(GstPad *pad, struct timeline *timeline, GstBuffer *buffer) {
    if (!timeline->last || timeline->again) {
        return;
    }
    GstClockTime from = GST_BUFFER_PTS(timeline->last);
    if (buffer) {
        GstClockTime next = GST_BUFFER_PTS(buffer);
        if (next > from + 2 * timeline->step && next - from < HOLE_MAX) {
            show_again(pad, timeline, next - GST_MSECOND);
        }
        return;
    }
    GstClockTime last = GST_BUFFER_DURATION(timeline->last);
    GstClockTime end = from + (GST_CLOCK_TIME_IS_VALID(last) ? last : timeline->step);
    end = MIN(end, MAX(timeline->limit, from) + LAST_MAX);
    end = MAX(end, timeline->wanted->hold);
    while (end > from + timeline->step + SHOW_AGAIN_EVERY) {
        from += SHOW_AGAIN_EVERY;
        show_again(pad, timeline, from);
    }
    if (end > from + 2 * timeline->step) {
        show_again(pad, timeline, end - timeline->step);
    }
}

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
    struct timeline *timeline = data;
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM) {
        if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS) {
            fill_gap(pad, timeline, NULL);
        }
        return retime_event(timeline, info);
    }
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (timeline->again || !timeline->told || !GST_BUFFER_PTS_IS_VALID(buffer)) {
        return GST_PAD_PROBE_OK;
    }
    GstClockTime time =
        gst_segment_to_running_time(&timeline->segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(time)) {
        return GST_PAD_PROBE_DROP; /* cut out by the edit list */
    }
    buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = time;
    if (timeline->step > 0) {
        fill_gap(pad, timeline, buffer);
        gst_buffer_replace(&timeline->last, buffer);
    }
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

static struct timeline *timeline_new(const struct wanted *wanted, bool video) {
    struct timeline *timeline = g_new0(struct timeline, 1);
    const struct picture *picture = &wanted->probe.picture;
    timeline->wanted = wanted;
    timeline->limit = (GstClockTime)(wanted->probe.duration * GST_SECOND);
    if (video && wanted->stills) {
        double fps = picture->fps_d > 0 ? (double)picture->fps_n / picture->fps_d : 0;
        timeline->step = fps >= 5 && fps < 30 ? (GstClockTime)(GST_SECOND / fps) : STEP;
    }
    return timeline;
}

static bool link_to(const struct wanted *wanted, GstElement *entry, GstPad *pad,
                    const char *stream_id) {
    if (!entry) {
        return false;
    }
    GstPad *in = gst_element_get_static_pad(entry, "sink");
    char *id = gst_pad_get_stream_id(pad);
    bool ours =
        !gst_pad_is_linked(in) && (stream_id[0] == 0 || !id || g_strcmp0(id, stream_id) == 0);
    bool linked = ours && gst_pad_link(pad, in) == GST_PAD_LINK_OK;
    if (linked) {
        bool video = entry == wanted->video;
        GstPad *at = video && wanted->stills ? gst_element_get_static_pad(wanted->stills, "sink")
                                             : gst_object_ref(in);
        gst_pad_add_probe(at, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
                          retime, timeline_new(wanted, video), timeline_free);
        gst_object_unref(at);
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
        linked = link_to(wanted, wanted->video, pad, wanted->probe.video_id);
    } else if (g_str_has_prefix(name, "audio/x-raw")) {
        if (wanted->audio) {
            sound_prepare(wanted->audio, caps);
        }
        linked = link_to(wanted, wanted->audio, pad, wanted->probe.audio_id);
    }
    if (!linked) {
        swallow(bin, pad);
    }
    gst_clear_caps(&caps);
}

/* Each thread of a decoder keeps a picture or more of its own. */
static void save_memory(GstBin *in, GstBin *bin, GstElement *element, gpointer data) {
    (void)in;
    (void)bin;
    const struct wanted *wanted = data;
    static const char *const names[] = {"max-threads", "threads", "n-threads"};
    guint64 bytes = (guint64)wanted->probe.picture.width * wanted->probe.picture.height * 3;
    guint most = bytes > 0 ? (guint)MIN(THREAD_BYTES / bytes, THREADS_MOST) : THREADS_MOST;
    if (!GST_IS_VIDEO_DECODER(element)) {
        return;
    }
    if (wanted->passing > 0 && wanted->stills) {
        give_back_pictures(element, wanted->stills, wanted->passing);
    }
    if (most >= g_get_num_processors()) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), names[i])) {
            char text[16];
            snprintf(text, sizeof(text), "%u", MAX(most, 1));
            gst_util_set_object_arg(G_OBJECT(element), names[i], text);
        }
    }
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
    g_signal_connect(in, "deep-element-added", G_CALLBACK(save_memory), wanted);
}

void decoding_hold(GstElement *pipeline, const char *at, double until) {
    struct wanted *wanted = g_object_get_data(G_OBJECT(pipeline), "parlour-wanted");
    wanted->stills = find(pipeline, at);
    wanted->hold = until > 0 ? (GstClockTime)(until * GST_SECOND) : 0;
}

void decoding_pass(GstElement *pipeline, guint64 area) {
    struct wanted *wanted = g_object_get_data(G_OBJECT(pipeline), "parlour-wanted");
    wanted->passing = area;
}
