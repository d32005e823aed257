/* base/jobs.h: what the server asks of pipeline processes and hears back, by value. The supervisor
 * (app/pipeline_process) fills the struct of functions; signal only sees this file, and its tests
 * give a fake. Every function is called by the control thread; `wake` of the supervisor's config is
 * called (from its thread) when `next_event` has something. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef uint64_t job_id; /* never 0, never used twice in one run */

#define JOB_PATH_MAX 512
#define JOB_MESSAGE_MAX 256
#define JOB_WORD_MAX 32

/* A file becomes a presentation directory. Run once; waits its turn behind other compile jobs. */
struct job_compile {
    char input[JOB_PATH_MAX];
    char output[JOB_PATH_MAX]; /* the presentation directory; appears only when it is complete */
    char title[256];
    char captions[JOB_PATH_MAX]; /* a WebVTT file, "" none */
    char captions_lang[36];      /* its language (RFC 5646) */
};

enum job_ingest_source { JOB_INGEST_TEST, JOB_INGEST_FILE };
enum job_ingest_codec { JOB_INGEST_VP8, JOB_INGEST_H264 };

/* A live source from a GStreamer process. Restarted with back-off when it dies by itself. */
struct job_ingest {
    enum job_ingest_source source;
    enum job_ingest_codec codec;
    char file[JOB_PATH_MAX]; /* FILE: loops for ever */
};

enum job_event_type {
    JOB_EVENT_STARTED,   /* a process runs; ingest: `fd` is the server's end of its media socket and
                            now belongs to the receiver (media_open_feed); comes again after a restart
                          */
    JOB_EVENT_PROGRESS,  /* compile: fraction, stage, seconds_left (< 0: unknown) */
    JOB_EVENT_STREAMING, /* ingest: media flows */
    JOB_EVENT_READY,     /* compile: done, duration; the job is over */
    JOB_EVENT_FAILED, /* compile: reason (stable word) and message (a sentence); the job is over */
    JOB_EVENT_RESTARTING, /* ingest: the process died; message says why; seconds_left until the next
                             try */
    JOB_EVENT_ENDED /* stopped by `stop`, or an ingest that said it has ended; the job is over */
};

struct job_event {
    enum job_event_type type;
    job_id job;
    int fd; /* STARTED of an ingest, else -1 */
    double fraction, seconds_left, duration;
    char stage[JOB_WORD_MAX];
    char reason[JOB_WORD_MAX];
    char message[JOB_MESSAGE_MAX];
};

struct jobs {
    void *ctx;
    /* 0, or -ENOBUFS when too many jobs wait (503). */
    int (*compile)(void *ctx, const struct job_compile *job, job_id *ret_job);
    int (*ingest)(void *ctx, const struct job_ingest *job, job_id *ret_job);
    /* Asks the job to end; ENDED follows. An unknown or finished job is ignored. */
    void (*stop)(void *ctx, job_id job);
    /* True and the next event, or false. */
    bool (*next_event)(void *ctx, struct job_event *ret);
};
