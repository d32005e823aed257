/* A file, once or in a loop, or a playlist: a text file with a path a line; empty lines and those
 * that begin with # are left out. */
#include "job/confine.h"
#include "live/looper.h"
#include "live/source.h"

#include <gst/app/gstappsink.h>
#include <stdio.h>
#include <string.h>

#define FILMS_MAX 100
#define PLAYLIST_MAX (256 * 1024)

struct film {
    const struct source_context *context;
    GstElement *player, *video, *audio; /* appsrc; owned by the player */
    struct looper *looper;
    guint bus_watch;
    bool told; /* the thread that shows pictures */
};

/* What was found by `prepare` and `look`; one a process. */
static struct {
    char **lines; /* of the playlist */
    struct looper_film films[FILMS_MAX];
    size_t count;
    bool sound;
    struct fit fit;
} list;

static void add(const char *path, struct failure *failure) {
    struct looper_film *film = &list.films[list.count];
    struct fit fit;
    if (probe_file(path, &film->probe, failure) < 0) {
        return;
    }
    if (!fit_picture(&film->probe.picture, &fit)) {
        failure_set(failure, "too_small", "The picture is too small to show.");
        return;
    }
    film->path = g_strdup(path);
    list.fit = list.count == 0 ? fit : list.fit;
    list.sound = list.sound || film->probe.has_sound;
    list.count++;
}

static int read_playlist(const char *path, struct failure *failure) {
    char *text = NULL;
    gsize size = 0;
    if (!g_file_get_contents(path, &text, &size, NULL) || size > PLAYLIST_MAX) {
        g_free(text);
        return failure_set(failure, "no_file", "The playlist cannot be read.");
    }
    list.lines = g_strsplit(text, "\n", -1);
    for (size_t i = 0; list.lines[i]; i++) {
        g_strstrip(list.lines[i]);
    }
    g_free(text);
    return 0;
}

static bool names_film(const char *line) {
    return line[0] != 0 && line[0] != '#';
}

/* The directories of the films may be read, as many as a confinement has room for. */
static int prepare(const struct ingest_options *options, struct confinement *ret,
                   struct failure *failure) {
    static char *places[CONFINE_READ_MAX];
    size_t count = 1; /* the first is kept for the holding picture */
    if (!options->playlist) {
        ret->read[count] = options->source;
        return 0;
    }
    if (read_playlist(options->source, failure) < 0) {
        return -1;
    }
    for (size_t i = 0; list.lines[i] && count < CONFINE_READ_MAX; i++) {
        char *place = g_path_get_dirname(list.lines[i]);
        bool known = !names_film(list.lines[i]);
        for (size_t k = 1; k < count; k++) {
            known = known || strcmp(places[k], place) == 0;
        }
        if (known) {
            g_free(place);
        } else {
            places[count] = place;
            ret->read[count++] = place;
        }
    }
    return 0;
}

/* Those that cannot be read are left out and said. */
static int add_lines(struct failure *failure) {
    for (size_t i = 0; list.lines[i] && list.count < FILMS_MAX; i++) {
        struct failure why = {0};
        if (names_film(list.lines[i])) {
            add(list.lines[i], &why);
        }
        if (why.reason[0]) {
            fprintf(stderr, "parlour-pipeline: %s is left out: %s\n", list.lines[i], why.message);
        }
    }
    return list.count > 0 ? 0
                          : failure_set(failure, "not_a_video",
                                        "The playlist names no film that can be played.");
}

static int look(const struct ingest_options *options, struct fit *ret_fit, bool *ret_sound,
                struct failure *failure) {
    if (options->playlist) {
        add_lines(failure);
    } else {
        add(options->source, failure);
    }
    if (list.count == 0) {
        return -1;
    }
    *ret_fit = list.fit;
    *ret_sound = list.sound;
    return 0;
}

static gboolean tell(gpointer data) {
    struct film *f = data;
    char *text = g_strdup_printf("film %ux%u %.4g fps", list.fit.width, list.fit.height,
                                 (double)list.fit.fps_n / list.fit.fps_d);
    f->context->changed(f->context->ctx, SOURCE_CONNECTED, text);
    g_free(text);
    return G_SOURCE_REMOVE;
}

static GstBuffer *shown(GstAppSink *sink) {
    GstSample *sample = gst_app_sink_pull_sample(sink);
    if (!sample) {
        return NULL;
    }
    GstBuffer *buffer = gst_buffer_copy(gst_sample_get_buffer(sample)); /* shares the memory */
    gst_sample_unref(sample);
    return buffer;
}

