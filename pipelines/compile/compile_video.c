#include "compile/compile_video.h"

#include "input/colour_element.h"
#include "input/decoding.h"
#include "key/key_element.h"
#include "key/key_layout.h"
#include "presentation/film.h"
#include "presentation/hls.h"
#include "presentation/poster.h"
#include "presentation/rung_sink.h"
#include "presentation/storyboard.h"

#include <errno.h>
#include <stdio.h>

#define CLOCK 90000
#define KEY_SECONDS 2
#define BITRATE_720P 2200.0 /* kbit/s, the ceiling for 1280×720 at 30 frames a second */
#define BITRATE_MIN 250.0
#define THREADS_MAX 4      /* of the VP8 encoder (the same bytes whatever it is) */
#define THREADS_MAX_H264 4 /* of the largest; 2 of the others */
#define QUANTIZER 23
#define QUANTIZER_KEYED 25
/* What is made for eyes blurs a matte: its flat parts are to be flat, and its edges true. */
#define KEYED ":psy=0:aq-mode=0:mbtree=0"
#define LOOK_AHEAD 5 /* pictures */
#define LOOK_AHEAD_LARGE 3
#define STILL_FPS 5
#define LARGE_TIMES 2               /* the area of the largest rung */
#define LOOK_EVERY (GST_SECOND / 2) /* at a keyed film, for the poster and the time line */
#define HOLE_MAX "600000000000"     /* ns: a longer one is a broken clock, and is left a hole */

/* What the frames pass before they are encoded: the one place that decides where key frames go, so
 * that all rungs have them at the same times. */
struct gate {
    struct poster poster;
    uint64_t frames, key_every;
    unsigned width, height; /* of the person's picture when it is keyed, else 0 */
    GstClockTime next_look;
    struct storyboard *storyboard;
};

struct job {
    const char *path, *directory;
    const struct probe *probe;
    const struct still_picture *still; /* or NULL */
    struct compile_key *key;           /* or NULL */
    struct fit_ladder ladder;          /* of what is encoded */
    struct fit_rung top;               /* what is taken from the file */
    bool large;                        /* the file's pictures have much more than that */
    double hold;                       /* seconds: the last picture stays at least until then */
    struct stage *stage;
    struct gate gate;
    struct storyboard storyboard;
    struct rung_sink h264[FIT_LADDER_MAX], vp8;
};

/* The stacked picture is for players; people see the person before a calm ground. */
static void look_at_person(struct gate *gate, GstBuffer *buffer, GstCaps *caps) {
    GstClockTime time = GST_BUFFER_PTS(buffer);
    GstCaps *flat_caps = NULL;
    if (time < gate->next_look) {
        return;
    }
    gate->next_look = time + LOOK_EVERY;
    GstBuffer *flat = key_element_flatten(buffer, caps, gate->width, gate->height, &flat_caps);
    if (flat) {
        poster_consider(&gate->poster, flat, flat_caps, time);
        storyboard_consider(gate->storyboard, flat, flat_caps, time);
        gst_buffer_unref(flat);
        gst_caps_unref(flat_caps);
    }
}

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
    if (gate->width > 0) {
        look_at_person(gate, buffer, caps);
    } else {
        poster_consider(&gate->poster, buffer, caps, GST_BUFFER_PTS(buffer));
    }
    gst_clear_caps(&caps);
    gate->frames++;
    return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn pass_small(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
    GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
    GstCaps *caps = gst_pad_get_current_caps(pad);
    storyboard_consider(data, buffer, caps, GST_BUFFER_PTS(buffer));
    gst_clear_caps(&caps);
    return GST_PAD_PROBE_OK;
}

static int bitrate_for(const struct fit_rung *rung) {
    double share = (double)rung->width * rung->height / (1280.0 * 720.0);
    double rate = BITRATE_720P * share;
    return (int)(rate > BITRATE_MIN ? rate : BITRATE_MIN);
}

