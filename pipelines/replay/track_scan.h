/* replay/track_scan.h: what a recorded track holds, found in one pass: where it can be entered, its
 * key frames, and when each RTP time was captured.
 *
 * Time. The server tells for each packet when it was captured (by the publisher's sender reports;
 * before the first one by arrival). Three things are put right afterwards, when all is known:
 * the offset to the publisher's clock, of which later reports know better than early ones; a
 * publisher's clock that runs fast or slow against ours, seen in the least delays; steps. What is
 * left is a smooth line through points 5 s apart that bends by less than FIT_SLOPE, and sound and
 * picture of one source are moved together.
 *
 * Ticks here are RTP times as one long count of the track; where a publisher's count jumps, ours
 * goes on. */
#pragma once
#include "replay/picture_size.h"
#include "replay/track_file.h"
#include "wire/rtp.h"

#define TRACK_SCAN_KEYS_APART_MS 200 /* closer ones are not listed */
#define FIT_SLOPE 500e-6

struct track_point {
    int64_t ticks;
    double time;  /* µs since 1970, after track_scan_fit */
    double delay; /* least, of arrival after capture, µs */
    uint64_t offset;
    uint32_t timestamp, section;
    bool exact; /* by sender reports */
};

struct track_key {
    int64_t ticks;
    uint64_t offset;      /* from here on a reader sees all that its decoding needs, */
    int64_t offset_ticks; /* and the ticks of what is there */
    struct picture_size size;
};

struct track_scan {
    char *path;
    struct track_format format;
    struct track_point *points;
    size_t point_count;
    struct track_key *keys; /* of VP8 and H.264 */
    size_t key_count;
    int64_t end; /* ticks, after the last packet */
    uint64_t packets, bytes;
    bool stereo;
};

/* `unix_offset`: µs to add to the file's times. 0, -ENODATA (no packet), -EBADMSG, -ENOMEM or
 * −errno of open(2). */
int track_scan_file(const char *path, int64_t unix_offset, struct track_scan *ret);
void track_scan_clear(struct track_scan *t);

/* Puts the times of one source's tracks right, together. */
void track_scan_fit(struct track_scan *const *tracks, size_t count);

/* µs since 1970 of `ticks`. */
double track_scan_time(const struct track_scan *t, int64_t ticks);

/* The last point at or before `time`, or the first. */
size_t track_scan_find(const struct track_scan *t, double time);

/* Walks the packets of a track from a place that the scan knows. */
struct track_walk {
    const struct track_scan *track;
    struct track_reader *reader;
    size_t next_point;
    int64_t ticks;
    uint32_t timestamp;
    uint64_t skipped;
    bool started;
};

/* From the entry at `offset`, whose ticks are known. 0 or as track_reader_new. */
int track_walk_start(struct track_walk *w, const struct track_scan *track, uint64_t offset,
                     int64_t ticks);
void track_walk_clear(struct track_walk *w);

/* 1 with the next packet and its ticks, 0 at the end. `ret_hole` (NULL is fine): the file was
 * damaged right before it. */
int track_walk_next(struct track_walk *w, struct rtp_header *ret, int64_t *ret_ticks,
                    bool *ret_hole);
