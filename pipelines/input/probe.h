/* input/probe.h: what is inside an uploaded file, or why it cannot be shown. */
#pragma once
#include "input/fit.h"
#include "job/report.h"
#include "presentation/manifest.h"

struct probe {
    double duration;             /* seconds, 0 when unknown */
    bool has_picture, has_sound; /* at least one */
    bool interlaced;             /* or in part */
    struct picture picture;
    struct manifest_source source;
    char turn[32];      /* videoflip's video-direction that sets the picture upright */
    char video_id[256]; /* GStreamer stream ids */
    char audio_id[256];
};

/* What is in a file of picture, sound or both. 0, or -1 with a reason: `empty`, `cut_off`,
 * `no_file`, `not_a_video`, `missing_plugin`, `protected`. */
int probe_any(const char *path, struct probe *ret, struct failure *ret_failure);

/* As probe_any, but a file without a picture is refused with `no_picture`. */
int probe_file(const char *path, struct probe *ret, struct failure *ret_failure);

/* file:// URI of a path; NULL when there is no such. Free with g_free. */
char *probe_uri(const char *path);