static void describe_still(const struct job *job, GString *text) {
    unsigned frames = (unsigned)(job->still->seconds * STILL_FPS + 0.999);
    g_string_append_printf(text,
                           "filesrc name=still ! jpegdec ! imagefreeze num-buffers=%u ! "
                           "video/x-raw,framerate=%u/1 ! ",
                           frames > 0 ? frames : 1, STILL_FPS);
}

static void describe_rate(const struct job *job, GString *text) {
    g_string_append_printf(text,
                           "videorate name=rate max-duplication-time=" HOLE_MAX
                           " ! video/x-raw,framerate=%u/%u ! ",
                           job->ladder.fps_n, job->ladder.fps_d);
}

static void describe_size(const struct job *job, GString *text) {
    bool turned = job->probe->picture.turned;
    g_string_append_printf(text,
                           "videoconvert ! "
                           "video/x-raw,format=(string){I420,I420_10LE,I420_12LE} ! "
                           "videoscale add-borders=false ! "
                           "video/x-raw,width=%u,height=%u,pixel-aspect-ratio=1/1 ! ",
                           turned ? job->top.height : job->top.width,
                           turned ? job->top.width : job->top.height);
}

/* Pictures of the largest rung's size and the rungs' rate. Large ones are made small first: between
 * decoder and rate several stay at a time. */
static void describe_file(const struct job *job, GString *text) {
    g_string_append(text, "uridecodebin name=in ");
    if (job->probe->interlaced) {
        g_string_append(text, "videoconvert name=entry ! deinterlace method=yadif fields=top ! ");
    } else {
        g_string_append(text, "identity name=entry ! ");
    }
    if (job->large) {
        describe_size(job, text);
    }
    describe_rate(job, text);
    if (!job->large) {
        describe_size(job, text);
    }
}

/* From the file to upright pictures of the largest rung's size in BT.601: what a VP8 picture is by
 * definition (RFC 6386 §9.2); H.264 says it in its VUI. Sizes and colours change before the turn,
 * which then has the least to move. */
static void describe_source(const struct job *job, GString *text) {
    if (job->still) {
        describe_still(job, text);
        describe_size(job, text);
    } else {
        describe_file(job, text);
    }
    g_string_append(text, "parlourcolour ! ");
    if (!job->still && g_strcmp0(job->probe->turn, "identity") != 0) {
        g_string_append_printf(text, "videoflip video-direction=%s ! ", job->probe->turn);
    }
    if (job->key) {
        g_string_append_printf(text, "parlourkey name=key colour=%d patience=" KEY_PATIENCE " ! ",
                               job->key->colour);
    }
    /* No size here: videoflip swaps the sides only once pictures flow. */
    g_string_append(text, "capsfilter name=gate caps=video/x-raw,format=I420,colorimetry=bt601 ! "
                          "tee name=t0 ");
}

static void describe_queue(size_t from, GString *text) {
    g_string_append_printf(
        text, "t%zu. ! queue max-size-buffers=3 max-size-bytes=0 max-size-time=0 ! ", from);
}

/* Each thread and each picture looked ahead costs 10 to 20 MB at 1080. Where decoding needs much
 * memory itself there are fewer of them; on two cores the threads are the same. */
static void describe_h264(const struct job *job, size_t i, GString *text) {
    describe_queue(i, text);
    guint threads_max = i == 0 && !job->large ? THREADS_MAX_H264 : 2;
    guint threads = CLAMP(g_get_num_processors(), 2, threads_max);
    g_string_append_printf(
        text,
        "x264enc pass=qual quantizer=%d bitrate=%d vbv-buf-capacity=1500 speed-preset=veryfast "
        "bframes=0 ref=2 key-int-max=100000 byte-stream=true threads=%u sync-lookahead=0 "
        "rc-lookahead=%d option-string=scenecut=0:open-gop=0:force-cfr=1%s ! "
        "video/x-h264,profile=constrained-baseline,stream-format=byte-stream,alignment=au ! "
        "appsink name=h264-%zu ",
        job->key ? QUANTIZER_KEYED : QUANTIZER, bitrate_for(&job->ladder.rungs[i]), threads,
        job->large ? LOOK_AHEAD_LARGE : LOOK_AHEAD, job->key ? KEYED : "", i);
}

