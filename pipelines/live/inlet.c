/* DESIGN: the chains below are an allow-list: what a sender may make us decode, and by what. The
 * decoders use threads by slice only, since threads by frame hold back a frame each. */
#include "live/inlet.h"

#include "live/arrivals.h"
#include "live/timeline.h"

#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define WATCH_EVERY_MS 250
#define RATE_MAX 30
#define RATE_SLACK (4 * GST_MSECOND) /* by which frames may come early */

enum told { TOLD_NOTHING, TOLD_SOUND, TOLD_PICTURE };

struct inlet {
    struct inlet_config config;
    GstElement *pipeline;
    guint bus_watch, watch;
    GstElement *shape; /* capsfilter; owned by the pipeline */
    _Atomic bool ended;
    _Atomic int told; /* enum told */
    _Atomic gint64 last_data;
    GMutex lock; /* for what follows */
    struct timeline timeline;
    struct arrivals arrivals;
    struct fit fit;
    bool has_video, has_audio;
    char codec[16], shape_text[96]; /* what it is, for people */
    char detail[96], why[160];
    GstClockTime next_due; /* of the pictures' own time; the decoder's thread */
};

struct chain {
    bool video;
    const char *caps, *name, *text;
};

#define AVC "avdec_h264 thread-type=slice output-corrupt=false"
#define HEVC "avdec_h265 thread-type=slice output-corrupt=false"

static const struct chain chains[] = {
    {true, "video/x-h264,stream-format=avc", "h264", AVC},
    {true, "video/x-h264", "h264", "h264parse ! " AVC},
    {true, "video/x-h265", "h265", "h265parse ! " HEVC},
    {true, "video/mpeg,mpegversion=(int){1,2}", "mpeg2", "mpegvideoparse ! avdec_mpeg2video"},
    {false, "audio/mpeg,mpegversion=(int)4,stream-format=raw", "aac", "avdec_aac"},
    {false, "audio/mpeg,mpegversion=(int){2,4}", "aac", "aacparse ! avdec_aac"},
    {false, "audio/mpeg,mpegversion=(int)1", "mp3", "mpegaudioparse ! avdec_mp3"},
    {false, "audio/x-ac3", "ac3", "ac3parse ! avdec_ac3"},
    {false, "audio/x-opus", "opus", "opusdec"},
    {true, "application/x-rtp,media=video,encoding-name=H264", "h264",
     "rtph264depay ! h264parse ! " AVC},
    {true, "application/x-rtp,media=video,encoding-name=H265", "h265",
     "rtph265depay ! h265parse ! " HEVC},
    {true, "application/x-rtp,media=video,encoding-name=JPEG", "jpeg", "rtpjpegdepay ! jpegdec"},
    {false, "application/x-rtp,media=audio,encoding-name=MPEG4-GENERIC", "aac",
     "rtpmp4gdepay ! aacparse ! avdec_aac"},
    {false, "application/x-rtp,media=audio,encoding-name=MP4A-LATM", "aac",
     "rtpmp4adepay ! aacparse ! avdec_aac"},
    {false, "application/x-rtp,media=audio,encoding-name=PCMU", "pcmu", "rtppcmudepay ! mulawdec"},
    {false, "application/x-rtp,media=audio,encoding-name=PCMA", "pcma", "rtppcmadepay ! alawdec"},
    {false, "application/x-rtp,media=audio,encoding-name=OPUS", "opus", "rtpopusdepay ! opusdec"},
};

/* ---- The end and the beginning ---- */

static gboolean tell_end(gpointer data) {
    struct inlet *i = data;
    i->config.ended(i->config.ctx, i->why);
    return G_SOURCE_REMOVE;
}

void inlet_end(struct inlet *i, const char *why) {
    if (!atomic_exchange(&i->ended, true)) {
        g_strlcpy(i->why, why, sizeof(i->why));
        g_idle_add(tell_end, i);
    }
}

static gboolean tell_connected(gpointer data) {
    struct inlet *i = data;
    char detail[sizeof(i->detail)];
    g_mutex_lock(&i->lock);
    g_strlcpy(detail, i->detail, sizeof(detail));
    g_mutex_unlock(&i->lock);
    if (!atomic_load(&i->ended)) {
        i->config.connected(i->config.ctx, detail);
    }
    return G_SOURCE_REMOVE;
}

/* Once for the sound, when no picture is in sight, and once for the picture. */
static void say_connected(struct inlet *i, enum told what, const char *detail) {
    if (atomic_load(&i->told) < (int)what) {
        g_mutex_lock(&i->lock);
        atomic_store(&i->told, (int)what);
        g_strlcpy(i->detail, detail, sizeof(i->detail));
        g_mutex_unlock(&i->lock);
        g_idle_add(tell_connected, i);
    }
}

