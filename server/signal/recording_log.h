/* signal/recording_log.h: what lies in DATA/recordings/VISIT: `log.jsonl`, one line per thing that
 * happened (who sent what, what was shown, who agreed, what was asked), and `tracks/` with what
 * the recorder wrote: SOURCE-KIND-EPOCH-RUN.track, SOURCE being the media session's id in 16 hex
 * digits. The assemble job reads both (pipelines/README.md has the lines). Times are
 * CLOCK_MONOTONIC µs; a `clock` line at each opening ties them to the calendar. */
#pragma once
#include "visit/visit.h"

struct json;

struct recording_log {
    int fd;     /* −1: not open */
    bool fresh; /* there was none before */
};

/* The recording's directory. False when it does not fit. */
bool recording_path(const char *data_dir, const char *visit, const char *below, char *ret,
                    size_t n);
bool recording_exists(const char *data_dir, const char *visit);

/* Makes the directories as needed and appends a `clock` line. 0 or −errno. */
int recording_log_open(struct recording_log *log, const char *data_dir, const char *visit);
void recording_log_close(struct recording_log *log);

/* Appends one line: t, event and the members of `more`, which is taken (NULL: none). A line that
 * does not fit on the disk is lost as a whole for readers. 0 or −errno. */
int recording_log_add(const struct recording_log *log, const char *event, struct json *more);

/* Adds one line to a recording that is not open. 0, -ENOENT when there is none. */
int recording_log_consent(const char *data_dir, const char *visit, const char *credential,
                          bool agreed);

/* What the holder of this credential said last: 1 yes, 0 no, −errno (-ENOENT: nothing). */
int recording_word(const char *data_dir, const char *visit, const char *credential);

/* When the first line was written, Unix µs; 0: unknown. */
uint64_t recording_began(const char *data_dir, const char *visit);

/* Removes the tracks of everybody whose last word was no. The number of tracks that are left, or
 * −errno. */
int recording_purge(const char *data_dir, const char *visit);

/* Removes all of it; nothing happens when there is none. */
void recording_remove(const char *data_dir, const char *visit);
