#include "live/live_output.h"

#include "key/key_element.h"
#include "live/arrivals.h"

#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>
#include <stdatomic.h>

#define KEY_EVERY (2 * GST_SECOND)
#define KEY_PAUSE (300 * GST_MSECOND) /* between key frames that were asked for */
#define KEY_FRAMES_MAX 600            /* the encoders' own, should nothing ask */
#define REPORT_EVERY_MS 1000
#define AUDIO_BITRATE 96000
#define STALE_START (60 * GST_MSECOND)

struct rung_output {
    struct live_output *of;
    size_t number;
    GstElement *shape, *encoder; /* live as long as the pipeline */
    struct live_rung wanted;
};

struct live_output {
    struct live_output_config config;
    struct feed feed;
    GstElement *pipeline, *video, *audio; /* appsrc; owned by the pipeline */
    struct rung_output rungs[FEED_RUNGS_MAX];
    guint bus_watch, reporter, reader;
    bool sound_started;    /* sound's thread */
    GstClockTime last_key; /* pushed; thread that pushes pictures */
    _Atomic bool wants_key, streaming, told_end;
    GMutex lock; /* for what follows */
    struct arrivals arrivals;
    gint64 delay_sum;
    unsigned delay_count;
    struct manifest_matte matte; /* of keyed pictures */
    struct failure failure;
};

char *live_video_caps(const struct fit *fit) {
    return g_strdup_printf("video/x-raw,format=I420,width=%u,height=%u,pixel-aspect-ratio=1/1,"
                           "framerate=%u/%u,colorimetry=bt601",
                           fit->width, fit->height, fit->fps_n, fit->fps_d);
}

struct fit live_rung_fit(const struct fit *fit, unsigned side) {
    uint32_t small = fit->width < fit->height ? fit->width : fit->height;
    struct fit rung = *fit;
    if (side > 0 && small > side) {
        rung.width = (uint32_t)(((uint64_t)fit->width * side + small) / small / 2 * 2);
        rung.height = (uint32_t)(((uint64_t)fit->height * side + small) / small / 2 * 2);
    }
    return rung;
}

/* Of a keyed feed: the person's picture, and its stacked one. */
static struct fit person_fit(const struct fit *fit) {
    struct fit person = *fit;
    key_fit(fit->width, fit->height, &person.width, &person.height);
    return person;
}

static struct fit stacked_fit(const struct fit *person) {
    struct fit stacked = *person;
    stacked.height = 2 * person->height + key_guard_rows(person->height);
    return stacked;
}

/* The short side of a keyed rung is that of the person's picture. */
static struct fit rung_fit(const struct fit *whole, unsigned side, bool keyed) {
    if (!keyed || side == 0) {
        return live_rung_fit(whole, side);
    }
    uint32_t height = key_person_height(whole->height);
    uint32_t small = height < whole->width ? height : whole->width;
    struct fit rung = *whole;
    if (small > side) {
        rung.width = (uint32_t)(((uint64_t)whole->width * side + small) / small / 2 * 2);
        rung.height = (uint32_t)(((uint64_t)whole->height * side + small) / small / 2 * 2);
    }
    return rung;
}

static unsigned kilobits_of(const struct fit *fit) {
    return 300 + 1700 * fit->width * fit->height / (1280 * 720);
}

/* ---- The end ---- */

static gboolean tell_end(gpointer data) {
    struct live_output *o = data;
    o->config.ended(o->config.ctx, o->failure.reason[0] ? &o->failure : NULL);
    return G_SOURCE_REMOVE;
}

