/* job/stage.h: runs one GStreamer pipeline of a compile job to its end, with progress, a watchdog
 * and an ear for the stop command. */
#pragma once
#include "job/report.h"
#include <gst/app/gstappsink.h>
#include <gst/gst.h>
#include <stdatomic.h>
#include <stdint.h>

/* An element's error whose domain has a name of this prefix and a reason is told as that reason. */
#define STAGE_REASON_PREFIX "parlour:"

struct stage {
    const char *name;         /* in progress lines */
    double from, to;          /* share of the whole job */
    double duration;          /* seconds of media expected, 0 unknown */
    gint64 job_started;       /* g_get_monotonic_time() */
    _Atomic uint64_t reached; /* nanoseconds of media done; the streaming threads write it */
    struct failure *failure;
    GMainLoop *loop;
    GstElement *pipeline; /* owned */
    uint64_t seen;
    unsigned idle;
};

/* Builds `description` (gst-launch syntax). 0, or -1 with a failure. */
int stage_build(struct stage *stage, const char *description);

/* Until end of stream. 0, or -1 with a failure (`stopped`, `stalled`, `cut_off`, `not_a_video`,
 * `disk_full`, `internal`). */
int stage_run(struct stage *stage);

/* A streaming thread says that `nanoseconds` of media are done. */
void stage_reach(struct stage *stage, uint64_t nanoseconds);

/* Gives every sample of the appsink `element` to `taken`, as fast as it comes; none is dropped. */
void stage_connect_sink(struct stage *stage, const char *element,
                        GstFlowReturn (*taken)(GstAppSink *sink, gpointer ctx), void *ctx);

/* What `taken` returns after a write that ended with 0 or −errno, which becomes the stage's
 * failure. */
GstFlowReturn stage_written(GstElement *element, int result);

/* NULL-safe on every member; frees the pipeline. */
void stage_clear(struct stage *stage);

/* Ends the running stage with `stopped`. */
void stage_stop(void *unused);
