/* replay/enrich_film.h: a replay for players without WebRTC: HLS and film.mp4 from its video rung.
 * H.264 of one description is copied; anything else (VP8; H.264 of several senders or sizes) is
 * encoded once, inside 1280x720, each picture whole. */
#pragma once
#include "presentation/aac_sink.h"
#include "replay/depacketiser.h"
#include "routing/rung_file.h"

struct enrich_film {
    const char *directory;
    const struct rung_file *rung;
    struct aac_sink *sound; /* finished; its cmaf may be NULL */
    double duration;        /* seconds */
    /* Called now and then, also while an encoder works: true ends the work. */
    bool (*reached)(void *ctx, double fraction);
    void *ctx;
    struct failure *failure;
};

/* Writes hls.m3u8, its playlists, its files and film.mp4. 0, or -1 with a failure. */
int enrich_film(const struct enrich_film *film);

/* Puts a frame of a rung together again. `sequence` counts on from call to call. */
bool enrich_frame(struct depacketiser *d, const struct rung_file *rung,
                  const struct rung_frame *frame, uint16_t *sequence, struct depacketised *ret);
