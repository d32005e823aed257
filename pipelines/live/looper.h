/* live/looper.h: plays films one after another into two appsrc elements as one endless, seamless
 * stream: raw I420 pictures and S16LE sound whose timestamps go on across the seams. Decoding runs
 * ahead by what the appsrcs hold, so that a new beginning is not seen. A film without sound leaves
 * a hole in the sound. */
#pragma once
#include "input/probe.h"
#include <gst/gst.h>

struct looper;

struct looper_film {
    const char *path;
    struct probe probe;
};

struct looper_config {
    const struct looper_film *films; /* they outlive the looper */
    size_t count;
    const struct fit *fit; /* films of another shape get borders */
    bool loop;
    GstElement *playing;       /* the pipeline whose running time the timestamps are in; it plays */
    GstElement *video, *audio; /* appsrc; audio NULL: no sound is wanted */
    /* Called on the main thread when no film can be decoded. */
    void (*failed)(void *ctx, const struct failure *failure);
    void *ctx;
};

/* NULL when the decoder cannot be built. */
struct looper *looper_new(const struct looper_config *config);
/* Stop the playing pipeline first. NULL is fine. */
void looper_free(struct looper *l);
