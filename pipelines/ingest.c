#include "ingest.h"

#include "control.h"
#include "elements.h"
#include "feed.h"
#include "looper.h"
#include "test_card.h"

#include <errno.h>
#include <getopt.h>
#include <glib-unix.h>
#include <gst/app/gstappsink.h>
#include <gst/video/video.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define KEY_SECONDS 2
#define KEY_PAUSE (300 * G_TIME_SPAN_MILLISECOND) /* between key frames that were asked for */
#define REPORT_EVERY_MS 1000
#define AUDIO_BITRATE 96000

struct options {
    const char *source, *socket;
    enum media_codec codec;
    bool loop;
    int fd;
    unsigned width, height, fps;
};

struct ingest {
    struct options options;
    struct probe probe;
    struct fit fit;
    bool has_sound;
    struct feed feed;
    struct failure failure;
    GMainLoop *loop;
    GstElement *pipeline, *encoder;
    struct looper *looper;
    gint64 last_key;            /* asked for; monotonic, main thread */
    GstClockTime last_key_sent; /* running time, video thread */
    _Atomic bool streaming;
};

static bool parse_size(const char *text, struct options *ret) {
    char rest;
    return sscanf(text, "%4ux%4u%c", &ret->width, &ret->height, &rest) == 2 && ret->width >= 160 &&
           ret->height >= 120 && ret->width <= 1920 && ret->height <= 1920 && ret->width % 2 == 0 &&
           ret->height % 2 == 0;
}

static bool parse_number(const char *text, unsigned max, unsigned *ret) {
    char *end;
    errno = 0;
    unsigned long v = strtoul(text, &end, 10);
    if (errno || end == text || *end || v > max) {
        return false;
    }
    *ret = (unsigned)v;
    return true;
}

static bool take_option(int c, struct options *ret) {
    unsigned fd;
    switch (c) {
    case 's':
        ret->source = optarg;
        return true;
    case 'c':
        ret->codec = strcmp(optarg, "vp8") == 0    ? CODEC_VP8
                     : strcmp(optarg, "h264") == 0 ? CODEC_H264
                                                   : CODEC_NONE;
        return ret->codec != CODEC_NONE;
    case 'l':
        ret->loop = true;
        return true;
    case 'f':
        if (!parse_number(optarg, 1023, &fd)) {
            return false;
        }
        ret->fd = (int)fd;
        return true;
    case 'p':
        ret->socket = optarg;
        return true;
    case 'z':
        return parse_size(optarg, ret);
    case 'r':
        return parse_number(optarg, 60, &ret->fps) && ret->fps >= 5;
    default:
        return false;
    }
}

static bool parse(int argc, char **argv, struct options *ret) {
    static const struct option table[] = {
        {"source", required_argument, NULL, 's'}, {"codec", required_argument, NULL, 'c'},
        {"loop", no_argument, NULL, 'l'},         {"fd", required_argument, NULL, 'f'},
        {"socket", required_argument, NULL, 'p'}, {"size", required_argument, NULL, 'z'},
        {"fps", required_argument, NULL, 'r'},    {NULL, 0, NULL, 0},
    };
    *ret = (struct options){.codec = CODEC_VP8, .fd = -1, .width = 640, .height = 360, .fps = 30};
    for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (!take_option(c, ret)) {
            return false;
        }
    }
    return optind == argc && ret->source && (ret->fd >= 0) != (ret->socket != NULL);
}

