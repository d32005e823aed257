#include "replay/enrich.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "presentation/speeds.h"
#include "presentation/storyboard.h"
#include "replay/enrich_film.h"
#include "replay/recode.h"

#include <errno.h>
#include <fcntl.h>
#include <gst/app/gstappsrc.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define NICENESS 15 /* everything else goes first */
#define SOUND_SHARE 0.3
#define TELL_EVERY (G_USEC_PER_SEC / 2)
#define BITRATE_AAC 128000
#define FEED_PACKETS 50

static const uint32_t all_speeds[] = {50, 75, 125, 150, 200};

struct job {
    const char *directory;
    json_t *manifest;
    double duration;
    struct failure failure;
    gint64 started, told, film_started; /* the film began */
    bool stop;
    struct stage stage;
    struct aac_sink aac;
};

static int read_manifest(struct job *job) {
    char *path = g_build_filename(job->directory, "manifest.json", NULL);
    job->manifest = json_load_file(path, 0, NULL);
    g_free(path);
    job->duration = json_number_value(json_object_get(job->manifest, "duration"));
    if (!json_is_array(json_object_get(job->manifest, "rungs")) || !(job->duration > 0)) {
        return failure_set(&job->failure, "no_file", "%s is no presentation.", job->directory);
    }
    return 0;
}

/* The name of the first rung of a kind (and a speed, for audio), or NULL. A plain file name. */
static const char *rung_named(const struct job *job, const char *kind, uint32_t speed) {
    size_t i;
    json_t *rung;
    json_array_foreach(json_object_get(job->manifest, "rungs"), i, rung) {
        const char *of = json_string_value(json_object_get(rung, "kind"));
        const char *file = json_string_value(json_object_get(rung, "file"));
        json_int_t percent = json_integer_value(json_object_get(rung, "speed"));
        if (of && file && strcmp(of, kind) == 0 && (speed == 0 || percent == speed) &&
            !strchr(file, '/')) {
            return file;
        }
    }
    return NULL;
}