static const char *words_for(const GError *error) {
    if (error->domain != GST_RESOURCE_ERROR) {
        return error->message;
    }
    switch (error->code) {
    case GST_RESOURCE_ERROR_NOT_AUTHORIZED:
        return "The sender does not let us in: the name or the password is wrong.";
    case GST_RESOURCE_ERROR_NOT_FOUND:
    case GST_RESOURCE_ERROR_OPEN_READ:
    case GST_RESOURCE_ERROR_OPEN_WRITE:
    case GST_RESOURCE_ERROR_OPEN_READ_WRITE:
        return "The sender cannot be reached.";
    case GST_RESOURCE_ERROR_READ:
        return "The connection broke.";
    default:
        return error->message;
    }
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct inlet *i = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        inlet_end(i, words_for(error));
        g_clear_error(&error);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        inlet_end(i, "The sender ended.");
    }
    return G_SOURCE_CONTINUE;
}

void inlet_alive(struct inlet *i) {
    atomic_store(&i->last_data, g_get_monotonic_time());
}

gint64 inlet_quiet(const struct inlet *i) {
    gint64 last = atomic_load(&i->last_data);
    return last ? g_get_monotonic_time() - last : -1;
}

static gboolean look(gpointer data) {
    struct inlet *i = data;
    if (i->config.patience && inlet_quiet(i) > i->config.patience) {
        inlet_end(i, "The sender fell silent.");
    }
    return G_SOURCE_CONTINUE;
}

/* ---- What was decoded ---- */

void inlet_note(struct inlet *i, GstClockTime pts, gint64 arrival) {
    if (GST_CLOCK_TIME_IS_VALID(pts)) {
        g_mutex_lock(&i->lock);
        arrivals_note(&i->arrivals, pts, arrival);
        g_mutex_unlock(&i->lock);
    }
}

/* Where a decoded frame lies on the output's clock, and when it came; false: it is not shown. */
static bool place(struct inlet *i, GstClockTime time, GstClockTime pts, GstClockTime *ret_at,
                  gint64 *ret_arrival, struct fit *ret_fit, char ret_text[96]) {
    GstClockTime now = live_output_now(i->config.output);
    *ret_arrival = -1;
    if (atomic_load(&i->ended) || !GST_CLOCK_TIME_IS_VALID(time)) {
        return false;
    }
    g_mutex_lock(&i->lock);
    bool shown = timeline_map(&i->timeline, time, now, ret_at);
    arrivals_find(&i->arrivals, pts, ret_arrival);
    *ret_fit = i->fit;
    g_strlcpy(ret_text, i->shape_text, sizeof(i->shape_text));
    g_mutex_unlock(&i->lock);
    return shown;
}

static GstFlowReturn take(GstAppSink *sink, struct inlet *i, bool video) {
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstClockTime at, time = gst_segment_to_running_time(gst_sample_get_segment(sample),
                                                        GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
    gint64 arrival;
    struct fit fit;
    char text[sizeof(i->shape_text)];
    if (place(i, time, GST_BUFFER_PTS(buffer), &at, &arrival, &fit, text)) {
        GstBuffer *copy = gst_buffer_copy(buffer); /* shares the memory */
        if (video) {
            live_switch_picture(i->config.to, copy, &fit, at, arrival);
        } else {
            live_switch_sound(i->config.to, copy, at);
        }
        if (video) {
            say_connected(i, TOLD_PICTURE, text);
        } else if (!i->has_video) {
            say_connected(i, TOLD_SOUND, "sound only");
        }
    }
    gst_sample_unref(sample);
    return GST_FLOW_OK;
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    return take(sink, data, true);
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    return take(sink, data, false);
}

/* ---- The shape of the pictures ---- */

static void take_shape(struct inlet *i, const GstCaps *caps) {
    GstVideoInfo info;
    struct fit fit;
    if (!gst_video_info_from_caps(&info, caps)) {
        return;
    }
    struct picture picture = {.width = (uint32_t)info.width,
                              .height = (uint32_t)info.height,
                              .par_n = (uint32_t)info.par_n,
                              .par_d = (uint32_t)info.par_d,
                              .fps_n = (uint32_t)info.fps_n,
                              .fps_d = (uint32_t)info.fps_d};
    if (!fit_picture(&picture, &fit)) {
        inlet_end(i, "The picture is too small to show.");
        return;
    }
    char *text =
        g_strdup_printf("video/x-raw,format=I420,width=%u,height=%u,pixel-aspect-ratio=1/1,"
                        "colorimetry=bt601",
                        fit.width, fit.height);
    GstCaps *shape = gst_caps_from_string(text);
    g_object_set(i->shape, "caps", shape, NULL);
    gst_caps_unref(shape);
    g_free(text);
    g_mutex_lock(&i->lock);
    i->fit = fit;
    g_snprintf(i->shape_text, sizeof(i->shape_text), "%s %dx%d %.4g fps", i->codec, info.width,
               info.height, info.fps_d > 0 ? (double)info.fps_n / info.fps_d : 0.0);
    g_mutex_unlock(&i->lock);
}

/* More than 30 a second are left out before they are converted. */
static bool too_many(struct inlet *i, GstClockTime pts) {
    if (!GST_CLOCK_TIME_IS_VALID(pts)) {
        return false;
    }
    if (pts + RATE_SLACK < i->next_due && pts + GST_SECOND > i->next_due) {
        return true;
    }
    GstClockTime step = GST_SECOND / RATE_MAX;
    bool steady = pts < i->next_due + step;
    i->next_due = (steady && i->next_due ? i->next_due : pts) + step;
    return false;
}

static GstPadProbeReturn decoded(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct inlet *i = data;
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
        GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
        return too_many(i, GST_BUFFER_PTS(buffer)) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
    }
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        GstCaps *caps;
        gst_event_parse_caps(event, &caps);
        take_shape(i, caps);
    }
    return GST_PAD_PROBE_OK;
}

