/* replay/mix.h: all voices of a replay in one Opus rung. The replay is cut into pieces of
 * MIX_PIECE, which threads render, limit and encode by themselves; each encoder starts before its
 * piece, and its first packet stands by itself, so that the pieces join. Memory does not grow with
 * the length. */
#pragma once
#include "presentation/rung_writer.h"
#include "replay/voice.h"
#include <stdatomic.h>

#define MIX_FRAME 960 /* 20 ms */
#define MIX_PIECE ((int64_t)15 * VOICE_RATE)
#define MIX_BITRATE 96000

struct mix_voice {
    const struct track_scan *track;
    size_t speaker; /* voices of one speaker share a gain */
    float gain;
};

struct mix {
    struct mix_voice *voices;
    size_t count;
    double zero;    /* µs since 1970 */
    int64_t length; /* samples, a multiple of MIX_FRAME */
    unsigned channels, threads;
    _Atomic bool *stop;
    void (*progress)(void *ctx, double fraction); /* from the calling thread; NULL is fine */
    void *ctx;
};

/* Listens to each speaker here and there in the replay and sets the gains (loudness.h). 0,
 * -ECANCELED, -ENOMEM or −errno. */
int mix_level(struct mix *m, size_t speakers);

/* Writes all frames. 0, -ECANCELED, or −errno. */
int mix_write(struct mix *m, struct rung_writer *w);