/* libvpx's threads wait for each other in a spin. Where other encoders want the same cores that is
 * most of the work: with two threads on two cores a film took 4 times as long. */
static void describe_vp8(const struct job *job, GString *text) {
    const struct fit_rung *rung = &job->ladder.rungs[job->ladder.small];
    describe_queue(job->ladder.small, text);
    g_string_append_printf(
        text,
        "vp8enc target-bitrate=%d end-usage=cq cq-level=18 min-quantizer=4 max-quantizer=56 "
        "deadline=1000000 cpu-used=5 threads=%u token-partitions=1 keyframe-mode=disabled "
        "keyframe-max-dist=100000 auto-alt-ref=false lag-in-frames=0 static-threshold=100 ! "
        "appsink name=vp8 ",
        bitrate_for(rung) * 1000, CLAMP(g_get_num_processors() / 4, 1, THREADS_MAX));
}

/* Decoded once; each size is made from the one above it. */
static char *describe(const struct job *job) {
    GString *text = g_string_new(NULL);
    describe_source(job, text);
    for (size_t i = 0; i < job->ladder.count; i++) {
        const struct fit_rung *rung = &job->ladder.rungs[i];
        if (i > 0) {
            describe_queue(i - 1, text);
            g_string_append_printf(text,
                                   "videoscale add-borders=false ! "
                                   "capsfilter name=size%zu caps=video/x-raw,width=%u,height=%u,"
                                   "pixel-aspect-ratio=1/1 ! tee name=t%zu ",
                                   i, rung->width, rung->height, i);
        }
        describe_h264(job, i, text);
    }
    describe_vp8(job, text);
    return g_string_free(text, FALSE);
}

static void watch(const struct job *job, const char *name, GstPadProbeCallback callback,
                  gpointer data) {
    GstElement *element = gst_bin_get_by_name(GST_BIN(job->stage->pipeline), name);
    GstPad *pad = gst_element_get_static_pad(element, "src");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, callback, data, NULL);
    gst_object_unref(pad);
    gst_object_unref(element);
}

static int open_rungs(struct job *job) {
    struct rung_format format = {.codec = CODEC_H264, .clock_rate = CLOCK, .speed_percent = 100};
    int r = 0;
    for (size_t i = 0; i < job->ladder.count && r == 0; i++) {
        const struct fit_rung *rung = &job->ladder.rungs[i];
        char file[64], hls[64], element[32];
        snprintf(file, sizeof(file), "video-h264-%u.rung", rung->name);
        snprintf(hls, sizeof(hls), "hls-%u.mp4", rung->name);
        snprintf(element, sizeof(element), "h264-%zu", i);
        format.width = rung->width;
        format.height = rung->height;
        r = rung_sink_open(&job->h264[i], job->directory, file, &format, job->stage, element);
        r = r < 0 ? r : rung_sink_add_cmaf(&job->h264[i], job->directory, hls);
    }
    format.codec = CODEC_VP8;
    format.width = job->ladder.rungs[job->ladder.small].width;
    format.height = job->ladder.rungs[job->ladder.small].height;
    return r < 0 ? r
                 : rung_sink_open(&job->vp8, job->directory, "video-vp8.rung", &format, job->stage,
                                  "vp8");
}

static int check_wall(struct job *job) {
    GstElement *key = gst_bin_get_by_name(GST_BIN(job->stage->pipeline), "key");
    int r = 0;
    if (!key_element_found(key)) {
        char *complaint = key_element_complaint(key);
        r = failure_set(job->stage->failure, "no_green_screen", "%s", complaint);
        g_free(complaint);
    }
    gst_object_unref(key);
    return r;
}

