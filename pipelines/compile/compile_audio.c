#include "compile/compile_audio.h"

#include "input/decoding.h"
#include "input/limiter.h"
#include "input/loudness.h"
#include "input/sound.h"
#include "presentation/speeds.h"

#include <math.h>
#include <stdio.h>

#define BITRATE_AAC 128000

static const uint32_t speeds[] = {100, 50, 75, 125, 150, 200};
#define SPEED_COUNT G_N_ELEMENTS(speeds)

static char *describe(void) {
    GString *text = g_string_new("uridecodebin name=in " SOUND_CHAIN "! identity name=level ! tee "
                                 "name=t ");
    speeds_describe(speeds, SPEED_COUNT, text);
    g_string_append_printf(text,
                           "t. ! " SPEEDS_QUEUE " ! audioconvert ! avenc_aac aac-coder=fast "
                           "bitrate=%d ! audio/mpeg,mpegversion=4,stream-format=raw ! "
                           "appsink name=aac",
                           BITRATE_AAC);
    return g_string_free(text, FALSE);
}

struct level {
    struct limiter limiter;
    struct speeds_skip skip;
};

static GstPadProbeReturn set_level(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct level *level = data;
    GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READWRITE)) {
        limiter_run(&level->limiter, (float *)(void *)map.data, map.size / SPEEDS_FRAME_BYTES);
        gst_buffer_unmap(buffer, &map);
    }
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_GAP);
    GstPadProbeReturn r = speeds_skip(&level->skip, &buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return r;
}

struct work {
    struct speeds speeds;
    struct level level;
};

static void set_up(struct work *work, const struct survey *survey, GstElement *pipeline) {
    limiter_init(&work->level.limiter, pow(10, survey->gain_db / 20),
                 pow(10, LOUDNESS_CEILING / 20));
    work->level.skip = (struct speeds_skip){LIMITER_DELAY, LIMITER_DELAY};
    speeds_probe(pipeline, "level", set_level, &work->level);
}

static int run(const char *path, const struct probe *probe, const struct survey *survey,
               const char *directory, struct stage *stage, struct work *work,
               struct aac_sink *aac) {
    char *description = describe();
    int r = stage_build(stage, description);
    g_free(description);
    if (r == 0) {
        decoding_connect(stage->pipeline, path, probe, NULL, "entry");
        set_up(work, survey, stage->pipeline);
        r = aac_sink_open(aac, directory, stage, "aac");
    }
    r = r < 0 ? r : speeds_open(&work->speeds, speeds, SPEED_COUNT, directory, stage);
    return r < 0 ? r : stage_run(stage);
}

int compile_audio(const char *path, const struct probe *probe, const struct survey *survey,
                  const char *directory, struct stage *stage, struct manifest *manifest,
                  struct aac_sink *aac, double *ret_end) {
    struct work *work = g_new0(struct work, 1);
    int r = run(path, probe, survey, directory, stage, work, aac);
    r = r < 0 ? r : speeds_finish(&work->speeds, manifest);
    if (r == 0) {
        *ret_end = (double)work->speeds.sinks[0].end / SOUND_RATE;
        r = aac_sink_finish(aac);
    }
    stage_clear(stage);
    speeds_clear(&work->speeds);
    g_free(work);
    return r;
}
