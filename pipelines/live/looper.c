/* DESIGN: each time through a film is a pass, a decoding pipeline of its own. While one plays, the
 * next already stands at its first picture, paused: finding out what is in a file can take longer
 * than what the appsrcs hold. */
#include "live/looper.h"

#include "input/decoding.h"
#include "live/live_output.h"

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>

#define HEAD_START (250 * GST_MSECOND) /* from the first decoded picture to its showing */
#define PASSES_EMPTY_MAX 3

struct looper {
    struct looper_config config;
    struct fit fit;
    size_t upcoming;             /* the film of the pass that is made next */
    GstElement *decoding, *next; /* `next` is paused; NULL without `loop` */
    guint bus_watch, next_bus_watch;
    GMutex lock;
    bool started;        /* offset is set for this pass */
    GstClockTime offset; /* of this pass in the playing pipeline's running time */
    GstClockTime end;    /* of what was pushed, in the same time */
    unsigned empty_passes;
};

static GstElement *new_pass(struct looper *l, guint *ret_bus_watch);

static GstClockTime playing_now(const struct looper *l) {
    GstClock *clock = gst_element_get_clock(l->config.playing);
    GstClockTime now = 0;
    if (clock) {
        now = gst_clock_get_time(clock) - gst_element_get_base_time(l->config.playing);
        gst_object_unref(clock);
    }
    return now;
}

/* The place of a pass's own running time `at` in the endless stream. */
static GstClockTime place(struct looper *l, GstClockTime at, GstClockTime duration) {
    g_mutex_lock(&l->lock);
    if (!l->started) {
        GstClockTime now = playing_now(l);
        l->started = true;
        l->offset = l->end > now ? l->end : now + HEAD_START;
    }
    GstClockTime time = l->offset + at;
    if (GST_CLOCK_TIME_IS_VALID(duration) && time + duration > l->end) {
        l->end = time + duration;
    }
    g_mutex_unlock(&l->lock);
    return time;
}

static GstFlowReturn pass_on(GstAppSink *sink, GstElement *to, struct looper *l) {
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *old = gst_sample_get_buffer(sample);
    GstClockTime at = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                  GST_BUFFER_PTS(old));
    if (!GST_CLOCK_TIME_IS_VALID(at)) {
        gst_sample_unref(sample);
        return GST_FLOW_OK;
    }
    GstBuffer *buffer = gst_buffer_copy(old); /* shares the memory */
    GST_BUFFER_PTS(buffer) = place(l, at, GST_BUFFER_DURATION(old));
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
    gst_sample_unref(sample);
    return gst_app_src_push_buffer(GST_APP_SRC(to), buffer);
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    struct looper *l = data;
    return pass_on(sink, l->config.video, l);
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    struct looper *l = data;
    return pass_on(sink, l->config.audio, l);
}

static void end_pass(GstElement **pass, guint *bus_watch) {
    if (*pass) {
        gst_element_set_state(*pass, GST_STATE_NULL);
        g_source_remove(*bus_watch);
        *bus_watch = 0;
        gst_clear_object(pass);
    }
}

static bool has_upcoming(const struct looper *l) {
    return l->config.loop || l->upcoming < l->config.count;
}

/* Plays `next` and prepares the one after it. */
static int start_pass(struct looper *l) {
    if (!l->next) {
        l->next = new_pass(l, &l->next_bus_watch);
    }
    if (!l->next) {
        return -1;
    }
    l->decoding = l->next;
    l->bus_watch = l->next_bus_watch;
    l->next = NULL;
    gst_element_set_state(l->decoding, GST_STATE_PLAYING);
    if (has_upcoming(l)) {
        l->next = new_pass(l, &l->next_bus_watch);
        if (l->next) {
            gst_element_set_state(l->next, GST_STATE_PAUSED);
        }
    }
    return 0;
}