static GstFlowReturn new_video(GstAppSink *sink, gpointer data) {
    struct film *f = data;
    GstBuffer *buffer = shown(sink);
    if (!buffer) {
        return GST_FLOW_EOS;
    }
    live_switch_picture(f->context->to, buffer, &list.fit, GST_BUFFER_PTS(buffer),
                        g_get_monotonic_time());
    if (!f->told) {
        f->told = true;
        g_idle_add(tell, f);
    }
    return GST_FLOW_OK;
}

static GstFlowReturn new_audio(GstAppSink *sink, gpointer data) {
    struct film *f = data;
    GstBuffer *buffer = shown(sink);
    if (!buffer) {
        return GST_FLOW_EOS;
    }
    live_switch_sound(f->context->to, buffer, GST_BUFFER_PTS(buffer));
    return GST_FLOW_OK;
}

static gboolean bus_message(GstBus *bus, GstMessage *message, gpointer data) {
    (void)bus;
    struct film *f = data;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS) {
        f->context->ended(f->context->ctx, NULL);
    } else if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        struct failure failure = {0};
        GError *error = NULL;
        gst_message_parse_error(message, &error, NULL);
        failure_set(&failure, "internal", "The source broke: %s", error->message);
        g_clear_error(&error);
        f->context->ended(f->context->ctx, &failure);
    }
    return G_SOURCE_CONTINUE;
}

static void failed(void *ctx, const struct failure *failure) {
    struct film *f = ctx;
    f->context->ended(f->context->ctx, failure);
}

static GstElement *find(struct film *f, const char *name) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(f->player), name);
    if (element) {
        gst_object_unref(element);
    }
    return element;
}

/* Pictures and sound leave it when they are due. */
static int build_player(struct film *f) {
    static GstAppSinkCallbacks video = {.new_sample = new_video}, audio = {.new_sample = new_audio};
    char *caps = live_video_caps(&list.fit);
    char *text = g_strdup_printf(
        "appsrc name=video format=time is-live=true block=true max-buffers=30 max-bytes=0 caps=%s "
        "! appsink name=v async=false %s",
        caps,
        list.sound ? "appsrc name=audio format=time is-live=true block=true max-time=1000000000 "
                     "max-bytes=0 caps=" LIVE_AUDIO_CAPS " ! appsink name=a async=false"
                   : "");
    f->player = gst_parse_launch(text, NULL);
    g_free(text);
    g_free(caps);
    if (!f->player) {
        return -1;
    }
    f->video = find(f, "video");
    f->audio = find(f, "audio");
    gst_app_sink_set_callbacks(GST_APP_SINK(find(f, "v")), &video, f, NULL);
    if (f->audio) {
        gst_app_sink_set_callbacks(GST_APP_SINK(find(f, "a")), &audio, f, NULL);
    }
    GstBus *bus = gst_element_get_bus(f->player);
    f->bus_watch = gst_bus_add_watch(bus, bus_message, f);
    gst_object_unref(bus);
    return 0;
}

static void stop(void *source) {
    struct film *f = source;
    if (!f) {
        return;
    }
    if (f->player) {
        gst_element_set_state(f->player, GST_STATE_NULL);
        g_source_remove(f->bus_watch);
    }
    looper_free(f->looper);
    while (g_idle_remove_by_data(f)) {
    }
    gst_clear_object(&f->player);
    g_free(f);
}

static void *start(const struct source_context *context, struct failure *failure) {
    struct film *f = g_new0(struct film, 1);
    f->context = context;
    if (build_player(f) == 0) {
        struct looper_config config = {.films = list.films,
                                       .count = list.count,
                                       .fit = &list.fit,
                                       .loop = context->options->loop,
                                       .playing = f->player,
                                       .video = f->video,
                                       .audio = f->audio,
                                       .failed = failed,
                                       .ctx = f};
        live_output_share_clock(context->output, f->player);
        gst_element_set_state(f->player, GST_STATE_PLAYING);
        gst_element_get_state(f->player, NULL, NULL, 5 * GST_SECOND);
        f->looper = looper_new(&config);
    }
    if (!f->looper) {
        failure_set(failure, "internal", "The file cannot be played.");
        stop(f);
        return NULL;
    }
    return f;
}

const struct source_ops source_film = {
    .prepare = prepare, .look = look, .start = start, .stop = stop};