static void end(struct live_output *o) {
    if (!atomic_exchange(&o->told_end, true)) {
        g_idle_add(tell_end, o);
    }
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct live_output *o = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        failure_set(&o->failure, "internal", "The encoders broke: %s", error->message);
        g_clear_error(&error);
        end(o);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- What comes out of the encoders ---- */

static gboolean tell_streaming(gpointer data) {
    struct live_output *o = data;
    o->config.streaming(o->config.ctx);
    return G_SOURCE_REMOVE;
}

static void count_delay(struct live_output *o, GstClockTime time) {
    gint64 arrival;
    g_mutex_lock(&o->lock);
    if (arrivals_find(&o->arrivals, time, &arrival) && arrival >= 0) {
        o->delay_sum += g_get_monotonic_time() - arrival;
        o->delay_count++;
    }
    g_mutex_unlock(&o->lock);
}

/* Starting takes a while, and the sound of that while would come in one burst: receivers would hold
 * all sound back for as long, and only slowly catch up with the picture. */
static bool is_stale_start(struct live_output *o, int track, GstClockTime time) {
    if (track != FEED_AUDIO || o->sound_started) {
        return false;
    }
    o->sound_started = live_output_now(o) < time + STALE_START;
    return !o->sound_started;
}

static GstFlowReturn send_sample(struct live_output *o, GstAppSink *sink, int track) {
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstClockTime time = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                    GST_BUFFER_PTS(buffer));
    GstMapInfo map;
    int r = 0;
    if (GST_CLOCK_TIME_IS_VALID(time) && !is_stale_start(o, track, time) &&
        gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        r = feed_frame(&o->feed, track, bytes_of(map.data, map.size), time, live_output_now(o));
        gst_buffer_unmap(buffer, &map);
    }
    gst_sample_unref(sample);
    if (r == -EPIPE) {
        end(o);
        return GST_FLOW_EOS;
    }
    if (r == -EAGAIN && track != FEED_AUDIO) {
        atomic_store(&o->wants_key, true);
    }
    if (r == 0 && track == 0) {
        count_delay(o, time);
        if (!atomic_exchange(&o->streaming, true)) {
            g_idle_add(tell_streaming, o);
        }
    }
    return GST_FLOW_OK;
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    struct rung_output *rung = data;
    return send_sample(rung->of, sink, (int)rung->number);
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    return send_sample(data, sink, FEED_AUDIO);
}

/* ---- The pipeline ---- */

/* libvpx's threads wait for each other in a spin: on a busy machine that costs more than it brings
 * unless the picture is large and there are cores to spare. */
static int vp8_threads(const struct fit *fit) {
    bool large = fit->width * fit->height > 640 * 480;
    return large && g_get_num_processors() > 2 ? 2 : 1;
}

static char *describe_rung(const struct live_output_config *config, const struct fit *whole,
                           size_t k) {
    struct fit fit = rung_fit(whole, config->rungs[k].side, config->key != KEY_COLOUR_NONE);
    unsigned kilobits = kilobits_of(&fit);
    char *caps = live_video_caps(&fit);
    char *encoder =
        config->rungs[k].codec == CODEC_VP8
            ? g_strdup_printf("vp8enc name=encoder%zu deadline=1 cpu-used=8 end-usage=cbr "
                              "target-bitrate=%u keyframe-max-dist=%d lag-in-frames=0 "
                              "min-quantizer=4 max-quantizer=56 threads=%d static-threshold=100",
                              k, kilobits * 1000, KEY_FRAMES_MAX, vp8_threads(&fit))
            : g_strdup_printf("x264enc name=encoder%zu tune=zerolatency speed-preset=veryfast "
                              "bitrate=%u key-int-max=%d bframes=0 byte-stream=true threads=1 "
                              "option-string=scenecut=0 ! video/x-h264,"
                              "profile=constrained-baseline,stream-format=byte-stream,alignment=au",
                              k, kilobits, KEY_FRAMES_MAX);
    /* The queues do not leak: a rung that is slow holds up the tee, and appsrc leaves out frames
     * for all. */
    char *text =
        g_strdup_printf("t. ! queue max-size-buffers=1 max-size-bytes=0 max-size-time=0 ! "
                        "videoscale name=scale%zu ! capsfilter name=shape%zu caps=%s ! %s ! "
                        "appsink name=v%zu sync=false async=false max-buffers=8 ",
                        k, k, caps, encoder, k);
    g_free(encoder);
    g_free(caps);
    return text;
}

