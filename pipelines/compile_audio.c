#include "compile_audio.h"

#include "decoding.h"
#include "limiter.h"
#include "loudness.h"
#include "rung_sink.h"
#include "sound.h"

#include <math.h>
#include <stdio.h>

#define CLOCK SOUND_RATE
#define BITRATE_NORMAL 96000
#define BITRATE_STRETCHED 64000
#define BITRATE_AAC 128000
/* Samples that libopus answers late with (RFC 7845 §4.2 calls them pre-skip). Over RTP nobody takes
 * them off again, so they are taken from the start of what it is given. */
#define OPUS_LOOKAHEAD 312
#define FRAME_BYTES 8 /* stereo, 32 bits */

static const uint32_t speeds[] = {100, 50, 75, 125, 150, 200};
#define SPEED_COUNT G_N_ELEMENTS(speeds)

static char *describe(void) {
    const char *queue = "queue max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000";
    GString *text = g_string_new("uridecodebin name=in " SOUND_CHAIN "! identity name=level ! tee "
                                 "name=t ");
    for (size_t i = 0; i < SPEED_COUNT; i++) {
        bool normal = speeds[i] == 100;
        g_string_append_printf(text, "t. ! %s ! ", queue);
        if (!normal) {
            g_string_append_printf(text, "pitch tempo=%u.%02u ! ", speeds[i] / 100,
                                   speeds[i] % 100);
        }
        g_string_append_printf(text,
                               "identity name=skip%u ! audioconvert ! opusenc frame-size=20 "
                               "bitrate=%d bitrate-type=vbr complexity=%d ! appsink name=a%u ",
                               speeds[i], normal ? BITRATE_NORMAL : BITRATE_STRETCHED,
                               normal ? 5 : 3, speeds[i]);
    }
    g_string_append_printf(text,
                           "t. ! %s ! audioconvert ! avenc_aac aac-coder=fast bitrate=%d ! "
                           "audio/mpeg,mpegversion=4,stream-format=raw ! appsink name=aac",
                           queue, BITRATE_AAC);
    return g_string_free(text, FALSE);
}

/* Takes the first `frames` away and moves what follows to their time. */
struct skip {
    guint64 frames, left;
};

static GstPadProbeReturn skip(struct skip *s, GstBuffer **buffer) {
    gsize size = gst_buffer_get_size(*buffer);
    gsize drop = (gsize)MIN((guint64)size, s->left * FRAME_BYTES);
    s->left -= drop / FRAME_BYTES;
    if (drop == size) {
        return GST_PAD_PROBE_DROP;
    }
    *buffer = gst_buffer_make_writable(*buffer);
    GstClockTime before = gst_util_uint64_scale(s->frames, GST_SECOND, CLOCK);
    GstClockTime pts = GST_BUFFER_PTS(*buffer);
    if (drop > 0) { /* PTS of a buffer whose start is cut stays the PTS of what came before it */
        pts += gst_util_uint64_scale(drop / FRAME_BYTES, GST_SECOND, CLOCK);
        gst_buffer_resize(*buffer, (gssize)drop, (gssize)(size - drop));
        GST_BUFFER_DURATION(*buffer) =
            gst_util_uint64_scale((size - drop) / FRAME_BYTES, GST_SECOND, CLOCK);
    }
    GST_BUFFER_PTS(*buffer) = pts > before ? pts - before : 0;
    GST_BUFFER_OFFSET(*buffer) = GST_BUFFER_OFFSET_END(*buffer) = GST_BUFFER_OFFSET_NONE;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn skip_lookahead(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstPadProbeReturn r = skip(data, &buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return r;
}

struct level {
    struct limiter limiter;
    struct skip skip;
};

static GstPadProbeReturn set_level(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    (void)pad;
    struct level *level = data;
    GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    GstMapInfo map;
    if (gst_buffer_map(buffer, &map, GST_MAP_READWRITE)) {
        limiter_run(&level->limiter, (float *)(void *)map.data, map.size / FRAME_BYTES);
        gst_buffer_unmap(buffer, &map);
    }
    GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_GAP);
    GstPadProbeReturn r = skip(&level->skip, &buffer);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return r;
}

static void probe_element(GstElement *pipeline, const char *name, GstPadProbeCallback callback,
                          gpointer data) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), name);
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, NULL);
    gst_object_unref(pad);
    gst_object_unref(element);
}

static void name_rung(struct manifest *manifest, const struct rung_sink *sink) {
    struct manifest_rung *rung = &manifest->rungs[manifest->rung_count++];
    *rung = (struct manifest_rung){
        .kind = "audio", .codec = "opus", .speed = sink->format.speed_percent};
    snprintf(rung->file, sizeof(rung->file), "audio-%u.rung", rung->speed);
    rung->bitrate = (uint32_t)(rung_writer_payload_bytes(sink->writer) * 8 * CLOCK /
                               (sink->end ? sink->end : 1));
}

struct work {
    struct rung_sink sinks[SPEED_COUNT];
    struct skip skips[SPEED_COUNT];
    struct level level;
};

static void set_up(struct work *work, const struct survey *survey, GstElement *pipeline) {
    limiter_init(&work->level.limiter, pow(10, survey->gain_db / 20),
                 pow(10, LOUDNESS_CEILING / 20));
    work->level.skip = (struct skip){LIMITER_DELAY, LIMITER_DELAY};
    probe_element(pipeline, "level", set_level, &work->level);
    for (size_t i = 0; i < SPEED_COUNT; i++) {
        char name[16];
        snprintf(name, sizeof(name), "skip%u", speeds[i]);
        work->skips[i] = (struct skip){OPUS_LOOKAHEAD, OPUS_LOOKAHEAD};
        probe_element(pipeline, name, skip_lookahead, &work->skips[i]);
    }
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
    for (size_t i = 0; i < SPEED_COUNT && r == 0; i++) {
        char file[32], element[16];
        snprintf(file, sizeof(file), "audio-%u.rung", speeds[i]);
        snprintf(element, sizeof(element), "a%u", speeds[i]);
        struct rung_format format = {
            .codec = CODEC_OPUS, .clock_rate = CLOCK, .speed_percent = speeds[i]};
        r = rung_sink_open(&work->sinks[i], directory, file, &format, stage, element);
    }
    return r < 0 ? r : stage_run(stage);
}

int compile_audio(const char *path, const struct probe *probe, const struct survey *survey,
                  const char *directory, struct stage *stage, struct manifest *manifest,
                  struct aac_sink *aac, double *ret_end) {
    struct work *work = g_new0(struct work, 1);
    int r = run(path, probe, survey, directory, stage, work, aac);
    for (size_t i = 0; i < SPEED_COUNT && r == 0; i++) {
        r = rung_sink_finish(&work->sinks[i], work->sinks[i].end);
        if (r == 0) {
            name_rung(manifest, &work->sinks[i]);
        }
    }
    if (r == 0) {
        *ret_end = (double)work->sinks[0].end / CLOCK;
        r = aac_sink_finish(aac);
    }
    stage_clear(stage);
    for (size_t i = 0; i < SPEED_COUNT; i++) {
        rung_sink_clear(&work->sinks[i]);
    }
    g_free(work);
    return r;
}