static int open_socket(const struct options *options, struct failure *failure) {
    int type = 0, fd = options->fd;
    socklen_t size = sizeof(type);
    if (fd >= 0) {
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET) {
            return failure_set(failure, "no_socket",
                               "File descriptor %d is no SOCK_SEQPACKET socket.", fd);
        }
        return fd;
    }
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(options->socket) >= sizeof(address.sun_path)) {
        return failure_set(failure, "no_socket", "The path of the socket is too long.");
    }
    strcpy(address.sun_path, options->socket);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
        failure_set(failure, "no_socket", "%s cannot be reached: %s.", options->socket,
                    strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

static void want_key_frame(struct ingest *in) {
    gint64 now = g_get_monotonic_time();
    if (now - in->last_key < KEY_PAUSE) {
        return;
    }
    in->last_key = now;
    GstPad *pad = gst_element_get_static_pad(in->encoder, "src");
    gst_pad_send_event(pad,
                       gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
    gst_object_unref(pad);
}

static gboolean want_key_frame_later(gpointer data) {
    want_key_frame(data);
    return G_SOURCE_REMOVE;
}

static gboolean hung_up(gpointer data) {
    struct ingest *in = data;
    g_main_loop_quit(in->loop);
    return G_SOURCE_REMOVE;
}

/* The encoder counts frames; when it has to leave some out, time goes faster. */
static bool key_is_due(struct ingest *in, GstBuffer *buffer, GstClockTime time) {
    if (!GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT)) {
        in->last_key_sent = time;
    }
    return time >= in->last_key_sent + KEY_SECONDS * GST_SECOND;
}

static GstFlowReturn send_sample(GstAppSink *sink, struct ingest *in, enum feed_kind kind) {
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return GST_FLOW_EOS;
    }
    GstBuffer *buffer = gst_sample_get_buffer(sample);
    GstClockTime time = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                    GST_BUFFER_PTS(buffer));
    GstMapInfo map;
    int r = 0;
    if (GST_CLOCK_TIME_IS_VALID(time) && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
        r = feed_frame(&in->feed, kind, bytes_of(map.data, map.size), time);
        gst_buffer_unmap(buffer, &map);
    }
    bool key_due = kind == FEED_VIDEO && key_is_due(in, buffer, time);
    gst_sample_unref(sample);
    if (r == -EPIPE) {
        g_idle_add(hung_up, in);
        return GST_FLOW_EOS;
    }
    if (key_due || (r == -EAGAIN && kind == FEED_VIDEO)) {
        g_idle_add(want_key_frame_later, in);
    }
    if (r == 0 && kind == FEED_VIDEO && !atomic_exchange(&in->streaming, true)) {
        report_streaming(in->options.codec == CODEC_VP8 ? "vp8" : "h264",
                         in->has_sound ? "opus" : NULL);
    }
    return GST_FLOW_OK;
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    return send_sample(sink, data, FEED_VIDEO);
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    return send_sample(sink, data, FEED_AUDIO);
}

static GstPadProbeReturn draw(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    struct ingest *in = data;
    GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    GstCaps *caps = gst_pad_get_current_caps(pad);
    GstVideoInfo video;
    GstVideoFrame frame;
    if (caps && gst_video_info_from_caps(&video, caps) &&
        gst_video_frame_map(&frame, &video, buffer, GST_MAP_WRITE)) {
        struct test_card_planes planes = {.width = video.width, .height = video.height};
        for (int i = 0; i < 3; i++) {
            planes.data[i] = GST_VIDEO_FRAME_PLANE_DATA(&frame, i);
            planes.stride[i] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, i);
        }
        GstClockTime pts = GST_BUFFER_PTS(buffer);
        test_card_draw(&planes,
                       (uint32_t)gst_util_uint64_scale_round(pts, in->options.fps, GST_SECOND),
                       (double)pts / GST_SECOND);
        gst_video_frame_unmap(&frame);
    }
    gst_clear_caps(&caps);
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn beep(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    (void)data;
    GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_WRITE)) {
        uint64_t first = gst_util_uint64_scale_round(GST_BUFFER_PTS(buffer), 48000, GST_SECOND);
        test_card_sound((int16_t *)(void *)map.data, map.size / 4, first);
        gst_buffer_unmap(buffer, &map);
    }
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_GAP);
    return GST_PAD_PROBE_OK;
}

static void add_probe(struct ingest *in, const char *name, GstPadProbeCallback probe) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(in->pipeline), name);
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, probe, in, NULL);
    gst_object_unref(pad);
    gst_object_unref(element);
}

static char *describe_encoder(const struct ingest *in) {
    double share = (double)in->fit.width * in->fit.height / (1280.0 * 720.0);
    int kilobits = (int)(300 + 1700 * share);
    unsigned key_every = KEY_SECONDS * in->fit.fps_n / in->fit.fps_d;
    return in->options.codec == CODEC_VP8
               ? g_strdup_printf("vp8enc name=encoder deadline=1 cpu-used=8 end-usage=cbr "
                                 "target-bitrate=%d keyframe-max-dist=%u lag-in-frames=0 "
                                 "min-quantizer=4 max-quantizer=56 threads=2 static-threshold=100",
                                 kilobits * 1000, key_every)
               : g_strdup_printf(
                     "x264enc name=encoder tune=zerolatency speed-preset=veryfast "
                     "bitrate=%d key-int-max=%u bframes=0 byte-stream=true threads=1 "
                     "option-string=scenecut=0 ! video/x-h264,"
                     "profile=constrained-baseline,stream-format=byte-stream,alignment=au",
                     kilobits, key_every);
}

