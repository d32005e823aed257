/* The test card: see test_card.h. */
#include "live/source.h"
#include "live/test_card.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>

struct test {
    const struct source_context *context;
    GstElement *pipeline;
    struct fit fit;
    bool told; /* the thread that draws */
};

static int look(const struct ingest_options *o, struct fit *ret_fit, bool *ret_sound,
                struct failure *failure) {
    (void)failure;
    *ret_fit = (struct fit){.width = o->width, .height = o->height, .fps_n = o->fps, .fps_d = 1};
    *ret_sound = true;
    return 0;
}

static void draw(const struct test *t, GstBuffer *buffer, GstCaps *caps) {
    GstVideoInfo video;
    GstVideoFrame frame;
    if (!gst_video_info_from_caps(&video, caps) ||
        !gst_video_frame_map(&frame, &video, buffer, GST_MAP_WRITE)) {
        return;
    }
    struct test_card_planes planes = {.width = video.width, .height = video.height};
    for (int i = 0; i < 3; i++) {
        planes.data[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
        planes.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
    }
    GstClockTime pts = GST_BUFFER_PTS(buffer);
    test_card_draw(&planes, (uint32_t)gst_util_uint64_scale_round(pts, t->fit.fps_n, GST_SECOND),
                   (double)pts / GST_SECOND);
    gst_video_frame_unmap(&frame);
}

static gboolean tell(gpointer data) {
    struct test *t = data;
    char *text = g_strdup_printf("test %ux%u %u fps", t->fit.width, t->fit.height, t->fit.fps_n);
    t->context->changed(t->context->ctx, SOURCE_CONNECTED, text);
    g_free(text);
    return G_SOURCE_REMOVE;
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    struct test *t = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_buffer_copy_deep(gst_sample_get_buffer(sample));
    gint64 arrival = g_get_monotonic_time();
    draw(t, buffer, gst_sample_get_caps(sample));
    live_switch_picture(t->context->to, buffer, &t->fit, GST_BUFFER_PTS(buffer), arrival);
    gst_sample_unref(sample);
    if (!t->told) {
        t->told = true;
        g_idle_add(tell, t);
    }
    return GST_FLOW_OK;
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    struct test *t = data;
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_buffer_copy_deep(gst_sample_get_buffer(sample));
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        uint64_t first = gst_util_uint64_scale_round(GST_BUFFER_PTS(buffer), 48000, GST_SECOND);
        test_card_sound((int16_t *)(void *)map.data, map.size / 4, first);
        gst_buffer_unmap(buffer, &map);
    }
    live_switch_sound(t->context->to, buffer, GST_BUFFER_PTS(buffer));
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static void connect_sink(struct test *t, const char *name,
                         GstFlowReturn (*taken)(GstAppSink *sink, gpointer data)) {
    GstElement *sink = gst_bin_get_by_name(GST_BIN(t->pipeline), name);
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, t, NULL);
    gst_object_unref(sink);
}

static void *start(const struct source_context *context, struct failure *failure) {
    struct test *t = g_new0(struct test, 1);
    bool sound;
    t->context = context;
    look(context->options, &t->fit, &sound, failure);
    char *caps = live_video_caps(&t->fit);
    char *text = g_strdup_printf(
        "videotestsrc is-live=true pattern=black ! %s ! appsink name=v sync=false async=false "
        "audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! " LIVE_AUDIO_CAPS
        " ! appsink name=a sync=false async=false",
        caps);
    t->pipeline = gst_parse_launch(text, NULL);
    g_free(text);
    g_free(caps);
    if (!t->pipeline) {
        failure_set(failure, "internal", "The test source cannot be built.");
        g_free(t);
        return NULL;
    }
    connect_sink(t, "v", new_video);
    connect_sink(t, "a", new_audio);
    live_output_share_clock(context->output, t->pipeline);
    gst_element_set_state(t->pipeline, GST_STATE_PLAYING);
    return t;
}

static void stop(void *source) {
    struct test *t = source;
    if (t) {
        gst_element_set_state(t->pipeline, GST_STATE_NULL);
        while (g_idle_remove_by_data(t)) {
        }
        gst_object_unref(t->pipeline);
        g_free(t);
    }
}

const struct source_ops source_test = {.look = look, .start = start, .stop = stop};
