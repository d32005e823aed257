/* compile_video.h: the video rungs and the poster of a presentation, from one decoding. */
#pragma once
#include "manifest.h"
#include "probe.h"
#include "stage.h"

/* Writes video-h264.rung, video-vp8.rung and poster.jpg into `directory` and names them in
 * `manifest`. `ret_end` is the end of the last frame in seconds. 0, or -1 with a failure in stage.
 */
int compile_video(const char *path, const struct probe *probe, const char *directory,
                  struct stage *stage, struct manifest *manifest, double *ret_end);