static char *describe(const struct ingest *in) {
    char *encoder = describe_encoder(in), *caps = looper_video_caps(&in->fit);
    bool test = strcmp(in->options.source, "test") == 0;
    char *video = test ? g_strdup_printf("videotestsrc is-live=true pattern=black ! "
                                         "capsfilter name=picture caps=%s",
                                         caps)
                       : g_strdup_printf("appsrc name=video format=time is-live=true block=true "
                                         "max-buffers=30 max-bytes=0 caps=%s ! clocksync",
                                         caps);
    const char *audio =
        test ? "audiotestsrc is-live=true wave=silence samplesperbuffer=960 ! "
               "capsfilter name=sound caps=" LOOPER_AUDIO_CAPS
             : "appsrc name=audio format=time is-live=true block=true max-time=1000000000 "
               "max-bytes=0 caps=" LOOPER_AUDIO_CAPS " ! clocksync";
    char *text = g_strdup_printf("%s ! queue max-size-buffers=15 max-size-bytes=0 max-size-time=0 "
                                 "leaky=downstream ! %s ! "
                                 "appsink name=v sync=false async=false max-buffers=8 ",
                                 video, encoder);
    if (in->has_sound) {
        char *both = g_strdup_printf("%s %s ! queue ! opusenc frame-size=20 bitrate=%d ! "
                                     "appsink name=a sync=false async=false max-buffers=50",
                                     text, audio, AUDIO_BITRATE);
        g_free(text);
        text = both;
    }
    g_free(video);
    g_free(caps);
    g_free(encoder);
    return text;
}

static void connect_sink(struct ingest *in, const char *name,
                         GstFlowReturn (*taken)(GstAppSink *sink, gpointer data)) {
    GstElement *sink = gst_bin_get_by_name(GST_BIN(in->pipeline), name);
    GstAppSinkCallbacks callbacks = {.new_sample = taken};
    gst_app_sink_set_callbacks(GST_APP_SINK(sink), &callbacks, in, NULL);
    gst_object_unref(sink);
}

static int build(struct ingest *in) {
    GError *error = NULL;
    char *text = describe(in);
    in->pipeline = gst_parse_launch(text, &error);
    g_free(text);
    if (!in->pipeline || error) {
        failure_set(&in->failure, "internal", "The pipeline cannot be built: %s",
                    error ? error->message : "unknown");
        g_clear_error(&error);
        return -1;
    }
    in->encoder = gst_bin_get_by_name(GST_BIN(in->pipeline), "encoder");
    connect_sink(in, "v", new_video);
    if (in->has_sound) {
        connect_sink(in, "a", new_audio);
    }
    if (strcmp(in->options.source, "test") == 0) {
        add_probe(in, "picture", draw);
        add_probe(in, "sound", beep);
    }
    return 0;
}

static uint64_t running_time(const struct ingest *in) {
    GstClock *clock = gst_element_get_clock(in->pipeline);
    if (!clock) {
        return 0;
    }
    GstClockTime now = gst_clock_get_time(clock), base = gst_element_get_base_time(in->pipeline);
    gst_object_unref(clock);
    return now > base ? now - base : 0;
}

static gboolean report(gpointer data) {
    struct ingest *in = data;
    feed_report(&in->feed, running_time(in));
    return G_SOURCE_CONTINUE;
}

static gboolean socket_readable(gint fd, GIOCondition condition, gpointer data) {
    (void)fd;
    (void)condition;
    struct ingest *in = data;
    if (feed_read(&in->feed)) {
        want_key_frame(in);
    }
    if (feed_is_gone(&in->feed)) {
        g_main_loop_quit(in->loop);
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct ingest *in = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        failure_set(&in->failure, "internal", "The source broke: %s", error->message);
        g_clear_error(&error);
        g_main_loop_quit(in->loop);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        g_main_loop_quit(in->loop);
    }
    return G_SOURCE_CONTINUE;
}