static int run(struct job *job) {
    char *description = describe(job);
    int r = colour_element_register() && key_element_register()
                ? stage_build(job->stage, description)
                : failure_set(job->stage->failure, "internal", "An element cannot be made.");
    g_free(description);
    if (r < 0) {
        return r;
    }
    char smallest[32] = "gate";
    if (job->ladder.count > 1) {
        snprintf(smallest, sizeof(smallest), "size%zu", job->ladder.count - 1);
    }
    if (job->still) {
        GstElement *still = gst_bin_get_by_name(GST_BIN(job->stage->pipeline), "still");
        g_object_set(still, "location", job->still->path, NULL);
        gst_object_unref(still);
    } else {
        decoding_connect(job->stage->pipeline, job->path, job->probe, "entry", NULL);
        decoding_hold(job->stage->pipeline, job->probe->interlaced ? "entry" : "rate", job->hold);
        if (job->large && !job->probe->interlaced) {
            decoding_pass(job->stage->pipeline, (uint64_t)job->top.width * job->top.height);
        }
    }
    watch(job, "gate", pass, &job->gate);
    if (!job->key) {
        watch(job, smallest, pass_small, &job->storyboard);
    }
    r = open_rungs(job);
    r = r < 0 ? r : stage_run(job->stage);
    return r < 0 || !job->key ? r : check_wall(job);
}

