/* live/feed.h: the live side of a pipeline: RTP and RTCP packets, one a message, on a
 * SOCK_SEQPACKET socket to the server (pipelines/README.md, "The ingest socket").
 *
 * The functions may be called from any thread. A receiver that is too slow loses video from the
 * middle of a frame to the next key frame, never more than it must. */
#pragma once
#include "presentation/packetiser.h"

#include <pthread.h>

#define FEED_RUNGS_MAX 6
#define FEED_TRACKS (1 + FEED_RUNGS_MAX)
#define FEED_SSRC_VIDEO 1 /* of rung 0; rung k has FEED_SSRC_RUNGS + k */
#define FEED_SSRC_AUDIO 2
#define FEED_SSRC_RUNGS 16

struct feed_track {
    enum media_codec codec;
    uint8_t payload_type;
    uint16_t sequence;
    uint32_t ssrc, clock_rate, timestamp_base;
    uint32_t packets, octets;
    bool broken; /* waits for a key frame */
    struct packetiser cut;
};

struct feed {
    pthread_mutex_t lock;
    int fd;                                /* owned */
    bool gone;                             /* the other side hung up */
    uint64_t unix_origin;                  /* microseconds since 1970 at running time 0 */
    struct feed_track tracks[FEED_TRACKS]; /* sound, then the rungs */
    size_t rungs;
};

/* Names a track: FEED_AUDIO, or a rung's number, from 0. */
#define FEED_AUDIO (-1)

/* Takes over `fd`. `rungs` are `count` (at most FEED_RUNGS_MAX) of CODEC_VP8 and CODEC_H264;
 * `audio` says whether there is an Opus track. `seed` makes sequence numbers and timestamps start
 * anywhere; all rungs have the same timestamps. */
void feed_init(struct feed *f, int fd, const enum media_codec *rungs, size_t count, bool audio,
               uint64_t seed);
void feed_clear(struct feed *f);

/* Says what wall clock running time 0 is; before the first frame. */
void feed_set_origin(struct feed *f, uint64_t unix_usec);

/* Sends one encoded frame captured at `time`, after a sender report as of `now` when it is the
 * track's first (both nanoseconds of running time). A report tells the receiver how late we are, so
 * it must not be older than its sending: receivers would take that for a jump of the clock. 0,
 * -EAGAIN when something was lost on a full socket (video: ask the encoder for a key frame), -EPIPE
 * when the server hung up, -EBADMSG for bytes that are no frame.
 */
int feed_frame(struct feed *f, int track, struct bytes frame, uint64_t time, uint64_t now);

/* Sends a sender report for each track that has sent, as of running time `now` in nanoseconds
 * (RFC 3550 §6.4.1). */
void feed_report(struct feed *f, uint64_t now);

/* Reads what the server sent. True when it asks for a key frame (PLI of RFC 4585 §6.3.1, or FIR of
 * RFC 5104 §4.3.1) of any of the rungs. */
bool feed_read(struct feed *f);

bool feed_is_gone(struct feed *f);
