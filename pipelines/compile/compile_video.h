/* compile/compile_video.h: the video rungs of a presentation, its HLS and its film.mp4, the poster
 * and the storyboard, all from one decoding. */
#pragma once
#include "input/probe.h"
#include "job/stage.h"
#include "presentation/aac_sink.h"
#include "presentation/manifest.h"

/* A picture that stands still, in place of one in the file. */
struct still_picture {
    const char *path; /* JPEG */
    double seconds;
};

/* A film before a green wall: what it is (key_layout.h), and what it becomes. */
struct compile_key {
    int colour;
    struct manifest_matte layout; /* filled by compile_video; the manifest points here */
};

/* Writes video-h264-NAME.rung and hls-NAME.mp4 for each rung of the ladder, video-vp8.rung and
 * pictures into `directory`, then the playlists and film.mp4 together with `sound`
 * (finished; its cmaf NULL without one; brought to the picture's length), and names them in
 * `manifest`. `ret_end` is the end of the last frame in seconds. `still` is NULL when the file has
 * a picture; `key` is NULL when it is taken as it is. 0, or -1 with a failure in stage. */
int compile_video(const char *path, const struct probe *probe, const struct still_picture *still,
                  struct compile_key *key, const char *directory, struct aac_sink *sound,
                  struct stage *stage, struct manifest *manifest, double *ret_end);
