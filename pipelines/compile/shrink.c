#include "compile/shrink.h"

#include "input/colour_element.h"
#include "input/decoding.h"
#include "input/fit.h"

#include <stdint.h>

#define AREA_MAX (4096u * 2304u)

bool shrink_needed(const struct probe *probe) {
    return probe->has_picture && !probe->interlaced &&
           (uint64_t)probe->picture.width * probe->picture.height > AREA_MAX;
}

static GstPadProbeReturn count(GstPad *pad, GstPadProbeInfo *info, gpointer stage) {
    (void)pad;
    stage_reach(stage, GST_BUFFER_PTS(GST_PAD_PROBE_INFO_BUFFER(info)));
    return GST_PAD_PROBE_OK;
}

static char *describe(uint32_t width, uint32_t height) {
    return g_strdup_printf(
        "uridecodebin name=in videoconvert name=entry ! "
        "video/x-raw,format=(string){I420,I420_10LE,I420_12LE} ! videoscale add-borders=false ! "
        "video/x-raw,width=%u,height=%u,pixel-aspect-ratio=1/1 ! parlourcolour ! "
        "identity name=small ! "
        "x264enc pass=quant quantizer=6 speed-preset=ultrafast tune=zerolatency bframes=0 "
        "key-int-max=60 threads=2 ! video/x-h264,profile=high,stream-format=avc ! "
        "matroskamux ! filesink name=file",
        width, height);
}

static int run(const char *path, const struct probe *probe, const char *to, uint64_t area,
               struct stage *stage) {
    GstElement *file = gst_bin_get_by_name(GST_BIN(stage->pipeline), "file");
    GstElement *small = gst_bin_get_by_name(GST_BIN(stage->pipeline), "small");
    GstPad *pad = gst_element_get_static_pad(small, "src");
    g_object_set(file, "location", to, NULL);
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count, stage, NULL);
    gst_object_unref(pad);
    gst_object_unref(small);
    gst_object_unref(file);
    decoding_connect(stage->pipeline, path, probe, "entry", NULL);
    decoding_hold(stage->pipeline, "small", 0);
    decoding_pass(stage->pipeline, area);
    return stage_run(stage);
}

int shrink_film(const char *path, const struct probe *probe, const char *to, struct stage *stage,
                struct probe *ret) {
    struct fit_ladder ladder;
    struct probe small;
    if (!fit_ladder(&probe->picture, &ladder)) {
        return failure_set(stage->failure, "too_small", "The picture is too narrow to show.");
    }
    const struct fit_rung *top = &ladder.rungs[0];
    bool turned = probe->picture.turned;
    char *description =
        describe(turned ? top->height : top->width, turned ? top->width : top->height);
    int r = colour_element_register()
                ? stage_build(stage, description)
                : failure_set(stage->failure, "internal", "An element cannot be made.");
    g_free(description);
    r = r < 0 ? r : run(path, probe, to, (uint64_t)top->width * top->height, stage);
    stage_clear(stage);
    r = r < 0 ? r : probe_file(to, &small, stage->failure);
    if (r == 0) {
        *ret = *probe;
        g_strlcpy(ret->video_id, small.video_id, sizeof(ret->video_id));
        ret->picture = small.picture;
        ret->picture.turned = turned;
        ret->picture.fps_n = probe->picture.fps_n;
        ret->picture.fps_d = probe->picture.fps_d;
    }
    return r;
}
