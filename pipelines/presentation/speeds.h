/* presentation/speeds.h: sound at several speeds, the pitch of voices kept: an Opus rung each.
 * Shared by compile and enrich. */
#pragma once
#include "input/sound.h"
#include "job/stage.h"
#include "presentation/manifest.h"
#include "presentation/rung_sink.h"

#define SPEEDS_MAX 8
#define SPEEDS_FRAME_BYTES 8 /* stereo, 32 bits */

/* Takes the first `frames` of a sound away and moves what follows to their time. */
struct speeds_skip {
    guint64 frames, left;
};

struct speeds {
    size_t count;
    struct rung_sink sinks[SPEEDS_MAX];
    struct speeds_skip skips[SPEEDS_MAX];
};

/* What stands between the tee and each branch of it. */
#define SPEEDS_QUEUE "queue max-size-buffers=0 max-size-bytes=0 max-size-time=2000000000"

/* Adds a branch for each speed (percent) to a pipeline that has `tee name=t` of F32LE stereo at
 * 48 kHz. */
void speeds_describe(const uint32_t *percent, size_t count, GString *text);

/* Connects the branches of the built pipeline to audio-SPEED.rung. 0 or -1 with a failure. */
int speeds_open(struct speeds *s, const uint32_t *percent, size_t count, const char *directory,
                struct stage *stage);

/* Writes the files and names them in the manifest. 0 or -1 with a failure. */
int speeds_finish(struct speeds *s, struct manifest *manifest);
void speeds_clear(struct speeds *s); /* zeroed is fine */

/* Of a buffer on its way: what a pad probe returns; `buffer` may be replaced. */
GstPadProbeReturn speeds_skip(struct speeds_skip *s, GstBuffer **buffer);
void speeds_probe(GstElement *pipeline, const char *element, GstPadProbeCallback callback,
                  gpointer data);
