#include "replay/assemble.h"

#include "job/confine.h"
#include "job/control.h"
#include "job/elements.h"
#include "job/workplace.h"
#include "replay/assemble_video.h"
#include "replay/card_rung.h"
#include "replay/mix.h"

#include <errno.h>
#include <getopt.h>
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICENESS 5 /* live media on the same machine goes first; uploads after it */
#define PROGRESS_EVERY_MS 500
#define SCAN_SHARE 0.15
#define SOUND_SHARE 0.6
#define THREADS_MAX 8

struct job {
    const char *in, *out, *title;
    unsigned threads;
    _Atomic bool stop;
    _Atomic unsigned sound; /* per mille done */
    _Atomic bool scanned;
    _Atomic unsigned seconds; /* of the replay */
    struct recording recording;
    struct replay_plan plan;
    struct assemble_video video;
    struct manifest manifest;
    struct workplace workplace;
    struct failure failure, video_failure;
    GMainLoop *loop;
    gint64 started;
    int result;
};

static bool parse(int argc, char **argv, struct job *ret) {
    static const struct option table[] = {{"out", required_argument, NULL, 'o'},
                                          {"title", required_argument, NULL, 't'},
                                          {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "o:", table, NULL)) != -1;) {
        if (c == 'o') {
            ret->out = optarg;
        } else if (c == 't') {
            ret->title = optarg;
        } else {
            return false;
        }
    }
    ret->in = optind + 1 == argc ? argv[optind] : NULL;
    return ret->in && ret->out;
}

static void sound_reached(void *ctx, double fraction) {
    struct job *job = ctx;
    atomic_store(&job->sound, (unsigned)(fraction * 1000));
}

static const char *speaker_of(const struct recorded_track *t) {
    return t->source->credential;
}

/* Voices, those of one person under one number. */
static size_t list_voices(const struct job *job, struct mix *mix) {
    const struct recording *r = &job->recording;
    size_t speakers = 0;
    mix->voices = g_new0(struct mix_voice, r->count + 1);
    const struct recorded_track **first = g_new0(const struct recorded_track *, r->count + 1);
    for (size_t i = 0; i < r->count; i++) {
        const struct recorded_track *t = &r->tracks[i];
        if (t->scan.format.codec != CODEC_OPUS) {
            continue;
        }
        size_t s = 0;
        while (s < speakers &&
               !(speaker_of(first[s])[0] ? strcmp(speaker_of(first[s]), speaker_of(t)) == 0
                                         : first[s]->source == t->source)) {
            s++;
        }
        if (s == speakers) {
            first[speakers++] = t;
        }
        mix->channels = t->scan.stereo ? 2 : mix->channels;
        mix->voices[mix->count++] = (struct mix_voice){.track = &t->scan, .speaker = s, .gain = 1};
    }
    g_free(first);
    return speakers;
}

