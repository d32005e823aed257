/* presentation/rung_writer.h: writes one rung of a presentation: a file of RTP payloads with an
 * index, made to be mapped and sent as it is. The format is in pipelines/README.md.
 *
 * Payloads go to FILE.part while frames arrive; the index lives in memory (24 bytes a frame, 16 a
 * packet) and rung_writer_finish puts header, index and payloads into FILE. */
#pragma once
#include "presentation/packetiser.h"

struct rung_writer; /* used by one thread at a time */

struct rung_format {
    enum media_codec codec;
    uint32_t clock_rate;    /* ticks a second of the rung's own timeline */
    uint32_t speed_percent; /* 100; audio stretched to another speed: that speed */
    uint32_t width, height; /* 0 for audio */
};

/* 0 or −errno of open(2). */
int rung_writer_new(const char *path, const struct rung_format *format, struct rung_writer **ret);

/* Closes; removes what is unfinished. NULL is fine. */
void rung_writer_free(struct rung_writer *w);

/* Adds the frame that `cut` holds. `time` in ticks, each later than the one before; the first must
 * be a key frame. 0, -EINVAL (order, or not started by a key frame), or −errno of write(2). */
int rung_writer_add(struct rung_writer *w, const struct packetiser *cut, uint64_t time);

/* Writes FILE, on disk when this returns. `duration` in ticks. 0, -ENODATA without a frame, −errno.
 */
int rung_writer_finish(struct rung_writer *w, uint64_t duration);

/* What was added so far. */
size_t rung_writer_frames(const struct rung_writer *w);
uint64_t rung_writer_payload_bytes(const struct rung_writer *w);
/* True when both have key frames at the same times. Both of one clock rate. */
bool rung_writer_keys_agree(const struct rung_writer *a, const struct rung_writer *b);
