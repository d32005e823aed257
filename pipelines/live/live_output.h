/* live/live_output.h: raw pictures and sound in, encoded rungs out on the ingest socket. One
 * pipeline that runs as long as the feed is on air. All rungs encode the same frames and have their
 * key frames at the same ones: every 2 s, when somebody asks, and where the caller says so. A
 * machine that is too slow leaves frames out, of all rungs alike; nothing queues up. */
#pragma once
#include "input/fit.h"
#include "job/report.h"
#include "key/key_layout.h"
#include "live/feed.h"
#include <gst/gst.h>

#define LIVE_AUDIO_CAPS "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved"

/* Of a source that has not shown anything yet. */
#define LIVE_FIT_UNKNOWN ((struct fit){.width = 1280, .height = 720, .fps_n = 30, .fps_d = 1})

struct live_output;

struct live_rung {
    enum media_codec codec; /* CODEC_H264 or CODEC_VP8 */
    unsigned side;          /* the short side at most; 0: as the pictures come */
};

struct live_output_config {
    int fd; /* moves to the output, also when it fails */
    struct live_rung rungs[FEED_RUNGS_MAX];
    size_t count;
    bool sound;
    struct fit fit; /* of the first pictures */
    int key;        /* KEY_COLOUR_NONE, or of the wall behind the person (key_layout.h) */
    /* Both on the main thread, once at most. */
    void (*streaming)(void *ctx);
    void (*ended)(void *ctx, const struct failure *why); /* NULL: the server hung up */
    void *ctx;
};

/* Runs at once. NULL with a failure. Main thread. */
struct live_output *live_output_new(const struct live_output_config *config,
                                    struct failure *failure);
/* Whoever pushes must have stopped. NULL is fine. */
void live_output_free(struct live_output *o);

/* Nanoseconds of running time. Any thread. */
GstClockTime live_output_now(const struct live_output *o);
/* Makes `pipeline` count its running time together with the output's. */
void live_output_share_clock(const struct live_output *o, GstElement *pipeline);

/* The pictures pushed from now on are of this size. From the thread that pushes pictures. */
void live_output_resize(struct live_output *o, const struct fit *fit);
/* Takes an I420 picture to be shown at `at`, later than the one before; `arrival` is when it came
 * to our door (g_get_monotonic_time), or -1. */
void live_output_picture(struct live_output *o, GstBuffer *picture, GstClockTime at, gint64 arrival,
                         bool key);
/* Takes LIVE_AUDIO_CAPS with PTS and duration, without gaps. */
void live_output_sound(struct live_output *o, GstBuffer *sound);

/* Mean milliseconds from arrival to the last packet of rung 0 since the last call; -1: nothing was
 * sent that had an arrival. */
int live_output_delay(struct live_output *o);

/* What raw pictures of a fit look like. Free with g_free. */
char *live_video_caps(const struct fit *fit);
/* The same shape with a short side of at most `side` (0: any), both sides even. */
struct fit live_rung_fit(const struct fit *fit, unsigned side);
