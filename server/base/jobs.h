/* base/jobs.h: what the server asks of pipeline processes and hears back, by value. The supervisor
 * (app/pipeline_process) fills the struct of functions; signal only sees this file, and its tests
 * give a fake. Every function is called by the control thread; `wake` of the supervisor's config is
 * called (from its thread) when `next_event` has something.
 *
 * Three kinds of jobs: a task runs once and waits its turn; an ingest brings a live source into a
 * room; a service runs as long as it is wanted. The last two are started again with back-off when
 * they die by themselves. */
#pragma once
#include "base/matte.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t job_id; /* never 0, never used twice in one run */

#define JOB_PATH_MAX 512
#define JOB_MESSAGE_MAX 256
#define JOB_WORD_MAX 32

enum job_task_kind { JOB_COMPILE, JOB_SLIDES, JOB_ASSEMBLE, JOB_ENRICH };

struct job_task {
    enum job_task_kind kind;
    char
        input[JOB_PATH_MAX]; /* file; ASSEMBLE: the recording's directory; ENRICH: a presentation */
    char output[JOB_PATH_MAX]; /* directory that appears only when it is complete; ENRICH: "" */
    char title[256];
    char captions[JOB_PATH_MAX]; /* a WebVTT or SubRip file, "" none */
    char captions_lang[36];      /* its language (RFC 5646) */
    char poster[JOB_PATH_MAX];   /* a JPEG for a film without a picture, "" none */
    char key[8];                 /* COMPILE: "" no, "auto", or RRGGBB */
    uint64_t weight; /* bytes of the input: the lightest of those that wait is next. ASSEMBLE goes
                        first and ENRICH last; what has waited ten minutes goes by its age */
};

enum job_ingest_source {
    JOB_INGEST_TEST,
    JOB_INGEST_FILE,
    JOB_INGEST_PLAYLIST,
    JOB_INGEST_RTMP,
    JOB_INGEST_SRT_LISTEN,
    JOB_INGEST_SRT_CALL,
    JOB_INGEST_RTSP
};
enum job_ingest_codec { JOB_INGEST_VP8, JOB_INGEST_H264 };

struct job_ingest {
    enum job_ingest_source source;
    enum job_ingest_codec codec;
    char file[JOB_PATH_MAX]; /* FILE: a film, loops for ever; PLAYLIST: a text file with a path a
                                line; RTMP: path of the Unix socket that the gate hands the stream
                                to; SRT_*, RTSP: the URL */
    char passphrase[80];     /* SRT; "" none. Never on a command line */
    char key[8];             /* "" no, "auto", or RRGGBB */
    char rungs[64];          /* "h264:720,h264:360,vp8:360"; "" = the default of the codec */
};

enum job_service_kind {
    JOB_GATE,  /* the RTMP server: `listen`, and the directory of the ingests' sockets */
    JOB_RECORD /* writes tracks into `directory`, which is there already */
};

struct job_service {
    enum job_service_kind kind;
    char listen[64]; /* GATE: ADDR:PORT */
    char directory[JOB_PATH_MAX];
};

enum job_event_type {
    JOB_EVENT_STARTED,    /* a process runs; of an ingest and of RECORD `fd` is the server's end of
                             its socket and now belongs to the receiver; comes again after a restart */
    JOB_EVENT_PROGRESS,   /* task: fraction, stage, seconds_left (< 0: unknown) */
    JOB_EVENT_STREAMING,  /* ingest: media flows */
    JOB_EVENT_SOURCE,     /* ingest, when it changes and every 2 s: stage "waiting" (for somebody to
                             send), "connected" or "lost"; delay_ms; message: what comes */
    JOB_EVENT_MATTE,      /* ingest with a key, before its first picture and when the shape changes:
                             matte */
    JOB_EVENT_GATE,       /* the door for RTMP, now and then: gate */
    JOB_EVENT_READY,      /* task: done, duration; the job is over */
    JOB_EVENT_FAILED,     /* task: reason (stable word) and message (a sentence); the job is over.
                             Whatever the outcome, nothing half-done lies beside `output` */
    JOB_EVENT_RESTARTING, /* ingest, service: the process died; message says why; seconds_left
                             until the next try */
    JOB_EVENT_ENDED       /* stopped by `stop`, or an ingest or service that said it has ended; the
                             job is over */
};

/* Connections at the door since its process began. */
struct job_gate_counts {
    uint64_t accepted, turned_away; /* over a limit */
    uint64_t published, refused, broken;
};

struct job_event {
    enum job_event_type type;
    job_id job;
    int fd;       /* STARTED of an ingest or RECORD, else -1 */
    int delay_ms; /* SOURCE: from arrival at our door to sent; -1 unknown */
    double fraction, seconds_left, duration;
    struct matte_layout matte;   /* MATTE */
    struct job_gate_counts gate; /* GATE */
    char stage[JOB_WORD_MAX];
    char reason[JOB_WORD_MAX];
    char message[JOB_MESSAGE_MAX];
};

struct jobs {
    void *ctx;
    /* Each: 0, or -ENOBUFS when too many jobs run and wait (503). */
    int (*run)(void *ctx, const struct job_task *task, job_id *ret_job);
    int (*ingest)(void *ctx, const struct job_ingest *job, job_id *ret_job);
    int (*serve)(void *ctx, const struct job_service *service, job_id *ret_job);
    /* Asks the job to end; ENDED follows. An unknown or finished job is ignored. */
    void (*stop)(void *ctx, job_id job);
    /* How many tasks run or wait before this one; 0 when it runs, or is unknown. */
    size_t (*ahead)(void *ctx, job_id job);
    /* True and the next event, or false. */
    bool (*next_event)(void *ctx, struct job_event *ret);
};
