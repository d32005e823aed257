#include "replay/recode.h"

#include <errno.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#define QUEUED_MAX (1024 * 1024) /* bytes on the way in; then what comes out is waited for */
#define WAIT (20 * GST_SECOND)
#define A_MOMENT (5 * GST_MSECOND)

struct recode {
    GstElement *pipeline;
    GstAppSrc *source;
    GstAppSink *sink;
    int (*taken)(void *ctx, GstSample *sample, uint64_t nanoseconds);
    void *ctx;
};

const char *recode_decoder(enum media_codec codec) {
    return codec == CODEC_VP8 ? "vp8dec ! videoconvert ! video/x-raw,format=I420"
                              : "h264parse ! avdec_h264 max-threads=1 output-corrupt=false ! "
                                "videoconvert ! video/x-raw,format=I420";
}

const char *recode_flatten(bool stacked) {
    return stacked ? "! parlourflatten" : "";
}

const char *recode_encoder(enum media_codec codec) {
    return codec == CODEC_VP8
               ? "vp8enc deadline=1 cpu-used=8 threads=2 keyframe-max-dist=150 end-usage=cq "
                 "cq-level=16 min-quantizer=4 max-quantizer=44 target-bitrate=4000000 "
                 "error-resilient=default auto-alt-ref=false"
               : "x264enc speed-preset=veryfast bframes=0 key-int-max=150 pass=qual quantizer=22 "
                 "threads=2 byte-stream=true option-string=rc-lookahead=0:sync-lookahead=0 ! "
                 "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,"
                 "alignment=au";
}

struct recode *recode_new(enum media_codec codec, const char *middle,
                          int (*taken)(void *ctx, GstSample *sample, uint64_t nanoseconds),
                          void *ctx, char **ret_error) {
    GError *error = NULL;
    const char *caps = codec == CODEC_VP8
                           ? "video/x-vp8,framerate=30/1"
                           : "video/x-h264,stream-format=byte-stream,alignment=au,framerate=30/1";
    char *text = g_strdup_printf("appsrc name=in format=time caps=\"%s\" ! %s ! appsink name=out",
                                 caps, middle);
    struct recode *r = g_new0(struct recode, 1);
    r->taken = taken;
    r->ctx = ctx;
    r->pipeline = gst_parse_launch(text, &error);
    g_free(text);
    if (!r->pipeline || error) {
        *ret_error = g_strdup(error ? error->message : "unknown");
        g_clear_error(&error);
        recode_free(r);
        return NULL;
    }
    r->source = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(r->pipeline), "in"));
    r->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(r->pipeline), "out"));
    g_object_set(r->sink, "sync", FALSE, "async", FALSE, "max-buffers", 16, "drop", FALSE, NULL);
    gst_element_set_state(r->pipeline, GST_STATE_PLAYING);
    return r;
}

void recode_free(struct recode *r) {
    if (!r) {
        return;
    }
    if (r->pipeline) {
        gst_element_set_state(r->pipeline, GST_STATE_NULL);
    }
    g_clear_object(&r->source);
    g_clear_object(&r->sink);
    g_clear_object(&r->pipeline);
    g_free(r);
}

static bool broken(struct recode *r) {
    GstBus *bus = gst_element_get_bus(r->pipeline);
    GstMessage *message = gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR);
    gst_object_unref(bus);
    if (message) {
        gst_message_unref(message);
    }
    return message != NULL;
}

/* 1: took one; 0: none within `wait`; below 0: the end of it. */
static int take(struct recode *r, GstClockTime wait) {
    GstSample *sample = gst_app_sink_try_pull_sample(r->sink, wait);
    if (!sample) {
        return broken(r) ? -EBADMSG : 0;
    }
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstClockTime at = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                  GST_BUFFER_PTS(buffer));
    int e = GST_CLOCK_TIME_IS_VALID(at) ? r->taken(r->ctx, sample, at) : 0;
    gst_sample_unref(sample);
    return e < 0 ? e : 1;
}

int recode_push(struct recode *r, struct bytes frame, uint64_t nanoseconds) {
    GstBuffer *buffer = gst_buffer_new_memdup(frame.p, frame.n);
    GST_BUFFER_PTS(buffer) = nanoseconds;
    if (gst_app_src_push_buffer(r->source, buffer) != GST_FLOW_OK) {
        return -EBADMSG;
    }
    int e;
    while ((e = take(r, 0)) > 0) {
    }
    for (GstClockTime waited = 0;
         e >= 0 && gst_app_src_get_current_level_bytes(r->source) > QUEUED_MAX;) {
        e = take(r, A_MOMENT);
        waited = e > 0 ? 0 : waited + A_MOMENT;
        e = waited > WAIT ? -ETIMEDOUT : e;
    }
    return e < 0 ? e : 0;
}

int recode_finish(struct recode *r) {
    gst_app_src_end_of_stream(r->source);
    for (GstClockTime waited = 0; !gst_app_sink_is_eos(r->sink);) {
        int e = take(r, 20 * A_MOMENT);
        if (e < 0) {
            return e;
        }
        waited = e > 0 ? 0 : waited + 20 * A_MOMENT;
        if (waited > WAIT) {
            return -ETIMEDOUT;
        }
    }
    return 0;
}