/* Maps a rung for as long as the process lives. */
static int open_rung(struct job *job, const char *file, struct rung_file *ret) {
    struct stat st;
    char *path = g_build_filename(job->directory, file, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    g_free(path);
    void *p = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (p == MAP_FAILED || rung_file_open(bytes_of(p, (size_t)st.st_size), ret) < 0) {
        return failure_set(&job->failure, "no_file", "%s of the replay cannot be read.", file);
    }
    return 0;
}

/* Sound: packets of the rung at 100 % into appsrc, as it asks for them. */
struct feed {
    struct rung_file rung;
    uint32_t next;
};

static void need_data(GstAppSrc *source, guint size, gpointer data) {
    (void)size;
    struct feed *feed = data;
    for (unsigned i = 0; i < FEED_PACKETS; i++) {
        if (feed->next == feed->rung.frame_count) {
            gst_app_src_end_of_stream(source);
            return;
        }
        struct rung_frame frame = rung_file_frame(&feed->rung, feed->next++);
        struct bytes packet = rung_file_packet(&feed->rung, frame.first_packet);
        GstBuffer *buffer = gst_buffer_new_memdup(packet.p, packet.n);
        GST_BUFFER_PTS(buffer) = gst_util_uint64_scale(frame.time, GST_SECOND, SOUND_RATE);
        GST_BUFFER_DURATION(buffer) = 20 * GST_MSECOND;
        if (gst_app_src_push_buffer(source, buffer) != GST_FLOW_OK) {
            return;
        }
    }
}

static int run_sound(struct job *job, struct feed *feed, struct stage *stage,
                     const uint32_t *percent, size_t count, struct speeds *speeds, bool film) {
    GString *text =
        g_string_new("appsrc name=in format=time caps=\"audio/x-opus,rate=48000,channels=2,"
                     "channel-mapping-family=0\" ! opusdec ! audioconvert ! "
                     "audio/x-raw,format=F32LE,rate=48000,channels=2,layout=interleaved ! "
                     "tee name=t ");
    speeds_describe(percent, count, text);
    if (film) {
        g_string_append_printf(text,
                               "t. ! " SPEEDS_QUEUE " ! audioconvert ! avenc_aac aac-coder=fast "
                               "bitrate=%d ! audio/mpeg,mpegversion=4,stream-format=raw ! "
                               "appsink name=aac",
                               BITRATE_AAC);
    }
    char *description = g_string_free(text, FALSE);
    int r = stage_build(stage, description);
    g_free(description);
    if (r < 0) {
        return r;
    }
    GstElement *source = gst_bin_get_by_name(GST_BIN(stage->pipeline), "in");
    GstAppSrcCallbacks callbacks = {.need_data = need_data};
    gst_app_src_set_callbacks(GST_APP_SRC(source), &callbacks, feed, NULL);
    gst_object_unref(source);
    r = speeds_open(speeds, percent, count, job->directory, stage);
    r = r < 0 || !film ? r : aac_sink_open(&job->aac, job->directory, stage, "aac");
    r = r < 0 ? r : stage_run(stage);
    return r < 0 || !film ? r : aac_sink_finish(&job->aac);
}

static void add_rungs(struct job *job, const struct manifest *made) {
    for (size_t i = 0; i < made->rung_count; i++) {
        const struct manifest_rung *r = &made->rungs[i];
        json_array_append_new(json_object_get(job->manifest, "rungs"),
                              json_pack("{s:s,s:s,s:s,s:i,s:i}", "file", r->file, "kind", r->kind,
                                        "codec", r->codec, "speed", (int)r->speed, "bitrate",
                                        (int)r->bitrate));
    }
}

static bool wants_film(const struct job *job) {
    return rung_named(job, "video", 0) && !json_object_get(job->manifest, "hls");
}

/* The other speeds, and AAC for the film. */
static int add_sound(struct job *job) {
    uint32_t percent[G_N_ELEMENTS(all_speeds)];
    size_t count = 0;
    const char *normal = rung_named(job, "audio", 100);
    for (size_t i = 0; i < G_N_ELEMENTS(all_speeds); i++) {
        if (!rung_named(job, "audio", all_speeds[i])) {
            percent[count++] = all_speeds[i];
        }
    }
    if (!normal || (count == 0 && !wants_film(job))) {
        return 0;
    }
    struct feed feed = {0};
    struct manifest *made = g_new0(struct manifest, 1);
    struct speeds *speeds = g_new0(struct speeds, 1);
    job->stage = (struct stage){.name = "speeds",
                                .to = SOUND_SHARE,
                                .duration = job->duration,
                                .job_started = job->started,
                                .failure = &job->failure};
    int r = open_rung(job, normal, &feed.rung);
    r = r < 0 ? r : run_sound(job, &feed, &job->stage, percent, count, speeds, wants_film(job));
    r = r < 0 ? r : speeds_finish(speeds, made);
    if (r == 0) {
        add_rungs(job, made);
    }
    stage_clear(&job->stage);
    speeds_clear(speeds);
    g_free(speeds);
    g_free(made);
    return r;
}

static int consider(void *ctx, GstSample *sample, uint64_t nanoseconds) {
    storyboard_consider(ctx, gst_sample_get_buffer(sample), gst_sample_get_caps(sample),
                        nanoseconds);
    return 0;
}

/* Key frames alone, not more than the storyboard wants. */
static int show_keys(const struct rung_file *rung, struct storyboard *board) {
    char *error = NULL;
    struct depacketiser d;
    struct recode *recode =
        recode_new(rung->codec, recode_decoder(rung->codec), consider, board, &error);
    g_free(error);
    if (!recode) {
        return -EIO;
    }
    uint16_t sequence = 0;
    double next = 0;
    int r = 0;
    depacketiser_init(&d, rung->codec);
    for (uint32_t i = 0; i < rung->frame_count && r == 0; i++) {
        struct rung_frame frame = rung_file_frame(rung, i);
        struct depacketised whole;
        double time = (double)frame.time / rung->clock_rate;
        if (frame.key && time >= next && enrich_frame(&d, rung, &frame, &sequence, &whole)) {
            r = recode_push(recode, whole.data, (uint64_t)(time * 1e9));
            next = time + board->every / 2;
        }
    }
    r = r < 0 ? r : recode_finish(recode);
    recode_free(recode);
    depacketiser_clear(&d);
    return r;
}

/* A replay without thumbnails is still a replay: what goes wrong here is not told. */
static int add_storyboard(struct job *job) {
    const char *file = rung_named(job, "video", 0);
    struct rung_file rung;
    struct storyboard board;
    if (!file || json_object_get(job->manifest, "storyboard")) {
        return 0;
    }
    if (open_rung(job, file, &rung) < 0) {
        return -1;
    }
    report_progress(SOUND_SHARE, "storyboard", 0);
    storyboard_init(&board, job->duration);
    if (show_keys(&rung, &board) == 0 &&
        storyboard_write(&board, job->directory, job->duration) == 0) {
        json_object_set_new(job->manifest, "storyboard", json_string("storyboard.vtt"));
    }
    storyboard_clear(&board);
    return 0;
}

/* Who plays the old manifest goes on doing so. */
static int replace_manifest(struct job *job) {
    char *path = g_build_filename(job->directory, "manifest.json", NULL);
    char *part = g_strconcat(path, ".part", NULL);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool good = fd >= 0 &&
                json_dumpfd(job->manifest, fd, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) == 0 &&
                write(fd, "\n", 1) == 1 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    good = good && rename(part, path) == 0;
    if (!good) {
        unlink(part);
    }
    g_free(part);
    g_free(path);
    if (good) {
        return 0;
    }
    return error == ENOSPC
               ? failure_set(&job->failure, "disk_full",
                             "The server's disk is full. Free some space, then try again.")
               : failure_set(&job->failure, "cannot_write", "The manifest cannot be written.");
}

static bool film_reached(void *ctx, double fraction) {
    struct job *job = ctx;
    gint64 now = g_get_monotonic_time();
    while (g_main_context_iteration(NULL, FALSE)) { /* the order to stop */
    }
    if (now - job->told >= TELL_EVERY) {
        double spent = (double)(now - job->film_started) / 1e6;
        job->told = now;
        report_progress(SOUND_SHARE + fraction * (1 - SOUND_SHARE), "film",
                        fraction > 0.01 ? spent * (1 - fraction) / fraction : 0);
    }
    return job->stop;
}

/* HLS and mp4: the last and longest work, when all else can be played already. */
static int add_film(struct job *job) {
    struct rung_file rung;
    if (!wants_film(job)) {
        return 0;
    }
    if (open_rung(job, rung_named(job, "video", 0), &rung) < 0) {
        return -1;
    }
    job->film_started = g_get_monotonic_time();
    struct enrich_film film = {.directory = job->directory,
                               .rung = &rung,
                               .sound = &job->aac,
                               .duration = job->duration,
                               .reached = film_reached,
                               .ctx = job,
                               .failure = &job->failure};
    if (enrich_film(&film) < 0) {
        return -1;
    }
    json_object_set_new(job->manifest, "hls", json_string("hls.m3u8"));
    json_object_set_new(job->manifest, "mp4", json_string("film.mp4"));
    return replace_manifest(job);
}

static void stopped(void *ctx) {
    struct job *job = ctx;
    job->stop = true;
    stage_stop(NULL);
}

static int run(struct job *job) {
    const struct confinement confinement = {.read = {job->directory}, .write = job->directory};
    if (confine(&confinement, &job->failure) < 0) {
        return -1;
    }
    control_watch(stopped, job);
    if (elements_check(ELEMENT_COMPILE, &job->failure) < 0 || read_manifest(job) < 0 ||
        add_sound(job) < 0 || add_storyboard(job) < 0 || replace_manifest(job) < 0) {
        return -1;
    }
    return add_film(job);
}

int enrich_main(int argc, char **argv) {
    if (argc != 2 || argv[1][0] == '-') {
        return 2;
    }
    struct job job = {.directory = argv[1], .started = g_get_monotonic_time()};
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = run(&job);
    if (r < 0) {
        report_failed(&job.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", job.failure.message);
    } else {
        report_ready(job.duration);
    }
    aac_sink_clear(&job.aac);
    json_decref(job.manifest);
    return r < 0 ? 1 : 0;
}
