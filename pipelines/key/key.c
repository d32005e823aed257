#include "key/key.h"

#include "input/bounds.h"
#include "input/colour_element.h"
#include "input/fit.h"
#include "input/probe.h"
#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/stage.h"
#include "key/film_streams.h"
#include "key/key_element.h"
#include "key/key_layout.h"

#include <getopt.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#define NICENESS 10 /* live media on the same machine goes first */

struct options {
    const char *in, *out;
    int key;
};

struct job {
    struct options options;
    struct probe probe;
    struct fit_ladder ladder;
    struct stage stage;
    struct failure failure;
    double end; /* seconds */
};

static bool parse(int argc, char **argv, struct options *ret) {
    static const struct option table[] = {{"out", required_argument, NULL, 'o'},
                                          {"key", required_argument, NULL, 'k'},
                                          {NULL, 0, NULL, 0}};
    *ret = (struct options){.key = KEY_COLOUR_AUTO};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        if (c == 'o') {
            ret->out = optarg;
        } else if (c != 'k' || !key_colour_parse(optarg, &ret->key)) {
            return false;
        }
    }
    ret->in = optind + 1 == argc ? argv[optind] : NULL;
    return ret->in && ret->out;
}

static char *describe(const struct job *job) {
    const struct probe *probe = &job->probe;
    const struct fit_rung *top = &job->ladder.rungs[0];
    bool turned = probe->picture.turned;
    GString *text = g_string_new(NULL);
    g_string_printf(text,
                    "uridecodebin name=in caps=\"video/x-raw;audio/x-raw;"
                    "audio/mpeg,mpegversion=4,framed=true\" "
                    "mp4mux name=mux faststart=true ! filesink name=out "
                    "videorate name=entry ! video/x-raw,framerate=%u/%u ! videoconvert ! "
                    "video/x-raw,format=(string){I420,I420_10LE,I420_12LE} ! "
                    "videoscale add-borders=false ! "
                    "video/x-raw,width=%u,height=%u,pixel-aspect-ratio=1/1 ! parlourcolour ! ",
                    job->ladder.fps_n, job->ladder.fps_d, turned ? top->height : top->width,
                    turned ? top->width : top->height);
    if (g_strcmp0(probe->turn, "identity") != 0) {
        g_string_append_printf(text, "videoflip video-direction=%s ! ", probe->turn);
    }
    g_string_append_printf(
        text,
        "parlourkey name=key colour=%d patience=" KEY_PATIENCE " ! "
        "x264enc name=encoder pass=qual quantizer=21 speed-preset=veryfast bframes=0 "
        "key-int-max=60 ! h264parse ! queue max-size-time=0 max-size-bytes=0 ! mux. ",
        job->options.key);
    return g_string_free(text, FALSE);
}

static GstPadProbeReturn reached(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct job *job = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstClockTime end = GST_BUFFER_PTS(buffer);
    end += GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
    stage_reach(&job->stage, end);
    job->end = (double)end / GST_SECOND;
    return GST_PAD_PROBE_OK;
}

static GstElement *part(const struct job *job, const char *name) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(job->stage.pipeline), name);
    gst_object_unref(element); /* lives as long as the pipeline */
    return element;
}

static int cut_out(struct job *job, const char *to) {
    char *moved = g_strconcat(to, ".moov", NULL); /* where the mp4 is put in order */
    char *text = describe(job), *uri = gst_filename_to_uri(job->options.in, NULL);
    int r = colour_element_register() && key_element_register() && uri
                ? stage_build(&job->stage, text)
                : failure_set(&job->failure, "internal", "An element cannot be made.");
    if (r == 0) {
        g_object_set(part(job, "in"), "uri", uri, NULL);
        g_object_set(part(job, "out"), "location", to, NULL);
        g_object_set(part(job, "mux"), "faststart-file", moved, NULL);
        film_streams_join(job->stage.pipeline);
        GstPad *pad = gst_element_get_static_pad(part(job, "key"), "src");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, reached, job, NULL);
        gst_object_unref(pad);
        r = stage_run(&job->stage);
    }
    if (r == 0 && !key_element_found(part(job, "key"))) {
        char *complaint = key_element_complaint(part(job, "key"));
        r = failure_set(&job->failure, "no_green_screen", "%s", complaint);
        g_free(complaint);
    }
    g_unlink(moved);
    g_free(moved);
    g_free(uri);
    g_free(text);
    return r;
}

static int run(struct job *job) {
    const struct picture *picture = &job->probe.picture;
    if (elements_check(ELEMENT_COMPILE, &job->failure) < 0 ||
        key_check(job->options.key, &job->failure) < 0 ||
        probe_file(job->options.in, &job->probe, &job->failure) < 0 ||
        bounds_check_picture(picture->width, picture->height, &job->failure) < 0 ||
        bounds_check_length(job->probe.duration, &job->failure) < 0) {
        return -1;
    }
    if (!fit_keyed_ladder(picture, &job->ladder) || job->ladder.rungs[0].width < KEY_SIDE_MIN ||
        job->ladder.rungs[0].height < KEY_SIDE_MIN) {
        return failure_set(&job->failure, "too_small",
                           "The picture is too small to show (%u by %u pixels).", picture->width,
                           picture->height);
    }
    job->stage.duration = job->probe.duration;
    char *half = g_strconcat(job->options.out, ".part", NULL);
    int r = cut_out(job, half);
    if (r == 0 && g_rename(half, job->options.out) < 0) {
        r = failure_set(&job->failure, "cannot_write", "%s cannot be written.", job->options.out);
    }
    g_unlink(half);
    g_free(half);
    return r;
}

static int enclose(const struct options *options, struct failure *failure) {
    char *out = g_canonicalize_filename(options->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {.read = {options->in}, .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

int key_main(int argc, char **argv) {
    struct job job = {0};
    if (!parse(argc, argv, &job.options)) {
        return 2;
    }
    job.stage = (struct stage){
        .name = "video", .to = 1, .failure = &job.failure, .job_started = g_get_monotonic_time()};
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = enclose(&job.options, &job.failure);
    if (r == 0) {
        control_watch(stage_stop, NULL);
        r = run(&job);
    }
    if (r < 0) {
        report_failed(&job.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", job.failure.message);
    } else {
        struct manifest_matte layout;
        key_layout(job.ladder.rungs[0].width, job.ladder.rungs[0].height, &layout);
        manifest_report_matte(&layout);
        report_ready(job.end);
    }
    stage_clear(&job.stage);
    return r < 0 ? 1 : 0;
}
