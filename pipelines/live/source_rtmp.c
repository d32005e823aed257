/* RTMP, whose network side is our gate: it hands us the stream as FLV through a Unix socket that we
 * listen on (see gate.h). The newest connection wins. */
#include "job/confine.h"
#include "live/inlet.h"
#include "live/source.h"
#include "rtmp/flv.h"

#include <errno.h>
#include <glib-unix.h>
#include <gst/app/gstappsrc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 4
#define READ_SIZE 65536
#define READS_A_ROUND 16
#define SILENCE (4 * G_USEC_PER_SEC) /* TCP may hold it up for a while; the gate waits longer */
#define QUEUED_MAX 60                /* encoded frames that wait for the decoder */

struct track {
    GstElement *entry;      /* appsrc; owned by the pipeline */
    bool refused, skipping; /* skipping: to the next key frame */
    uint64_t time;          /* milliseconds, unwrapped */
};

static int listener = -1; /* opened by `prepare`; one a process */

struct rtmp_source {
    const struct source_context *context;
    int stream;
    guint listen_watch, stream_watch;
    bool ever;
    struct inlet *inlet;
    struct flv_reader reader;
    struct track video, audio;
};

static void connected(void *ctx, const char *detail) {
    struct rtmp_source *s = ctx;
    s->ever = true;
    s->context->changed(s->context->ctx, SOURCE_CONNECTED, detail);
}

static void close_stream(struct rtmp_source *s) {
    if (s->stream_watch) {
        g_source_remove(s->stream_watch);
        s->stream_watch = 0;
    }
    if (s->stream >= 0) {
        close(s->stream);
        s->stream = -1;
    }
    inlet_free(s->inlet);
    s->inlet = NULL;
    flv_reader_clear(&s->reader);
    s->video = s->audio = (struct track){0};
}

static void ended(void *ctx, const char *why) {
    struct rtmp_source *s = ctx;
    live_switch_hold(s->context->to);
    s->context->changed(s->context->ctx, s->ever ? SOURCE_LOST : SOURCE_WAITING, why);
    close_stream(s); /* with it `why` */
}

/* ---- From tags to frames ---- */

static GstBuffer *copy_of(struct bytes b) {
    return gst_buffer_new_memdup(b.p, b.n);
}

static void take_config(struct rtmp_source *s, struct track *t, bool video, struct bytes config) {
    GstBuffer *data = copy_of(config);
    GstCaps *caps = video ? gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING,
                                                "avc", "alignment", G_TYPE_STRING, "au",
                                                "codec_data", GST_TYPE_BUFFER, data, NULL)
                          : gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
                                                "stream-format", G_TYPE_STRING, "raw", "codec_data",
                                                GST_TYPE_BUFFER, data, NULL);
    gst_buffer_unref(data);
    if (t->entry) {
        gst_app_src_set_caps(GST_APP_SRC(t->entry), caps);
    } else if (!t->refused) {
        GstPad *in = inlet_decoder(s->inlet, caps);
        t->refused = in == NULL;
        if (in) {
            t->entry = gst_element_factory_make("appsrc", NULL);
            t->skipping = video;
            g_object_set(t->entry, "caps", caps, "format", GST_FORMAT_TIME, "is-live", TRUE,
                         "max-bytes", (guint64)0, "max-buffers", (guint64)0, NULL);
            gst_bin_add(inlet_bin(s->inlet), t->entry);
            GstPad *out = gst_element_get_static_pad(t->entry, "src");
            gst_pad_link(out, in);
            gst_object_unref(out);
            gst_object_unref(in);
            gst_element_sync_state_with_parent(t->entry);
        }
    }
    gst_caps_unref(caps);
}

static void take_frame(struct rtmp_source *s, struct track *t, bool video,
                       const struct flv_media *media, const struct flv_tag *tag) {
    if (!t->entry) {
        return;
    }
    bool full = gst_app_src_get_current_level_buffers(GST_APP_SRC(t->entry)) >= QUEUED_MAX;
    t->skipping = full || (t->skipping && video && !media->key);
    if (t->skipping) {
        return;
    }
    int64_t shown = (int64_t)t->time + media->composition;
    GstBuffer *buffer = copy_of(media->payload);
    GST_BUFFER_DTS(buffer) = t->time * GST_MSECOND;
    GST_BUFFER_PTS(buffer) = (GstClockTime)MAX(shown, 0) * GST_MSECOND;
    if (video) {
        inlet_note(s->inlet, GST_BUFFER_PTS(buffer),
                   g_get_monotonic_time() - (gint64)tag->took * G_TIME_SPAN_MILLISECOND);
    }
    gst_app_src_push_buffer(GST_APP_SRC(t->entry), buffer);
}

