#include "job/stage.h"

#include "input/bounds.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#define PROGRESS_EVERY_MS 500
#define IDLE_MAX 120 /* half seconds without progress, when there is work */
#define IDLE_STEP 6  /* what one counts for in which nothing was computed either: it hangs */
#define IDLE_CPU_US 5000

static struct stage *running;
static bool stop_asked;

void stage_stop(void *unused) {
    (void)unused;
    stop_asked = true;
    if (running) {
        failure_set(running->failure, "stopped", "The job was stopped before it was done.");
        g_main_loop_quit(running->loop);
    }
}

int stage_build(struct stage *stage, const char *description) {
    GError *error = NULL;
    stage->pipeline = gst_parse_launch(description, &error);
    if (!stage->pipeline || error) {
        failure_set(stage->failure, "internal", "The pipeline cannot be built: %s",
                    error ? error->message : "unknown");
        g_clear_error(&error);
        return -1;
    }
    return 0;
}

static void explain(struct stage *stage, const GError *error) {
    const char *domain = g_quark_to_string(error->domain);
    if (g_str_has_prefix(domain, STAGE_REASON_PREFIX)) {
        failure_set(stage->failure, domain + strlen(STAGE_REASON_PREFIX), "%s", error->message);
    } else if (g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT)) {
        failure_set(stage->failure, "disk_full",
                    "The server's disk is full. Free some space, then try again.");
    } else if (g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE)) {
        failure_set(stage->failure, "cannot_write", "The result cannot be written: %s",
                    error->message);
    } else if (g_error_matches(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN) ||
               g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND)) {
        failure_set(stage->failure, "missing_plugin",
                    "This server lacks a plug-in for this video. Whoever runs it can add it with: "
                    "apt install gstreamer1.0-libav gstreamer1.0-plugins-bad");
    } else if (stage->seen > 0 && error->domain == GST_STREAM_ERROR) {
        failure_set(
            stage->failure, "cut_off",
            "The file is damaged after %.0f seconds. Export or copy it again, then upload it.",
            (double)stage->seen / GST_SECOND);
    } else if (error->domain == GST_STREAM_ERROR) {
        failure_set(stage->failure, "not_a_video",
                    "This video cannot be decoded. Export it again as mp4 and upload that.");
    } else {
        failure_set(stage->failure, "internal", "The video could not be processed: %s",
                    error->message);
    }
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct stage *stage = data;
    GstMessageType type = GST_MESSAGE_TYPE(message);
    if (type == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        stage->seen = atomic_load(&stage->reached);
        explain(stage, error);
        g_clear_error(&error);
        g_main_loop_quit(stage->loop);
    } else if (type == GST_MESSAGE_EOS) {
        g_main_loop_quit(stage->loop);
    }
    return G_SOURCE_CONTINUE;
}

/* Whether this process computed since it was asked last. */
static bool computed(void) {
    static gint64 before;
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) < 0) {
        return true;
    }
    gint64 now = ((gint64)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC +
                 usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    bool ret = now - before > IDLE_CPU_US;
    before = now;
    return ret;
}

static gboolean tick(gpointer data) {
    struct stage *stage = data;
    uint64_t reached = atomic_load(&stage->reached);
    unsigned step = computed() ? 1 : IDLE_STEP;
    stage->idle = reached == stage->seen ? stage->idle + step : 0;
    stage->seen = reached;
    if (stage->idle > IDLE_MAX) {
        failure_set(stage->failure, "stalled",
                    "The video stopped decoding after %.0f seconds. Export it again as mp4 and try "
                    "once more.",
                    (double)reached / GST_SECOND);
        g_main_loop_quit(stage->loop);
        return G_SOURCE_CONTINUE;
    }
    if (bounds_check_length((double)reached / GST_SECOND, stage->failure) < 0) {
        g_main_loop_quit(stage->loop);
        return G_SOURCE_CONTINUE;
    }
    if (stage->duration <= 0) {
        report_progress(stage->from, stage->name, 0); /* alive, that is all we know */
    } else {
        double part = (double)reached / GST_SECOND / stage->duration;
        double fraction = stage->from + (stage->to - stage->from) * (part < 1 ? part : 1);
        double spent = (double)(g_get_monotonic_time() - stage->job_started) / 1e6;
        report_progress(fraction, stage->name,
                        fraction > 0.005 ? spent * (1 - fraction) / fraction : 0);
    }
    return G_SOURCE_CONTINUE;
}

int stage_run(struct stage *stage) {
    if (stop_asked) {
        return failure_set(stage->failure, "stopped", "The job was stopped before it was done.");
    }
    stage->loop = g_main_loop_new(NULL, FALSE);
    running = stage;
    GstBus *bus = gst_element_get_bus(stage->pipeline);
    guint bus_watch = gst_bus_add_watch(bus, bus_message, stage);
    guint ticker = g_timeout_add(PROGRESS_EVERY_MS, tick, stage);
    gst_element_set_state(stage->pipeline, GST_STATE_PLAYING);
    g_main_loop_run(stage->loop);
    gst_element_set_state(stage->pipeline, GST_STATE_NULL);
    g_source_remove(ticker);
    g_source_remove(bus_watch);
    gst_object_unref(bus);
    running = NULL;
    g_main_loop_unref(stage->loop);
    stage->loop = NULL;
    return stage->failure->reason[0] ? -1 : 0;
}

void stage_reach(struct stage *stage, uint64_t nanoseconds) {
    uint64_t reached = atomic_load(&stage->reached);
    while (reached < nanoseconds &&
           !atomic_compare_exchange_weak(&stage->reached, &reached, nanoseconds)) {
    }
}

void stage_clear(struct stage *stage) {
    gst_clear_object(&stage->pipeline);
}

void stage_connect_sink(struct stage *stage, const char *element,
                        GstFlowReturn (*taken)(GstAppSink *sink, gpointer ctx), void *ctx) {
    GstElement *app = gst_bin_get_by_name(GST_BIN(stage->pipeline), element);
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    g_object_set(app, "sync", FALSE, "async", FALSE, "max-buffers", 64, "drop", FALSE, NULL);
    gst_app_sink_set_callbacks(GST_APP_SINK(app), &callbacks, ctx, NULL);
    gst_object_unref(app);
}

GstFlowReturn stage_written(GstElement *element, int result) {
    if (result == 0) {
        return GST_FLOW_OK;
    }
    if (result == -ENOSPC || result == -EDQUOT) {
        GST_ELEMENT_ERROR(element, RESOURCE, NO_SPACE_LEFT, (NULL), (NULL));
    } else {
        GST_ELEMENT_ERROR(element, RESOURCE, WRITE, ("%s", g_strerror(-result)), (NULL));
    }
    return GST_FLOW_ERROR;
}