static char *describe(const struct live_output_config *config) {
    char *caps = live_video_caps(&config->fit);
    GString *text = g_string_new(NULL);
    struct fit whole = config->fit;
    g_string_printf(text,
                    "appsrc name=video format=time is-live=true leaky-type=downstream "
                    "max-buffers=1 max-bytes=0 caps=%s ! ",
                    caps);
    if (config->key != KEY_COLOUR_NONE) {
        struct fit person = person_fit(&config->fit);
        char *size = live_video_caps(&person);
        g_string_append_printf(text,
                               "videoscale name=whole ! capsfilter name=person caps=%s ! "
                               "parlourkey colour=%d ! ",
                               size, config->key);
        whole = stacked_fit(&person);
        g_free(size);
    }
    g_string_append(text, "tee name=t ");
    for (size_t k = 0; k < config->count; k++) {
        char *rung = describe_rung(config, &whole, k);
        g_string_append(text, rung);
        g_free(rung);
    }
    if (config->sound) {
        g_string_append_printf(text,
                               "appsrc name=audio format=time is-live=true max-bytes=0 "
                               "max-time=10000000000 leaky-type=downstream caps=" LIVE_AUDIO_CAPS
                               " ! queue ! opusenc frame-size=20 bitrate=%d ! "
                               "appsink name=a sync=false async=false max-buffers=50",
                               AUDIO_BITRATE);
    }
    g_free(caps);
    return g_string_free(text, FALSE);
}

static GstElement *find(struct live_output *o, const char *name) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(o->pipeline), name);
    if (element) {
        gst_object_unref(element);
    }
    return element;
}

static GstElement *find_of(struct live_output *o, const char *name, size_t k) {
    char *full = g_strdup_printf("%s%zu", name, k);
    GstElement *element = find(o, full);
    g_free(full);
    return element;
}

static void connect_sink(GstElement *sink, GstFlowReturn (*taken)(GstAppSink *sink, gpointer data),
                         void *data) {
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, data, NULL);
}

static struct fit fit_of(const GstVideoInfo *info) {
    return (struct fit){.width = (uint32_t)info->width,
                        .height = (uint32_t)info->height,
                        .fps_n = (uint32_t)info->fps_n,
                        .fps_d = (uint32_t)info->fps_d};
}

static void set_shape(GstElement *filter, const struct fit *fit) {
    char *text = live_video_caps(fit);
    GstCaps *shape = gst_caps_from_string(text);
    g_object_set(filter, "caps", shape, NULL);
    gst_caps_unref(shape);
    g_free(text);
}

/* Pictures of another shape come to a rung: with their caps, so that it does not meet those that
 * were pushed before them. */
static void reshape(const struct rung_output *rung, const GstCaps *caps) {
    GstVideoInfo info;
    if (!gst_video_info_from_caps(&info, caps)) {
        return;
    }
    struct fit whole = fit_of(&info);
    bool keyed = rung->of->config.key != KEY_COLOUR_NONE;
    struct fit fit = rung_fit(&whole, rung->wanted.side, keyed);
    unsigned kilobits = kilobits_of(&fit);
    set_shape(rung->shape, &fit);
    if (rung->wanted.codec == CODEC_VP8) {
        g_object_set(rung->encoder, "target-bitrate", (int)kilobits * 1000, NULL);
    } else {
        g_object_set(rung->encoder, "bitrate", kilobits, NULL);
    }
}

static GstPadProbeReturn event_came(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    (void)pad;
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        GstCaps *caps;
        gst_event_parse_caps(event, &caps);
        reshape(data, caps);
    }
    return GST_PAD_PROBE_OK;
}

static gboolean tell_matte(gpointer data) {
    struct live_output *o = data;
    g_mutex_lock(&o->lock);
    struct manifest_matte matte = o->matte;
    g_mutex_unlock(&o->lock);
    manifest_report_matte(&matte);
    return G_SOURCE_REMOVE;
}

