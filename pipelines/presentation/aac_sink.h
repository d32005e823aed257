/* presentation/aac_sink.h: from an appsink of raw AAC units to hls-audio.mp4. */
#pragma once
#include "job/stage.h"
#include "presentation/cmaf.h"

#define AAC_CLOCK 48000
#define AAC_UNIT 1024 /* samples */

struct aac_sink {
    struct cmaf *cmaf; /* owned; NULL when there is no sound */
    struct stage *stage;
    uint64_t units; /* taken so far, the run-in too */
};

/* Takes what the appsink `element` of stage's pipeline gets (audio/mpeg, stream-format raw, 48 kHz)
 * into DIRECTORY/hls-audio.mp4. The first unit is the encoder's run-in and left out, so that unit n
 * begins at n × 1024 / 48000 s exactly. 0 or -1 with a failure in stage. */
int aac_sink_open(struct aac_sink *sink, const char *directory, struct stage *stage,
                  const char *element);

/* Writes what is left. 0 or -1 with a failure. */
int aac_sink_finish(struct aac_sink *sink);

/* When the sound is over, in seconds; 0 without one. */
double aac_sink_end(const struct aac_sink *sink);

/* After aac_sink_finish: silence until `until` (seconds), so that a player that waits for sound
 * does not stop before the picture does. 0 or -1 with a failure. */
int aac_sink_extend(struct aac_sink *sink, double until);

/* Zeroed is fine. */
void aac_sink_clear(struct aac_sink *sink);