/* ---- Building ---- */

/* `name` names an element of `bin`, which keeps it. */
static GstElement *find(GstElement *bin, const char *name) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(bin), name);
    gst_object_unref(element);
    return element;
}

static void finish_video(struct inlet *i, GstElement *bin, const struct chain *chain) {
    GstAppSinkCallbacks callbacks = {.new_sample = new_video};
    gst_app_sink_set_callbacks(GST_APP_SINK(find(bin, "v")), &callbacks, i, NULL);
    i->shape = find(bin, "shape");
    g_strlcpy(i->codec, chain->name, sizeof(i->codec));
    GstPad *pad = gst_element_get_static_pad(find(bin, "front"), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, decoded,
                      i, NULL);
    gst_object_unref(pad);
}

static void finish_audio(struct inlet *i, GstElement *bin) {
    GstAppSinkCallbacks callbacks = {.new_sample = new_audio};
    gst_app_sink_set_callbacks(GST_APP_SINK(find(bin, "a")), &callbacks, i, NULL);
}

static GstPad *build(struct inlet *i, const struct chain *chain) {
    char *text =
        chain->video
            ? g_strdup_printf("%s ! queue name=front leaky=downstream max-size-buffers=1 "
                              "max-size-bytes=0 max-size-time=0 ! videoconvert ! "
                              "video/x-raw,format=I420 ! deinterlace mode=auto fields=top "
                              "method=linear ! videoscale add-borders=false ! videoconvert ! "
                              "capsfilter name=shape ! appsink name=v sync=false async=false "
                              "max-buffers=2 drop=true",
                              chain->text)
            : g_strdup_printf("%s ! audioconvert ! audioresample ! " LIVE_AUDIO_CAPS
                              " ! appsink name=a sync=false async=false max-buffers=50",
                              chain->text);
    GstElement *bin = gst_parse_bin_from_description(text, TRUE, NULL);
    g_free(text);
    if (!bin) {
        return NULL;
    }
    if (chain->video) {
        finish_video(i, bin, chain);
    } else {
        finish_audio(i, bin);
    }
    gst_bin_add(GST_BIN(i->pipeline), bin);
    gst_element_sync_state_with_parent(bin);
    return gst_element_get_static_pad(bin, "sink");
}

GstPad *inlet_decoder(struct inlet *i, const GstCaps *caps) {
    for (size_t k = 0; k < G_N_ELEMENTS(chains); k++) {
        GstCaps *taken = gst_caps_from_string(chains[k].caps);
        bool fits = gst_caps_can_intersect(taken, caps);
        gst_caps_unref(taken);
        if (!fits) {
            continue;
        }
        g_mutex_lock(&i->lock);
        bool *has = chains[k].video ? &i->has_video : &i->has_audio, first = !*has;
        *has = true;
        g_mutex_unlock(&i->lock);
        return first ? build(i, &chains[k]) : NULL;
    }
    return NULL;
}

GstBin *inlet_bin(struct inlet *i) {
    return GST_BIN(i->pipeline);
}

void inlet_play(struct inlet *i) {
    gst_element_set_state(i->pipeline, GST_STATE_PLAYING);
}

struct inlet *inlet_new(const struct inlet_config *config) {
    struct inlet *i = g_new0(struct inlet, 1);
    i->config = *config;
    g_mutex_init(&i->lock);
    i->pipeline = gst_pipeline_new(NULL);
    GstBus *bus = gst_element_get_bus(i->pipeline);
    i->bus_watch = gst_bus_add_watch(bus, bus_message, i);
    gst_object_unref(bus);
    i->watch = g_timeout_add(WATCH_EVERY_MS, look, i);
    return i;
}

void inlet_free(struct inlet *i) {
    if (!i) {
        return;
    }
    atomic_store(&i->ended, true);
    gst_element_set_state(i->pipeline, GST_STATE_NULL);
    g_source_remove(i->bus_watch);
    g_source_remove(i->watch);
    while (g_idle_remove_by_data(i)) {
    }
    gst_object_unref(i->pipeline);
    g_mutex_clear(&i->lock);
    g_free(i);
}