/* The same for the person's picture, ahead of all rungs. */
static GstPadProbeReturn whole_came(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
    struct live_output *o = data;
    GstVideoInfo video;
    GstCaps *caps = NULL;
    (void)pad;
    if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS) {
        gst_event_parse_caps(event, &caps);
    }
    if (caps && gst_video_info_from_caps(&video, caps)) {
        struct fit fit = fit_of(&video), person = person_fit(&fit);
        set_shape(find(o, "person"), &person);
        g_mutex_lock(&o->lock);
        key_layout(person.width, person.height, &o->matte);
        g_mutex_unlock(&o->lock);
        g_idle_add(tell_matte, o);
    }
    return GST_PAD_PROBE_OK;
}

static void connect_key(struct live_output *o) {
    GstPad *pad = gst_element_get_static_pad(find(o, "whole"), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, whole_came, o, NULL);
    gst_object_unref(pad);
}

static void connect_rung(struct live_output *o, size_t k) {
    struct rung_output *rung = &o->rungs[k];
    *rung = (struct rung_output){.of = o,
                                 .number = k,
                                 .shape = find_of(o, "shape", k),
                                 .encoder = find_of(o, "encoder", k),
                                 .wanted = o->config.rungs[k]};
    GstPad *pad = gst_element_get_static_pad(find_of(o, "scale", k), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, event_came, rung, NULL);
    gst_object_unref(pad);
    connect_sink(find_of(o, "v", k), new_video, rung);
}

static int build(struct live_output *o, struct failure *failure) {
    GError *error = NULL;
    if (!key_element_register()) {
        return failure_set(failure, "internal", "An element cannot be made.");
    }
    char *text = describe(&o->config);
    o->pipeline = gst_parse_launch(text, &error);
    g_free(text);
    if (!o->pipeline || error) {
        failure_set(failure, "internal", "The pipeline cannot be built: %s",
                    error ? error->message : "unknown");
        g_clear_error(&error);
        return -1;
    }
    o->video = find(o, "video");
    o->audio = find(o, "audio");
    if (o->config.key != KEY_COLOUR_NONE) {
        connect_key(o);
    }
    for (size_t k = 0; k < o->config.count; k++) {
        connect_rung(o, k);
    }
    if (o->audio) {
        connect_sink(find(o, "a"), new_audio, o);
    }
    return 0;
}

static gboolean report(gpointer data) {
    struct live_output *o = data;
    feed_report(&o->feed, live_output_now(o));
    return G_SOURCE_CONTINUE;
}

