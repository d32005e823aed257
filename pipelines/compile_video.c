#include "compile_video.h"

#include "decoding.h"
#include "poster.h"
#include "rung_sink.h"

#define CLOCK 90000
#define KEY_SECONDS 2
#define BITRATE_720P 2200.0 /* kbit/s, the ceiling for 1280×720 at 30 frames a second */
#define BITRATE_MIN 250.0
#define THREADS_MAX                                                                                \
    4 /* of each encoder; VP8 (the same bytes whatever it is) gains little by more */

/* What the frames pass before they are encoded twice: the one place that decides where key frames
 * go, so that both rungs have them at the same times. */
struct gate {
    struct poster poster;
    uint64_t frames, key_every;
};

static GstPadProbeReturn pass(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    struct gate *gate = data;
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    if (gate->frames > 0 && gate->frames % gate->key_every == 0) {
        gst_pad_push_event(pad,
                           gst_video_event_new_downstream_force_key_unit(
                               GST_BUFFER_PTS(buffer), GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE,
                               TRUE, (guint)(gate->frames / gate->key_every)));
    }
    GstCaps *caps = gst_pad_get_current_caps(pad);
    poster_consider(&gate->poster, buffer, caps, GST_BUFFER_PTS(buffer));
    gst_clear_caps(&caps);
    gate->frames++;
    return GST_PAD_PROBE_OK;
}

static int bitrate_for(const struct fit *fit) {
    double share = (double)fit->width * fit->height / (1280.0 * 720.0);
    double rate = BITRATE_720P * share;
    return (int)(rate > BITRATE_MIN ? rate : BITRATE_MIN);
}

/* BT.601: what a VP8 picture is by definition (RFC 6386 §9.2); H.264 says it in its VUI. */
static char *describe(const struct probe *probe, const struct fit *fit) {
    int rate = bitrate_for(fit);
    guint threads = CLAMP(g_get_num_processors(), 2, THREADS_MAX);
    return g_strdup_printf(
        "uridecodebin name=in videorate name=entry ! video/x-raw,framerate=%u/%u ! videoconvert ! "
        "videoflip method=%s ! videoscale add-borders=false ! videoconvert ! "
        "capsfilter name=gate caps=video/x-raw,format=I420,width=%u,height=%u,"
        "pixel-aspect-ratio=1/1,framerate=%u/%u,colorimetry=bt601 ! tee name=t "
        "t. ! queue max-size-buffers=12 max-size-bytes=0 max-size-time=0 ! "
        "x264enc pass=qual quantizer=23 bitrate=%d vbv-buf-capacity=1500 speed-preset=veryfast "
        "bframes=0 "
        "ref=2 key-int-max=100000 byte-stream=true threads=%u "
        "option-string=scenecut=0:open-gop=0:force-cfr=1 ! "
        "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! "
        "appsink name=h264 "
        "t. ! queue max-size-buffers=12 max-size-bytes=0 max-size-time=0 ! "
        "vp8enc target-bitrate=%d end-usage=cq cq-level=18 min-quantizer=4 max-quantizer=56 "
        "deadline=1000000 cpu-used=5 threads=%u token-partitions=1 keyframe-mode=disabled "
        "keyframe-max-dist=100000 auto-alt-ref=false lag-in-frames=0 static-threshold=100 ! "
        "appsink name=vp8",
        fit->fps_n, fit->fps_d, probe->turn, fit->width, fit->height, fit->fps_n, fit->fps_d, rate,
        threads, rate * 1000, threads);
}

static void name_rung(struct manifest *manifest, const char *file, const char *codec,
                      const char *profile, const struct rung_sink *sink) {
    struct manifest_rung *rung = &manifest->rungs[manifest->rung_count++];
    *rung = (struct manifest_rung){.kind = "video",
                                   .codec = codec,
                                   .profile = profile,
                                   .width = sink->format.width,
                                   .height = sink->format.height};
    g_strlcpy(rung->file, file, sizeof(rung->file));
    rung->bitrate = (uint32_t)(rung_writer_payload_bytes(sink->writer) * 8 * CLOCK /
                               (sink->end ? sink->end : 1));
}

static int run(const char *path, const struct probe *probe, const struct fit *fit,
               const char *directory, struct stage *stage, struct gate *gate,
               struct rung_sink *h264, struct rung_sink *vp8) {
    char *description = describe(probe, fit);
    int r = stage_build(stage, description);
    g_free(description);
    if (r < 0) {
        return r;
    }
    decoding_connect(stage->pipeline, path, probe, "entry", NULL);
    GstElement *element = gst_bin_get_by_name(GST_BIN(stage->pipeline), "gate");
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, pass, gate, NULL);
    gst_object_unref(pad);
    gst_object_unref(element);
    struct rung_format format = {.codec = CODEC_H264,
                                 .clock_rate = CLOCK,
                                 .speed_percent = 100,
                                 .width = fit->width,
                                 .height = fit->height};
    r = rung_sink_open(h264, directory, "video-h264.rung", &format, stage, "h264");
    format.codec = CODEC_VP8;
    r = r < 0 ? r : rung_sink_open(vp8, directory, "video-vp8.rung", &format, stage, "vp8");
    return r < 0 ? r : stage_run(stage);
}

static int finish(const char *directory, struct stage *stage, struct gate *gate,
                  struct manifest *manifest, struct rung_sink *h264, struct rung_sink *vp8) {
    if (rung_writer_frames(h264->writer) != rung_writer_frames(vp8->writer) ||
        !rung_writer_keys_agree(h264->writer, vp8->writer)) {
        return failure_set(stage->failure, "internal", "The two renditions came out of step.");
    }
    if (rung_sink_finish(h264, h264->end) < 0 || rung_sink_finish(vp8, h264->end) < 0) {
        return -1;
    }
    name_rung(manifest, "video-h264.rung", "h264", "42e01f", h264);
    name_rung(manifest, "video-vp8.rung", "vp8", NULL, vp8);
    char *poster = g_build_filename(directory, "poster.jpg", NULL);
    manifest->poster = poster_write(&gate->poster, poster) == 0;
    g_free(poster);
    manifest->width = h264->format.width;
    manifest->height = h264->format.height;
    return 0;
}

int compile_video(const char *path, const struct probe *probe, const char *directory,
                  struct stage *stage, struct manifest *manifest, double *ret_end) {
    struct fit fit;
    if (!fit_picture(&probe->picture, &fit)) {
        return failure_set(stage->failure, "too_small",
                           "The picture is too small to show (%u by %u pixels).",
                           probe->picture.width, probe->picture.height);
    }
    struct rung_sink h264 = {0}, vp8 = {0};
    struct gate gate = {.key_every = (uint64_t)KEY_SECONDS * fit.fps_n / fit.fps_d};
    poster_init(&gate.poster, probe->duration);
    int r = run(path, probe, &fit, directory, stage, &gate, &h264, &vp8);
    if (r == 0) {
        r = finish(directory, stage, &gate, manifest, &h264, &vp8);
    }
    if (r == 0) {
        *ret_end = (double)h264.end / CLOCK;
    }
    stage_clear(stage);
    rung_sink_clear(&h264);
    rung_sink_clear(&vp8);
    poster_clear(&gate.poster);
    return r;
}
