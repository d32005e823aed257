/* live/source.h: where live pictures come from. A source hands them to the switch, says how it
 * stands, and never gives up: what dies is opened again. All calls on the main thread. */
#pragma once
#include "live/ingest_options.h"
#include "live/live_switch.h"

enum source_state { SOURCE_WAITING, SOURCE_CONNECTED, SOURCE_LOST };

struct source_context {
    const struct ingest_options *options;
    struct live_output *output;
    struct live_switch *to;
    /* How it stands now, and a word for people. */
    void (*changed)(void *ctx, enum source_state state, const char *detail);
    /* It is over: a film that is played once (NULL), or one that cannot be played. */
    void (*ended)(void *ctx, const struct failure *why);
    void *ctx;
};

struct confinement;

struct source_ops {
    /* Before the job is confined: opens what cannot be opened then, and says what is needed. NULL:
     * nothing. */
    int (*prepare)(const struct ingest_options *options, struct confinement *ret,
                   struct failure *failure);
    /* What it looks like before the first picture, and whether it ever has sound. NULL:
     * LIVE_FIT_UNKNOWN, with sound. */
    int (*look)(const struct ingest_options *options, struct fit *ret_fit, bool *ret_sound,
                struct failure *failure);
    /* NULL with a failure when it can never work. The context outlives the source. */
    void *(*start)(const struct source_context *context, struct failure *failure);
    void (*stop)(void *source); /* NULL is fine */
};

extern const struct source_ops source_test, source_film, source_rtmp, source_srt, source_rtsp;