static int explain_sound(int error, struct failure *failure) {
    if (error == -ECANCELED) {
        return failure_set(failure, "stopped", "The job was stopped before it was done.");
    }
    if (error == -ENOSPC || error == -EDQUOT) {
        return failure_set(failure, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return failure_set(failure, "cannot_write", "The sound of the replay cannot be saved: %s.",
                       g_strerror(-error));
}

static int write_mix(struct job *job, struct mix *mix, size_t speakers, const char *path) {
    struct rung_writer *writer = NULL;
    struct rung_format format = {
        .codec = CODEC_OPUS, .clock_rate = VOICE_RATE, .speed_percent = 100};
    int r = mix_level(mix, speakers);
    r = r < 0 ? r : rung_writer_new(path, &format, &writer);
    r = r < 0 ? r : mix_write(mix, writer);
    if (r == 0) {
        struct manifest_rung *rung = &job->manifest.rungs[job->manifest.rung_count++];
        *rung = (struct manifest_rung){.kind = "audio", .codec = "opus", .speed = 100};
        g_strlcpy(rung->file, "audio-100.rung", sizeof(rung->file));
        rung->bitrate =
            (uint32_t)(rung_writer_payload_bytes(writer) * 8 * VOICE_RATE / (uint64_t)mix->length);
        r = rung_writer_finish(writer, (uint64_t)mix->length);
    }
    rung_writer_free(writer);
    return r;
}

static int assemble_sound(struct job *job, int64_t length) {
    struct mix mix = {.zero = job->plan.zero,
                      .length = length,
                      .channels = 1,
                      .threads = job->threads,
                      .stop = &job->stop,
                      .progress = sound_reached,
                      .ctx = job};
    size_t speakers = list_voices(job, &mix);
    char *path = g_build_filename(job->workplace.temporary, "audio-100.rung", NULL);
    int r = speakers > 0 ? write_mix(job, &mix, speakers, path) : 0;
    g_free(path);
    g_free(mix.voices);
    return r < 0 ? explain_sound(r, &job->failure) : 0;
}

static gpointer make_video(gpointer data) {
    struct job *job = data;
    double length = atomic_load(&job->seconds) > 0 ? job->manifest.duration : 0;
    return GINT_TO_POINTER(assemble_video(&job->video, length, &job->video_failure));
}

static int finish_manifest(struct job *job) {
    struct manifest *m = &job->manifest;
    char *poster = g_build_filename(job->workplace.temporary, "poster.jpg", NULL);
    m->poster = m->poster || assemble_poster(&job->recording, &job->plan, poster) == 0;
    g_free(poster);
    for (size_t i = 0; i < job->plan.chapter_count; i++) {
        manifest_add_chapter(m, job->plan.chapters[i].t, job->plan.chapters[i].title);
    }
    manifest_settle_chapters(m, m->duration);
    return manifest_write(m, job->workplace.temporary) < 0
               ? failure_set(&job->failure, "cannot_write", "The manifest cannot be written.")
               : 0;
}

/* The picture comes first in the manifest. */
static void add_picture(struct job *job) {
    struct manifest *m = &job->manifest;
    memmove(&m->rungs[1], &m->rungs[0], m->rung_count * sizeof(m->rungs[0]));
    m->rungs[0] = job->video.rung;
    m->rung_count++;
    m->width = job->video.width;
    m->height = job->video.height;
}

/* Nobody was seen: a card with the title, so that each player has something to show. */
static int add_card(struct job *job) {
    int r = card_rung_write(job->workplace.temporary, job->manifest.title, job->manifest.duration,
                            &job->video.rung, &job->failure);
    if (r == 0) {
        job->video.width = job->video.rung.width;
        job->video.height = job->video.rung.height;
        add_picture(job);
        job->manifest.poster = true;
    }
    return r;
}

static int build(struct job *job) {
    int64_t samples = llround((job->plan.end - job->plan.zero) * (VOICE_RATE / 1e6));
    int64_t length = (samples + MIX_FRAME - 1) / MIX_FRAME * MIX_FRAME;
    job->manifest.duration = (double)length / VOICE_RATE;
    atomic_store(&job->seconds, (unsigned)ceil(job->manifest.duration));
    job->video = (struct assemble_video){.recording = &job->recording,
                                         .plan = &job->plan,
                                         .directory = job->workplace.temporary,
                                         .stop = &job->stop};
    GThread *video = g_thread_new("pictures", make_video, job);
    int r = assemble_sound(job, length);
    if (r < 0) {
        atomic_store(&job->stop, true);
    }
    bool pictures = GPOINTER_TO_INT(g_thread_join(video)) == 0;
    if (pictures) {
        add_picture(job);
    } else if (r == 0 && (strcmp(job->video_failure.reason, "no_picture") != 0 ||
                          job->manifest.rung_count == 0)) {
        job->failure = job->video_failure;
        return -1;
    } else if (r == 0) {
        r = add_card(job);
    }
    return r < 0 ? r : finish_manifest(job);
}

static int run(struct job *job) {
    if (elements_check(ELEMENT_COMPILE, &job->failure) < 0 ||
        recording_open(job->in, job->threads, &job->stop, &job->recording, &job->failure) < 0) {
        return -1;
    }
    atomic_store(&job->scanned, true);
    int r = replay_plan_make(&job->recording, &job->plan);
    if (r < 0) {
        return r == -ENODATA
                   ? failure_set(&job->failure, "empty", "Nothing of this visit was recorded.")
                   : failure_set(&job->failure, "internal", "There is too little memory.");
    }
    if (workplace_open(&job->workplace, job->out, &job->failure) < 0) {
        return -1;
    }
    r = build(job);
    r = r < 0 ? r : workplace_commit(&job->workplace, &job->failure);
    workplace_clear(&job->workplace);
    return r;
}

/* In the main loop, for a quit before it runs would be lost. */
static gboolean quit(gpointer loop) {
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

static gpointer work(gpointer data) {
    struct job *job = data;
    job->result = run(job);
    g_idle_add(quit, job->loop);
    return NULL;
}

static gboolean tell(gpointer data) {
    struct job *job = data;
    unsigned seconds = atomic_load(&job->seconds);
    double sound = atomic_load(&job->sound) / 1000.0;
    double picture = seconds > 0 ? fmin(1, (double)atomic_load(&job->video.reached) / seconds) : 0;
    double rest = sound * SOUND_SHARE + picture * (1 - SOUND_SHARE);
    double fraction = atomic_load(&job->scanned) ? SCAN_SHARE + rest * (1 - SCAN_SHARE) : 0;
    double spent = (double)(g_get_monotonic_time() - job->started) / 1e6;
    report_progress(fraction, atomic_load(&job->scanned) ? "replay" : "reading",
                    fraction > 0.01 ? spent * (1 - fraction) / fraction : 0);
    return G_SOURCE_CONTINUE;
}

static void stopped(void *ctx) {
    struct job *job = ctx;
    atomic_store(&job->stop, true);
}

static int enclose(const struct job *job, struct failure *failure) {
    char *out = g_canonicalize_filename(job->out, NULL), *parent = g_path_get_dirname(out);
    const struct confinement confinement = {.read = {job->in}, .write = parent};
    int r = confine(&confinement, failure);
    g_free(parent);
    g_free(out);
    return r;
}

/* A thread works; this one listens for the order to stop and tells how far it is. */
static int supervise(struct job *job) {
    job->started = g_get_monotonic_time();
    job->loop = g_main_loop_new(NULL, FALSE);
    control_watch(stopped, job);
    guint timer = g_timeout_add(PROGRESS_EVERY_MS, tell, job);
    GThread *thread = g_thread_new("assemble", work, job);
    g_main_loop_run(job->loop);
    g_thread_join(thread);
    g_source_remove(timer);
    g_main_loop_unref(job->loop);
    return job->result;
}

int assemble_main(int argc, char **argv) {
    static struct job job;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (!parse(argc, argv, &job)) {
        return 2;
    }
    job.threads = (unsigned)(cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : cores);
    job.manifest.title = job.title && job.title[0] ? job.title : "Replay";
    setpriority(PRIO_PROCESS, 0, NICENESS);
    report_event("started");
    int r = enclose(&job, &job.failure);
    r = r < 0 ? r : supervise(&job);
    if (r < 0) {
        report_failed(&job.failure);
        fprintf(stderr, "parlour-pipeline: %s\n", job.failure.message);
    } else {
        report_ready(job.manifest.duration);
    }
    replay_plan_clear(&job.plan);
    recording_clear(&job.recording);
    return r < 0 ? 1 : 0;
}
