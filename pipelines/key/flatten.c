#include "key/flatten.h"

#include "input/bounds.h"
#include "input/probe.h"
#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/stage.h"
#include "key/film_streams.h"
#include "key/flatten_element.h"
#include "key/key_layout.h"

#include <getopt.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <sys/resource.h>

#define NICENESS 10 /* live media on the same machine goes first */

struct job {
    const char *in, *out;
    struct probe probe;
    struct stage stage;
    struct failure failure;
    double end; /* seconds */
};

static bool parse(int argc, char **argv, struct job *job) {
    static const struct option table[] = {{"out", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        if (c != 'o') {
            return false;
        }
        job->out = optarg;
    }
    job->in = optind + 1 == argc ? argv[optind] : NULL;
    return job->in && job->out;
}

static const char description[] =
    "uridecodebin name=in caps=\"video/x-raw;audio/x-raw;"
    "audio/mpeg,mpegversion=4,framed=true\" "
    "mp4mux name=mux faststart=true ! filesink name=out "
    "videoconvert name=entry ! video/x-raw,format=I420 ! parlourflatten name=flat ! "
    "x264enc pass=qual quantizer=21 speed-preset=veryfast bframes=0 key-int-max=60 ! h264parse ! "
    "queue max-size-time=0 max-size-bytes=0 ! mux. ";

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

static int lay_flat(struct job *job, const char *to) {
    char *moved = g_strconcat(to, ".moov", NULL); /* where the mp4 is put in order */
    char *uri = gst_filename_to_uri(job->in, NULL);
    int r = flatten_element_register() && uri
                ? stage_build(&job->stage, description)
                : failure_set(&job->failure, "internal", "An element cannot be made.");
    if (r == 0) {
        g_object_set(part(job, "in"), "uri", uri, NULL);
        g_object_set(part(job, "out"), "location", to, NULL);
        g_object_set(part(job, "mux"), "faststart-file", moved, NULL);
        film_streams_join(job->stage.pipeline);
        GstPad *pad = gst_element_get_static_pad(part(job, "flat"), "src");
        gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, reached, job, NULL);
        gst_object_unref(pad);
        r = stage_run(&job->stage);
    }
    g_unlink(moved);
    g_free(moved);
    g_free(uri);
    return r;
}

/* The height of a stacked picture is that of two halves and their guard band. */
static bool is_stacked(const struct picture *p) {
    unsigned height = key_person_height(p->height);
    return height >= KEY_SIDE_MIN && p->width >= KEY_SIDE_MIN &&
           2 * height + key_guard_rows(height) == p->height && height % 2 == 0 && p->width % 2 == 0;
}

static int run(struct job *job) {
    if (elements_check(ELEMENT_COMPILE, &job->failure) < 0 ||
        probe_file(job->in, &job->probe, &job->failure) < 0 ||
        bounds_check_length(job->probe.duration, &job->failure) < 0) {
        return -1;
    }
    if (!is_stacked(&job->probe.picture)) {
        return failure_set(&job->failure, "not_stacked",
                           "This film is not one of colour above matte (%u by %u pixels): make one "
                           "with “parlour-pipeline key”.",
                           job->probe.picture.width, job->probe.picture.height);
    }
    job->stage.duration = job->probe.duration;
    char *half = g_strconcat(job->out, ".part", NULL);
    int r = lay_flat(job, half);
    if (r == 0 && g_rename(half, job->out) < 0) {
        r = failure_set(&job->failure, "cannot_write", "%s cannot be written.", job->out);
    }
    g_unlink(half);
    g_free(half);
    return r;
}

static int enclose(const struct job *job, struct failure *failure) {
    char *out = g_canonicalize_filename(job->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {.read = {job->in}, .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

int flatten_main(int argc, char **argv) {
    struct job job = {0};
    if (!parse(argc, argv, &job)) {
        return 2;
    }
    job.stage = (struct stage){
        .name = "video", .to = 1, .failure = &job.failure, .job_started = g_get_monotonic_time()};
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = enclose(&job, &job.failure);
    if (r == 0) {
        control_watch(stage_stop, NULL);
        r = run(&job);
    }
    if (r < 0) {
        report_failed(&job.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", job.failure.message);
    } else {
        report_ready(job.end);
    }
    stage_clear(&job.stage);
    return r < 0 ? 1 : 0;
}