static void next_pass(struct looper *l) {
    struct failure failure = {0};
    GstElement *old = l->decoding;
    guint old_bus_watch = l->bus_watch;
    l->decoding = NULL;
    g_mutex_lock(&l->lock);
    l->empty_passes = l->started ? 0 : l->empty_passes + 1;
    l->started = false;
    g_mutex_unlock(&l->lock);
    if (!l->next && !has_upcoming(l)) {
        gst_app_src_end_of_stream(GST_APP_SRC(l->config.video));
        if (l->config.audio) {
            gst_app_src_end_of_stream(GST_APP_SRC(l->config.audio));
        }
    } else if (l->empty_passes >= PASSES_EMPTY_MAX * l->config.count || start_pass(l) < 0) {
        failure_set(&failure, "not_a_video", "The file cannot be played.");
        l->config.failed(l->config.ctx, &failure);
    }
    end_pass(&old, &old_bus_watch);
}

/* One of several films is passed over. */
static void broken_pass(struct looper *l, GstMessage *message) {
    bool playing = l->decoding &&
                   gst_object_has_as_ancestor(GST_MESSAGE_SRC(message), GST_OBJECT(l->decoding));
    if (l->config.count > 1) {
        if (playing) {
            next_pass(l); /* takes this watch away */
        }
        return; /* the paused one breaks again when it plays */
    }
    struct failure failure = {0};
    GError *error = NULL;
    gst_message_parse_error(message, &error, NULL);
    failure_set(&failure, "not_a_video", "The file cannot be played: %s", error->message);
    g_clear_error(&error);
    l->config.failed(l->config.ctx, &failure);
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct looper *l = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        next_pass(l); /* takes this watch away */
        return G_SOURCE_CONTINUE;
    }
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        broken_pass(l, message);
    }
    return G_SOURCE_CONTINUE;
}

static void connect_sink(struct looper *l, GstElement *pass, const char *name,
                         GstFlowReturn (*taken)(GstAppSink *sink, gpointer data)) {
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pass), name);
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    g_object_set(sink, "sync", FALSE, "async", FALSE, "max-buffers", 4, "drop", FALSE, NULL);
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, l, NULL);
    gst_object_unref(sink);
}

static GstElement *new_pass(struct looper *l, guint *ret_bus_watch) {
    const struct looper_film *film = &l->config.films[l->upcoming % l->config.count];
    bool sound = l->config.audio && film->probe.has_sound;
    char *caps = live_video_caps(&l->fit);
    char *text = g_strdup_printf(
        "uridecodebin name=in videorate name=video ! video/x-raw,framerate=%u/%u ! videoconvert ! "
        "videoflip video-direction=%s ! videoscale add-borders=%s ! videoconvert ! %s ! appsink "
        "name=v "
        "%s",
        l->fit.fps_n, l->fit.fps_d, film->probe.turn, l->config.count > 1 ? "true" : "false", caps,
        sound ? "audioconvert name=audio ! audioresample ! audiorate ! " LIVE_AUDIO_CAPS
                " ! appsink name=a"
              : "");
    GstElement *pass = gst_parse_launch(text, NULL);
    g_free(text);
    g_free(caps);
    if (!pass) {
        return NULL;
    }
    l->upcoming++;
    decoding_connect(pass, film->path, &film->probe, "video", sound ? "audio" : NULL);
    connect_sink(l, pass, "v", new_video);
    if (sound) {
        connect_sink(l, pass, "a", new_audio);
    }
    GstBus *bus = gst_element_get_bus(pass);
    *ret_bus_watch = gst_bus_add_watch(bus, bus_message, l);
    gst_object_unref(bus);
    return pass;
}

struct looper *looper_new(const struct looper_config *config) {
    struct looper *l = g_new0(struct looper, 1);
    g_mutex_init(&l->lock);
    l->config = *config;
    l->fit = *config->fit;
    if (start_pass(l) < 0) {
        looper_free(l);
        return NULL;
    }
    return l;
}

void looper_free(struct looper *l) {
    if (!l) {
        return;
    }
    end_pass(&l->decoding, &l->bus_watch);
    end_pass(&l->next, &l->next_bus_watch);
    g_mutex_clear(&l->lock);
    g_free(l);
}