static void take_tag(struct rtmp_source *s, const struct flv_tag *tag) {
    bool video = tag->type == FLV_VIDEO;
    struct track *t = video ? &s->video : &s->audio;
    struct flv_media media;
    if (tag->type == FLV_SCRIPT) {
        return;
    }
    if (video) {
        flv_video(tag->body, &media);
    } else {
        flv_audio(tag->body, &media);
    }
    t->time = flv_unwrap(t->time, tag->timestamp);
    switch (media.content) {
    case FLV_CONFIG:
        take_config(s, t, video, media.payload);
        break;
    case FLV_FRAME:
        take_frame(s, t, video, &media, tag);
        break;
    case FLV_IGNORED:
    case FLV_FOREIGN: /* the gate refuses it in words */
        break;
    }
}

static int take_bytes(struct rtmp_source *s, struct bytes in) {
    while (in.n > 0) {
        struct flv_tag tag;
        int n = flv_read(&s->reader, in, &tag);
        if (n < 0) {
            return n;
        }
        if (tag.type != FLV_NOTHING) {
            take_tag(s, &tag);
        }
        in = bytes_from(in, (size_t)n);
    }
    return 0;
}

static gboolean stream_readable(gint fd, GIOCondition condition, gpointer data) {
    (void)condition;
    struct rtmp_source *s = data;
    static uint8_t bytes[READ_SIZE];
    for (int i = 0; i < READS_A_ROUND; i++) {
        ssize_t n = read(fd, bytes, sizeof(bytes));
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return G_SOURCE_CONTINUE;
        }
        bool broken = n > 0 && take_bytes(s, bytes_of(bytes, (size_t)n)) < 0;
        if (n <= 0 || broken) {
            s->stream_watch = 0;
            inlet_end(s->inlet, broken ? "The stream is damaged." : "The sender hung up.");
            return G_SOURCE_REMOVE;
        }
        inlet_alive(s->inlet);
    }
    return G_SOURCE_CONTINUE;
}

/* ---- The socket ---- */

static gboolean listener_readable(gint fd, GIOCondition condition, gpointer data) {
    (void)condition;
    struct rtmp_source *s = data;
    int stream = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (stream < 0) {
        return G_SOURCE_CONTINUE;
    }
    struct inlet_config config = {.to = s->context->to,
                                  .output = s->context->output,
                                  .patience = SILENCE,
                                  .connected = connected,
                                  .ended = ended,
                                  .ctx = s};
    if (s->inlet) {
        live_switch_hold(s->context->to);
    }
    close_stream(s);
    s->stream = stream;
    s->inlet = inlet_new(&config);
    inlet_play(s->inlet);
    inlet_alive(s->inlet);
    s->stream_watch = g_unix_fd_add(stream, G_IO_IN | G_IO_HUP | G_IO_ERR, stream_readable, s);
    return G_SOURCE_CONTINUE;
}

/* Once it is confined the job makes no sockets. */
static int prepare(const struct ingest_options *options, struct confinement *ret,
                   struct failure *failure) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = options->source;
    ret->listen = true;
    if (strlen(path) >= sizeof(address.sun_path)) {
        return failure_set(failure, "no_socket", "The path of the socket is too long.");
    }
    strcpy(address.sun_path, path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path); /* of a process before us */
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, 0600) < 0 || listen(listener, BACKLOG) < 0) {
        return failure_set(failure, "no_socket", "%s cannot be opened: %s.", path, strerror(errno));
    }
    return 0;
}

static void stop(void *source) {
    struct rtmp_source *s = source;
    if (!s) {
        return;
    }
    close_stream(s);
    g_source_remove(s->listen_watch);
    close(listener);
    unlink(s->context->options->source); /* if the confinement lets us */
    g_free(s);
}

static void *start(const struct source_context *context, struct failure *failure) {
    (void)failure;
    struct rtmp_source *s = g_new0(struct rtmp_source, 1);
    s->context = context;
    s->stream = -1;
    s->listen_watch = g_unix_fd_add(listener, G_IO_IN, listener_readable, s);
    context->changed(context->ctx, SOURCE_WAITING, "Waiting for the sender.");
    return s;
}

const struct source_ops source_rtmp = {.prepare = prepare, .start = start, .stop = stop};
