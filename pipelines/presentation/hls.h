/* presentation/hls.h: the playlists of a presentation (RFC 8216 and its successor
 * draft-pantos-hls-rfc8216bis): hls.m3u8 names a playlist a track, which names byte ranges of the
 * track's one file. */
#pragma once
#include "presentation/cmaf.h"

#define HLS_PICTURES_MAX 3

struct hls {
    size_t picture_count;
    const struct cmaf *pictures[HLS_PICTURES_MAX]; /* the best first; files end in ".mp4" */
    const struct cmaf *sound;                      /* or NULL */
    uint32_t fps_n, fps_d;
};

/* Writes hls.m3u8 and, beside each track's X.mp4, X.m3u8. 0, -ENOMEM, or −errno of writing. */
int hls_write(const char *directory, const struct hls *hls);