static gboolean socket_readable(gint fd, GIOCondition condition, gpointer data) {
    (void)fd;
    (void)condition;
    struct live_output *o = data;
    if (feed_read(&o->feed)) {
        atomic_store(&o->wants_key, true);
    }
    if (feed_is_gone(&o->feed)) {
        o->reader = 0;
        end(o);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

struct live_output *live_output_new(const struct live_output_config *config,
                                    struct failure *failure) {
    struct live_output *o = g_new0(struct live_output, 1);
    enum media_codec codecs[FEED_RUNGS_MAX];
    uint64_t seed = (uint64_t)g_random_int() << 32 | g_random_int();
    o->config = *config;
    g_mutex_init(&o->lock);
    for (size_t k = 0; k < config->count; k++) {
        codecs[k] = config->rungs[k].codec;
    }
    feed_init(&o->feed, config->fd, codecs, config->count, config->sound, seed);
    if (build(o, failure) < 0) {
        live_output_free(o);
        return NULL;
    }
    GstBus *bus = gst_element_get_bus(o->pipeline);
    o->bus_watch = gst_bus_add_watch(bus, bus_message, o);
    gst_object_unref(bus);
    feed_set_origin(&o->feed, (uint64_t)g_get_real_time());
    gst_element_set_state(o->pipeline, GST_STATE_PLAYING);
    gst_element_get_state(o->pipeline, NULL, NULL, 5 * GST_SECOND);
    feed_set_origin(&o->feed, (uint64_t)g_get_real_time() - live_output_now(o) / 1000);
    o->reporter = g_timeout_add(REPORT_EVERY_MS, report, o);
    o->reader = g_unix_fd_add(o->feed.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, socket_readable, o);
    return o;
}

static void remove_source(guint *id) {
    if (*id) {
        g_source_remove(*id);
        *id = 0;
    }
}

void live_output_free(struct live_output *o) {
    if (!o) {
        return;
    }
    if (o->pipeline) {
        gst_element_set_state(o->pipeline, GST_STATE_NULL);
    }
    remove_source(&o->reporter);
    remove_source(&o->bus_watch);
    remove_source(&o->reader);
    while (g_idle_remove_by_data(o)) {
    }
    feed_clear(&o->feed);
    gst_clear_object(&o->pipeline);
    g_mutex_clear(&o->lock);
    g_free(o);
}

GstClockTime live_output_now(const struct live_output *o) {
    GstClock *clock = gst_element_get_clock(o->pipeline);
    if (!clock) {
        return 0;
    }
    GstClockTime now = gst_clock_get_time(clock), base = gst_element_get_base_time(o->pipeline);
    gst_object_unref(clock);
    return now > base ? now - base : 0;
}

void live_output_share_clock(const struct live_output *o, GstElement *pipeline) {
    GstClock *clock = gst_element_get_clock(o->pipeline);
    gst_pipeline_use_clock(GST_PIPELINE(pipeline), clock);
    gst_element_set_start_time(pipeline, GST_CLOCK_TIME_NONE);
    gst_element_set_base_time(pipeline, gst_element_get_base_time(o->pipeline));
    gst_object_unref(clock);
}

/* ---- What goes in ---- */

void live_output_resize(struct live_output *o, const struct fit *fit) {
    char *text = live_video_caps(fit);
    GstCaps *caps = gst_caps_from_string(text);
    gst_app_src_set_caps(GST_APP_SRC(o->video), caps);
    gst_caps_unref(caps);
    g_free(text);
}

static bool key_is_due(struct live_output *o, GstClockTime at, bool key) {
    GstClockTime since = at - o->last_key;
    if (!key && since < KEY_EVERY && !(since >= KEY_PAUSE && atomic_load(&o->wants_key))) {
        return false;
    }
    atomic_store(&o->wants_key, false);
    o->last_key = at;
    return true;
}

void live_output_picture(struct live_output *o, GstBuffer *picture, GstClockTime at, gint64 arrival,
                         bool key) {
    picture = gst_buffer_make_writable(picture);
    GST_BUFFER_PTS(picture) = at;
    GST_BUFFER_DTS(picture) = GST_CLOCK_TIME_NONE;
    g_mutex_lock(&o->lock);
    arrivals_note(&o->arrivals, at, arrival);
    g_mutex_unlock(&o->lock);
    if (key_is_due(o, at, key)) {
        /* Without a time: the next frame. (x264enc compares one with its own, shifted clock.) */
        gst_element_send_event(
            o->video, gst_video_event_new_downstream_force_key_unit(
                          GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, TRUE, 0));
    }
    gst_app_src_push_buffer(GST_APP_SRC(o->video), picture);
}

void live_output_sound(struct live_output *o, GstBuffer *sound) {
    if (o->audio) {
        gst_app_src_push_buffer(GST_APP_SRC(o->audio), sound);
    } else {
        gst_buffer_unref(sound);
    }
}

int live_output_delay(struct live_output *o) {
    g_mutex_lock(&o->lock);
    int delay = o->delay_count ? (int)(o->delay_sum / o->delay_count / 1000) : -1;
    o->delay_sum = 0;
    o->delay_count = 0;
    g_mutex_unlock(&o->lock);
    return delay;
}
