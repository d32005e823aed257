/* replay/recording.h: a visit's recording as it lies on disk: log.jsonl and tracks/, scanned and
 * with all times on one clock. Tracks whose owner is unknown or said no are not opened. */
#pragma once
#include "job/report.h"
#include "replay/track_scan.h"
#include "replay/visit_log.h"
#include <stdatomic.h>

#define RECORDING_TRACKS_MAX 2048
#define RECORDING_LENGTH_MAX                                                                       \
    (18 * 3600) /* seconds: RUNG_FRAMES_MAX at 60 a second; the rest is left out */

struct recorded_track {
    struct track_scan scan;
    size_t run;
    const struct log_source *source; /* in the log */
};

struct recording {
    struct visit_log log;
    struct recorded_track *tracks; /* sorted by first arrival */
    size_t count;
    size_t left_out, damaged; /* files: of people who said no; that cannot be read */
};

/* Scans with `threads` threads. 0, or -1 with `no_file`, `stopped`, `internal`. */
int recording_open(const char *directory, unsigned threads, _Atomic bool *stop,
                   struct recording *ret, struct failure *failure);
void recording_clear(struct recording *r);