static void stopped(void *ctx) {
    struct ingest *in = ctx;
    g_main_loop_quit(in->loop);
}

static void looper_failed(void *ctx, const struct failure *failure) {
    struct ingest *in = ctx;
    failure_set(&in->failure, failure->reason, "%s", failure->message);
    g_main_loop_quit(in->loop);
}

static int start_looper(struct ingest *in) {
    struct looper_config config = {.path = in->options.source,
                                   .probe = &in->probe,
                                   .fit = &in->fit,
                                   .loop = in->options.loop,
                                   .encoding = in->pipeline,
                                   .failed = looper_failed,
                                   .ctx = in};
    /* The elements live as long as the pipeline. */
    config.video = gst_bin_get_by_name(GST_BIN(in->pipeline), "video");
    config.audio = in->has_sound ? gst_bin_get_by_name(GST_BIN(in->pipeline), "audio") : NULL;
    in->looper = looper_new(&config);
    gst_object_unref(config.video);
    if (config.audio) {
        gst_object_unref(config.audio);
    }
    return in->looper ? 0 : failure_set(&in->failure, "internal", "The file cannot be played.");
}

static int play(struct ingest *in) {
    GstBus *bus = gst_element_get_bus(in->pipeline);
    guint watch = gst_bus_add_watch(bus, bus_message, in);
    guint reporter = g_timeout_add(REPORT_EVERY_MS, report, in);
    guint reader = g_unix_fd_add(in->feed.fd, G_IO_IN | G_IO_HUP | G_IO_ERR, socket_readable, in);
    feed_set_origin(&in->feed, (uint64_t)g_get_real_time());
    gst_element_set_state(in->pipeline, GST_STATE_PLAYING);
    gst_element_get_state(in->pipeline, NULL, NULL, 5 * GST_SECOND);
    feed_set_origin(&in->feed, (uint64_t)g_get_real_time() - running_time(in) / 1000);
    int r = strcmp(in->options.source, "test") == 0 ? 0 : start_looper(in);
    if (r == 0) {
        g_main_loop_run(in->loop);
    }
    gst_element_set_state(in->pipeline, GST_STATE_NULL);
    looper_free(in->looper);
    g_source_remove(reporter);
    g_source_remove(watch);
    if (!feed_is_gone(&in->feed)) {
        g_source_remove(reader);
    }
    gst_object_unref(bus);
    return in->failure.reason[0] ? -1 : 0;
}

static int choose_source(struct ingest *in) {
    const struct options *o = &in->options;
    if (strcmp(o->source, "test") == 0) {
        in->has_sound = true;
        in->fit = (struct fit){.width = o->width, .height = o->height, .fps_n = o->fps, .fps_d = 1};
        return 0;
    }
    if (probe_file(o->source, &in->probe, &in->failure) < 0) {
        return -1;
    }
    in->has_sound = in->probe.has_sound;
    return fit_picture(&in->probe.picture, &in->fit)
               ? 0
               : failure_set(&in->failure, "too_small", "The picture is too small to show.");
}

static int run(struct ingest *in) {
    if (elements_check(ELEMENT_INGEST, &in->failure) < 0 || choose_source(in) < 0) {
        return -1;
    }
    int fd = open_socket(&in->options, &in->failure);
    if (fd < 0) {
        return -1;
    }
    uint64_t seed = (uint64_t)g_random_int() << 32 | g_random_int();
    feed_init(&in->feed, fd, in->options.codec, in->has_sound, seed);
    in->loop = g_main_loop_new(NULL, FALSE);
    control_watch(stopped, in);
    int r = build(in);
    r = r < 0 ? r : play(in);
    feed_clear(&in->feed);
    gst_clear_object(&in->encoder);
    gst_clear_object(&in->pipeline);
    g_main_loop_unref(in->loop);
    return r;
}

int ingest_main(int argc, char **argv) {
    struct ingest in = {0};
    if (!parse(argc, argv, &in.options)) {
        return 2;
    }
    report_event("started");
    if (run(&in) < 0) {
        report_failed(&in.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", in.failure.message);
        return 1;
    }
    report_event("ended");
    return 0;
}
