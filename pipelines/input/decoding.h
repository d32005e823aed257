/* input/decoding.h: a file's wanted streams, decoded, and nothing else of it. */
#pragma once
#include "input/probe.h"
#include <gst/gst.h>

/* Points the uridecodebin called `in` in `pipeline` at `path` and links the decoded streams that
 * `probe` names to the sink pads of the elements `video` and `audio` of the pipeline. A NULL name:
 * streams of that kind are not decoded. */
void decoding_connect(GstElement *pipeline, const char *path, const struct probe *probe,
                      const char *video, const char *audio);

/* After decoding_connect, before the pipeline runs: before the element called `at`, which `video`
 * is or leads to and which leads to a videorate, a picture stays until the next one comes, the last
 * one until its end and at least until `until` (seconds). */
void decoding_hold(GstElement *pipeline, const char *at, double until);

/* After decoding_hold: pictures of more than `area` pixels become smaller ones between `video` and
 * `at`, and nothing there keeps them (give_back.h). */
void decoding_pass(GstElement *pipeline, guint64 area);
