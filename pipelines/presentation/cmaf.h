/* presentation/cmaf.h: writes one track as fragmented mp4 (CMAF, ISO 23000-19), one file a track: a
 * header segment, then one moof and mdat a segment, each a byte range of the file for a playlist.
 *
 * A segment is kept in memory until the next begins. What was written stays known, so that film.h
 * can gather the same samples into a progressive file. */
#pragma once
#include "presentation/mp4_boxes.h"

struct cmaf; /* used by one thread at a time */

struct cmaf_segment {
    uint64_t offset, size;   /* bytes */
    uint64_t time, duration; /* ticks */
};

/* `file` is a name inside `directory`. 0 or −errno of open(2). */
int cmaf_new(const char *directory, const char *file, const struct mp4_format *format,
             struct cmaf **ret);

/* Closes; the file stays. NULL is fine. */
void cmaf_free(struct cmaf *c);

/* As cmaf_free, and the file goes. */
void cmaf_discard(struct cmaf *c);

/* H.264: the decoder's configuration, before the first sample. */
int cmaf_set_h264_config(struct cmaf *c, struct bytes sps, struct bytes pps);

/* AAC: the AudioSpecificConfig (ISO 14496-3 §1.6.2.1), before the first sample. Both: 0, or
 * -EBADMSG when it is empty or too large. */
int cmaf_set_aac_config(struct cmaf *c, struct bytes config);

/* Adds a sample at `time` (ticks, later than the one before): of AAC a raw access unit, of H.264 an
 * access unit in Annex B form, of which the slices are taken. `begin`: a segment begins here (the
 * first sample does anyhow). 0, -EINVAL (order, no configuration), -EBADMSG (no slice), -ENOMEM,
 * or −errno of write(2). */
int cmaf_add(struct cmaf *c, struct bytes sample, uint64_t time, bool key, bool begin);

/* Writes what is left; `end` in ticks. 0, -ENODATA without a sample, or −errno. */
int cmaf_finish(struct cmaf *c, uint64_t end);

/* What was written. The pointers live until cmaf_free. */
const struct mp4_format *cmaf_format(const struct cmaf *c);
const char *cmaf_path(const struct cmaf *c);
const char *cmaf_file(const struct cmaf *c);
const struct mp4_sample *cmaf_samples(const struct cmaf *c, size_t *ret_count);
const struct cmaf_segment *cmaf_segments(const struct cmaf *c, size_t *ret_count);
uint64_t cmaf_header_size(const struct cmaf *c);
uint64_t cmaf_end(const struct cmaf *c);
