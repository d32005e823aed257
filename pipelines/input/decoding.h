/* input/decoding.h: a file's wanted streams, decoded, and nothing else of it. */
#pragma once
#include "input/probe.h"
#include <gst/gst.h>

/* Points the uridecodebin called `in` in `pipeline` at `path` and links the decoded streams that
 * `probe` names to the sink pads of the elements `video` and `audio` of the pipeline. A NULL name:
 * streams of that kind are not decoded. */
void decoding_connect(GstElement *pipeline, const char *path, const struct probe *probe,
                      const char *video, const char *audio);

/* After decoding_connect, before the pipeline runs: a picture stays until the next one comes, the
 * last one until its end and at least until `until` (seconds). `video` must be, or lead to, a
 * videorate. */
void decoding_hold(GstElement *pipeline, double until);
