#include "compile/thumbs.h"

#include "input/decoding.h"
#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/stage.h"
#include "job/workplace.h"
#include "presentation/poster.h"
#include "presentation/storyboard.h"

#include <getopt.h>
#include <stdio.h>
#include <sys/resource.h>

#define NICENESS 10

struct thumbs {
    const char *in, *out;
    struct poster poster;
    struct storyboard storyboard;
    struct stage *stage;
    double end;
};

static bool parse(int argc, char **argv, struct thumbs *ret) {
    static const struct option table[] = {{"out", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        if (c != 'o') {
            return false;
        }
        ret->out = optarg;
    }
    ret->in = optind + 1 == argc ? argv[optind] : NULL;
    return ret->in && ret->out;
}

static GstPadProbeReturn look(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    struct thumbs *t = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstClockTime time = GST_BUFFER_PTS(buffer);
    GstCaps *caps = gst_pad_get_current_caps(pad);
    poster_consider(&t->poster, buffer, caps, time);
    storyboard_consider(&t->storyboard, buffer, caps, time);
    gst_clear_caps(&caps);
    if (GST_CLOCK_TIME_IS_VALID(time)) {
        GstClockTime length =
            GST_BUFFER_DURATION_IS_VALID(buffer) ? GST_BUFFER_DURATION(buffer) : 0;
        t->end = (double)(time + length) / GST_SECOND;
        stage_reach(t->stage, time);
    }
    return GST_PAD_PROBE_OK;
}

static int watch(struct thumbs *t, const struct probe *probe) {
    char *text = g_strdup_printf("uridecodebin name=in videoconvert name=entry ! videoflip "
                                 "video-direction=%s ! videoconvert ! video/x-raw,format=I420 ! "
                                 "fakesink name=seen sync=false",
                                 probe->turn);
    int r = stage_build(t->stage, text);
    g_free(text);
    if (r < 0) {
        return r;
    }
    decoding_connect(t->stage->pipeline, t->in, probe, "entry", NULL);
    GstElement *seen = gst_bin_get_by_name(GST_BIN(t->stage->pipeline), "seen");
    GstPad *pad = gst_element_get_static_pad(seen, "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, look, t, NULL);
    gst_object_unref(pad);
    gst_object_unref(seen);
    return stage_run(t->stage);
}

static int save(struct thumbs *t, const char *directory, struct failure *failure) {
    char *poster = g_build_filename(directory, "poster.jpg", NULL);
    int r = poster_write(&t->poster, poster);
    g_free(poster);
    r = r < 0 ? r : storyboard_write(&t->storyboard, directory, t->end);
    return r < 0 ? failure_set(failure, "cannot_write", "The pictures cannot be written.") : 0;
}

static int run(struct thumbs *t, struct failure *failure) {
    struct probe probe;
    struct workplace workplace = {0};
    if (probe_file(t->in, &probe, failure) < 0 || workplace_open(&workplace, t->out, failure) < 0) {
        return -1;
    }
    struct stage stage = {.name = "video",
                          .to = 1,
                          .duration = probe.duration,
                          .job_started = g_get_monotonic_time(),
                          .failure = failure};
    t->stage = &stage;
    poster_init(&t->poster, probe.duration);
    storyboard_init(&t->storyboard, probe.duration);
    int r = watch(t, &probe);
    r = r < 0 ? r : save(t, workplace.temporary, failure);
    r = r < 0 ? r : workplace_commit(&workplace, failure);
    stage_clear(&stage);
    workplace_clear(&workplace);
    return r;
}

static int enclose(const struct thumbs *t, struct failure *failure) {
    char *out = g_canonicalize_filename(t->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {.read = {t->in}, .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

int thumbs_main(int argc, char **argv) {
    struct thumbs *t = g_new0(struct thumbs, 1);
    struct failure failure = {0};
    if (!parse(argc, argv, t)) {
        g_free(t);
        return 2;
    }
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = enclose(t, &failure);
    if (r == 0) {
        control_watch(stage_stop, NULL);
        r = run(t, &failure);
    }
    if (r < 0) {
        report_failed(&failure);
        fprintf(stderr, "parlour-pipeline: %s\n", failure.message);
    } else {
        report_ready(t->end);
    }
    poster_clear(&t->poster);
    storyboard_clear(&t->storyboard);
    g_free(t);
    return r < 0 ? 1 : 0;
}
