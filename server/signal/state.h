/* signal/state.h: the control thread's state, for the files of this folder only. */
#pragma once
#include "base/jobs.h"
#include "base/log.h"
#include "base/map.h"
#include "media/media_api.h"
#include "signal/server.h"
#include "store/store.h"

#include <stdatomic.h>

struct addresses;
struct compiles;
struct decks;
struct disk_sync;
struct exchange;
struct feeds;
struct live_view;
struct lives;
struct lws_context;
struct lws_vhost;
struct model_work;
struct recordings;
struct replays;
struct sessions;
struct sources;

#define FAILURE_REASONS 24 /* kinds of failed jobs that are told apart */

struct failure_count {
    char reason[JOB_WORD_MAX];
    uint64_t count;
};

struct signal_counters {
    uint64_t requests, responses[6]; /* by the first digit of the status */
    uint64_t whip, whep, walkthrough_sessions, refused_limit, refused_draining;
    uint64_t ws_opened, ws_messages_in, ws_messages_out, ws_flooded;
    uint64_t streams, upload_bytes;
    uint64_t ended[MEDIA_END_REASONS]; /* sessions, by enum media_end_reason */
    uint64_t models_refused, usdz_written;
    uint64_t questions_asked, questions_refused;
    struct failure_count failures[FAILURE_REASONS];
    uint64_t connections; /* now */
    uint64_t websockets;  /* now */
};

struct signal {
    const struct signal_config *config; /* a copy with the defaults filled in */
    struct signal_config own_config;
    void (*service)(void *ctx);
    void *service_ctx;

    struct media *media;
    struct store *store;
    struct jobs *jobs;

    struct lws_context *context;
    struct lws_vhost *vhost;
    void *ssl_ctx; /* of the vhost; NULL without TLS */
    atomic_bool stopping, draining, reload, woken;
    usec_t drain_until; /* drain.h; 0: it has not begun */
    usec_t next_tick, next_sweep;
    usec_t next_invite_round;
    uint64_t invite_round; /* invite_watch.c: the one that goes on */
    usec_t started;

    uint64_t secret; /* keys the hashes of texts that strangers choose */
    uint64_t last_media_id;

    struct exchange *exchanges;
    struct addresses *addresses;   /* per-address limits */
    struct live_view *live_view;   /* how everything travels */
    struct lives *lives;           /* visits that somebody is in */
    struct sessions *sessions;     /* WHIP and WHEP */
    struct compiles *compiles;     /* films on their way to walkthroughs */
    struct disk_sync *disk_sync;   /* waits for the disk */
    struct decks *decks;           /* slides likewise */
    struct model_work *model_work; /* looks at models, writes USDZ */
    struct feeds *feeds;           /* ingest processes in visits */
    struct sources *sources;       /* the door for RTMP */
    struct recordings *recordings; /* visits that are recorded */
    struct replays *replays;       /* recordings on their way to walkthroughs */
    struct signal_counters counters;
};

/* Never 0, never used twice in one run: sessions and rooms. */
media_id signal_new_media_id(struct signal *s);
