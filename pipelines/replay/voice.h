/* replay/voice.h: one recorded audio track as samples at their place in the replay. A packet lies
 * from the place of its first tick to that of the tick after its last, so that a sample more or
 * less now and then takes up the drift of clocks; what is lost is concealed for up to 120 ms (and
 * by the FEC of the packet behind). The place does not depend on what was decoded before, so that
 * pieces can be rendered one by one.
 *
 * While somebody only listens nothing is decoded: packets in which the encoder heard no voice, once
 * what came out was quiet for a while (behind the gain: what is cut off is below −50 dBFS). Once a
 * second, and when the packets grow, it is looked at all the same. */
#pragma once
#include "replay/track_scan.h"

#define VOICE_RATE 48000
#define VOICE_LEAD (VOICE_RATE / 4) /* decoded before a piece, for the decoder's memory */

/* `zero`: µs since 1970 of the replay's start. */
int64_t voice_place(const struct track_scan *track, double zero, int64_t ticks);

/* Adds the samples from `from` up to `to` (places), times `gain`, to `mix` (interleaved floats of
 * `channels`, 1 or 2). 0, -ENOMEM or −errno. */
int voice_render(const struct track_scan *track, double zero, int64_t from, int64_t to,
                 unsigned channels, float gain, float *mix);