static void name_rung(struct manifest *manifest, const char *codec, const char *profile,
                      const struct rung_sink *sink, const char *file) {
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

static int finish_rungs(struct job *job) {
    const struct rung_sink *first = &job->h264[0];
    for (size_t i = 0; i <= job->ladder.count; i++) {
        struct rung_sink *sink = i < job->ladder.count ? &job->h264[i] : &job->vp8;
        if (rung_writer_frames(sink->writer) != rung_writer_frames(first->writer) ||
            !rung_writer_keys_agree(sink->writer, first->writer)) {
            return failure_set(job->stage->failure, "internal", "The renditions came out of step.");
        }
        if (rung_sink_finish(sink, first->end) < 0) {
            return -1;
        }
    }
    return 0;
}

static int saved(struct stage *stage, int error) {
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(stage->failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return error < 0 ? failure_set(stage->failure, "cannot_write",
                                   "The result cannot be written: %s.", g_strerror(-error))
                     : 0;
}

/* For players without WebRTC: the same frames once more. */
static int finish_films(struct job *job, struct aac_sink *sound, struct manifest *manifest) {
    if (aac_sink_extend(sound, (double)job->h264[0].end / CLOCK) < 0) {
        return -1;
    }
    struct hls hls = {.picture_count = job->ladder.count,
                      .sound = sound->cmaf,
                      .fps_n = job->ladder.fps_n,
                      .fps_d = job->ladder.fps_d};
    for (size_t i = 0; i < job->ladder.count; i++) {
        hls.pictures[i] = job->h264[i].cmaf;
    }
    char *film = g_build_filename(job->directory, "film.mp4", NULL);
    int r = hls_write(job->directory, &hls);
    r = r < 0 ? r : film_write(film, job->h264[job->ladder.small].cmaf, sound->cmaf);
    g_free(film);
    manifest->hls = "hls.m3u8";
    manifest->mp4 = "film.mp4";
    return saved(job->stage, r);
}

static void finish_pictures(struct job *job, struct manifest *manifest) {
    char *poster = g_build_filename(job->directory, "poster.jpg", NULL);
    manifest->poster = poster_write(&job->gate.poster, poster) == 0;
    g_free(poster);
    double end = (double)job->h264[0].end / CLOCK;
    if (storyboard_write(&job->storyboard, job->directory, end) == 0) {
        manifest->storyboard = "storyboard.vtt";
    }
}

static int finish(struct job *job, struct aac_sink *sound, struct manifest *manifest) {
    report_progress(job->stage->to, "mux", 0);
    if (finish_rungs(job) < 0) {
        return -1;
    }
    for (size_t i = 0; i < job->ladder.count; i++) {
        char file[64];
        snprintf(file, sizeof(file), "video-h264-%u.rung", job->ladder.rungs[i].name);
        bool large = job->ladder.rungs[i].name > 720; /* level 4.0, else 3.1 */
        name_rung(manifest, "h264", large ? "42e028" : "42e01f", &job->h264[i], file);
    }
    name_rung(manifest, "vp8", NULL, &job->vp8, "video-vp8.rung");
    manifest->width = job->top.width;
    manifest->height = job->top.height;
    manifest->matte = job->key ? &job->key->layout : NULL;
    finish_pictures(job, manifest);
    return finish_films(job, sound, manifest);
}

/* The sides of a JPEG (ITU-T T.81 §B.2.2). */
static bool read_sides(const char *path, struct picture *ret) {
    gchar *bytes = NULL;
    gsize size = 0;
    bool found = false;
    if (!g_file_get_contents(path, &bytes, &size, NULL)) {
        return false;
    }
    const uint8_t *p = (const uint8_t *)bytes;
    for (gsize at = 2; at + 9 < size && p[at] == 0xff && !found;) {
        uint8_t marker = p[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) {
            *ret = (struct picture){.width = (uint32_t)(p[at + 7] << 8 | p[at + 8]),
                                    .height = (uint32_t)(p[at + 5] << 8 | p[at + 6]),
                                    .par_n = 1,
                                    .par_d = 1,
                                    .fps_n = STILL_FPS,
                                    .fps_d = 1};
            found = true;
        }
        at += 2 + (gsize)(p[at + 2] << 8 | p[at + 3]);
    }
    g_free(bytes);
    return found;
}

/* Each size of a keyed film is the stacked picture as a whole, so that one layout is true for all.
 */
static bool fit(struct job *job, const struct picture *picture) {
    struct fit_ladder *ladder = &job->ladder;
    if (!(job->key ? fit_keyed_ladder : fit_ladder)(picture, ladder)) {
        return false;
    }
    job->top = ladder->rungs[0];
    job->large = (uint64_t)picture->width * picture->height >
                 LARGE_TIMES * (uint64_t)job->top.width * job->top.height;
    if (!job->key) {
        return true;
    }
    key_layout(job->top.width, job->top.height, &job->key->layout);
    for (size_t i = 0; i < ladder->count; i++) {
        uint64_t height = (uint64_t)job->key->layout.height * ladder->rungs[i].width;
        ladder->rungs[i].height = (uint32_t)((height / job->top.width + 1) / 2 * 2);
    }
    job->gate.width = job->top.width;
    job->gate.height = job->top.height;
    job->gate.storyboard = &job->storyboard;
    return job->top.width >= KEY_SIDE_MIN && job->top.height >= KEY_SIDE_MIN;
}

int compile_video(const char *path, const struct probe *probe, const struct still_picture *still,
                  struct compile_key *key, const char *directory, struct aac_sink *sound,
                  struct stage *stage, struct manifest *manifest, double *ret_end) {
    struct job *job = g_new0(struct job, 1);
    *job = (struct job){
        .path = path, .directory = directory, .probe = probe, .stage = stage, .key = key};
    struct picture picture = probe->picture;
    int r = 0;
    job->still = still;
    job->hold = aac_sink_end(sound);
    if (still && !read_sides(still->path, &picture)) {
        r = failure_set(stage->failure, "internal", "The still picture cannot be read.");
    } else if (!fit(job, &picture)) {
        r = failure_set(stage->failure, "too_small",
                        "The picture is too small to show (%u by %u pixels).", picture.width,
                        picture.height);
    } else {
        job->gate.key_every = (uint64_t)KEY_SECONDS * job->ladder.fps_n / job->ladder.fps_d;
        poster_init(&job->gate.poster, probe->duration);
        storyboard_init(&job->storyboard, probe->duration);
        r = run(job);
    }
    r = r < 0 ? r : finish(job, sound, manifest);
    if (r == 0) {
        *ret_end = (double)job->h264[0].end / CLOCK;
    }
    stage_clear(stage);
    for (size_t i = 0; i < FIT_LADDER_MAX; i++) {
        rung_sink_clear(&job->h264[i]);
    }
    rung_sink_clear(&job->vp8);
    poster_clear(&job->gate.poster);
    storyboard_clear(&job->storyboard);
    g_free(job);
    return r;
}
