/* looper.h: plays a file into two appsrc elements as one endless, seamless stream: raw I420
 * pictures and S16LE sound whose timestamps go on across the seam. Decoding runs ahead by what the
 * appsrcs hold, so that starting over is not seen. */
#pragma once
#include "probe.h"
#include <gst/gst.h>

struct looper;

struct looper_config {
    const char *path;
    const struct probe *probe;
    const struct fit *fit;
    bool loop;
    GstElement *encoding;      /* the pipeline whose running time the timestamps are in; it plays */
    GstElement *video, *audio; /* appsrc; audio NULL for a file without sound */
    /* Called on the main thread when the file cannot be decoded. */
    void (*failed)(void *ctx, const struct failure *failure);
    void *ctx;
};

/* NULL when the decoder cannot be built. */
struct looper *looper_new(const struct looper_config *config);
/* Stop the encoding pipeline first. NULL is fine. */
void looper_free(struct looper *l);

/* What the appsrcs must announce. Free with g_free. */
char *looper_video_caps(const struct fit *fit);
#define LOOPER_AUDIO_CAPS "audio/x-raw,format=S16LE,rate=48000,channels=2,layout=interleaved"
