#include "compile_audio.h"

#include "decoding.h"
#include "rung_sink.h"

#include <stdio.h>

#define CLOCK 48000
#define BITRATE_NORMAL 96000
#define BITRATE_STRETCHED 64000

static const uint32_t speeds[] = {100, 50, 75, 125, 150, 200};
#define SPEED_COUNT G_N_ELEMENTS(speeds)

/* audiorate fills holes, also the one before the first sample, so that sample n is at n / 48000 s.
 */
static char *describe(void) {
    GString *text = g_string_new(
        "uridecodebin name=in audioconvert name=entry ! audioresample ! audiorate ! "
        "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved ! tee name=t ");
    for (size_t i = 0; i < SPEED_COUNT; i++) {
        bool normal = speeds[i] == 100;
        g_string_append(
            text, "t. ! queue max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000 ! ");
        if (!normal) {
            g_string_append_printf(text, "pitch tempo=%u.%02u ! ", speeds[i] / 100,
                                   speeds[i] % 100);
        }
        g_string_append_printf(text,
                               "audioconvert ! opusenc frame-size=20 bitrate=%d bitrate-type=vbr "
                               "complexity=5 ! appsink name=a%u ",
                               normal ? BITRATE_NORMAL : BITRATE_STRETCHED, speeds[i]);
    }
    return g_string_free(text, FALSE);
}

static void name_rung(struct manifest *manifest, const struct rung_sink *sink) {
    struct manifest_rung *rung = &manifest->rungs[manifest->rung_count++];
    *rung = (struct manifest_rung){
        .kind = "audio", .codec = "opus", .speed = sink->format.speed_percent};
    snprintf(rung->file, sizeof(rung->file), "audio-%u.rung", rung->speed);
    rung->bitrate = (uint32_t)(rung_writer_payload_bytes(sink->writer) * 8 * CLOCK /
                               (sink->end ? sink->end : 1));
}

static int run(const char *path, const struct probe *probe, const char *directory,
               struct stage *stage, struct rung_sink *sinks) {
    char *description = describe();
    int r = stage_build(stage, description);
    g_free(description);
    if (r == 0) {
        decoding_connect(stage->pipeline, path, probe, NULL, "entry");
    }
    for (size_t i = 0; i < SPEED_COUNT && r == 0; i++) {
        char file[32], element[16];
        snprintf(file, sizeof(file), "audio-%u.rung", speeds[i]);
        snprintf(element, sizeof(element), "a%u", speeds[i]);
        struct rung_format format = {
            .codec = CODEC_OPUS, .clock_rate = CLOCK, .speed_percent = speeds[i]};
        r = rung_sink_open(&sinks[i], directory, file, &format, stage, element);
    }
    return r < 0 ? r : stage_run(stage);
}

int compile_audio(const char *path, const struct probe *probe, const char *directory,
                  struct stage *stage, struct manifest *manifest, double *ret_end) {
    struct rung_sink sinks[SPEED_COUNT] = {0};
    int r = run(path, probe, directory, stage, sinks);
    for (size_t i = 0; i < SPEED_COUNT && r == 0; i++) {
        r = rung_sink_finish(&sinks[i], sinks[i].end);
        if (r == 0) {
            name_rung(manifest, &sinks[i]);
        }
    }
    if (r == 0) {
        *ret_end = (double)sinks[0].end / CLOCK;
    }
    stage_clear(stage);
    for (size_t i = 0; i < SPEED_COUNT; i++) {
        rung_sink_clear(&sinks[i]);
    }
    return r;
}
