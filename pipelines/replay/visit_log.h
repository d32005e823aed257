/* replay/visit_log.h: log.jsonl of a recording: what the server wrote down beside the packets, one
 * JSON object a line. Lines that are torn, unknown or out of bounds are passed over and counted. */
#pragma once
#include "base/spans.h"
#include <stdio.h>

#define VISIT_LOG_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define VISIT_LOG_LINE_MAX 16384
#define VISIT_LOG_RUNS_MAX 256
#define VISIT_LOG_SOURCES_MAX 4096
#define VISIT_LOG_STAGES_MAX 20000
#define VISIT_LOG_QUESTIONS_MAX 2000
#define VISIT_LOG_CONSENTS_MAX 4096

/* The server ran from here on; times are of its monotonic clock, µs. */
struct log_run {
    int64_t t, unix_usec;
    char boot[9]; /* the first eight hex digits */
};

struct log_source {
    size_t run;
    uint64_t media;
    char credential[128], name[128], kind[32];
    bool presenter;
    bool stacked; /* a virtual person: colour above matte (key_layout.h) */
};

struct log_stage {
    size_t run;
    int64_t t;
    uint64_t main_video; /* 0: nothing */
};

struct log_question {
    size_t run;
    int64_t t;
    char credential[128], name[128], text[512];
};

struct log_consent {
    char credential[128];
    bool recording; /* the last word */
};

struct visit_log {
    struct log_run *runs; /* at least one */
    struct log_source *sources;
    struct log_stage *stages;
    struct log_question *questions;
    struct log_consent *consents;
    size_t run_count, source_count, stage_count, question_count, consent_count;
    size_t skipped;
    char title[256];
};

/* 0 or -ENOMEM; whatever the bytes are. */
int visit_log_parse(struct bytes text, struct visit_log *ret);

/* 0, −errno of open(2), -EFBIG, -ENOMEM. */
int visit_log_read(const char *path, struct visit_log *ret);
void visit_log_clear(struct visit_log *log);

/* The run in which a track of this boot (hex digits) began at `t`; of unknown boots the one that
 * fits best by time. */
size_t visit_log_run(const struct visit_log *log, const char *boot, int64_t t);

/* Wall clock of a time in a run, µs since 1970. Runs of one boot share one line, so that the time
 * between them is that of the monotonic clock. */
int64_t visit_log_unix(const struct visit_log *log, size_t run, int64_t t);

/* The last line about a source, or NULL. */
const struct log_source *visit_log_source(const struct visit_log *log, size_t run, uint64_t media);

/* False when the last word about this credential is no. */
bool visit_log_may_keep(const struct visit_log *log, const char *credential);
