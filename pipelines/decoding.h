/* decoding.h: a file's wanted streams, decoded, and nothing else of it. */
#pragma once
#include "probe.h"
#include <gst/gst.h>

/* Points the uridecodebin called `in` in `pipeline` at `path` and links the decoded streams that
 * `probe` names to the sink pads of the elements `video` and `audio` of the pipeline. A NULL name:
 * streams of that kind are not decoded. */
void decoding_connect(GstElement *pipeline, const char *path, const struct probe *probe,
                      const char *video, const char *audio);
