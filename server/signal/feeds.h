/* signal/feeds.h: ingest processes that come into visits as `content`: the test picture, films, and
 * live sources (signal/sources.h). */
#pragma once
#include "base/jobs.h"
#include "store/rows.h"

struct live;
struct media_event;
struct signal;

int feeds_new(struct signal *s);
void feeds_free(struct signal *s);

/* How a feed is to be opened. */
struct feed_opening {
    const struct job_ingest *job;
    const char *name;   /* of its participant; "" = "Content" */
    const char *source; /* id of the kept source that it shows, or "" */
};

struct feed_state {
    char id[ID_MAX], visit[ID_MAX];
    char source[ID_MAX];          /* "" none */
    char state[16];               /* "waiting", "connected", "lost" */
    char detail[JOB_MESSAGE_MAX]; /* what comes, in words */
    int delay_ms;                 /* from our door to the socket; -1 unknown */
};

/* 0 and the feed's id; -EEXIST (the source is in a visit already), -ENOSYS (no pipelines),
 * -ENOBUFS, -ENOMEM. */
int feeds_start(struct signal *s, struct live *live, const struct feed_opening *opening,
                char ret_id[static ID_MAX]);
/* 0 or -ENOENT. */
int feeds_stop(struct signal *s, const char *visit, const char *id);
void feeds_stop_visit(struct signal *s, const char *visit);
void feeds_stop_source(struct signal *s, const char *source);

/* The feed that shows a kept source now, or NULL. */
const struct feed_state *feeds_of_source(const struct signal *s, const char *source);
size_t feeds_connected(const struct signal *s); /* kept sources that send now */

/* True when the event was about a feed. */
bool feeds_job_event(struct signal *s, const struct job_event *e);
bool feeds_media_event(struct signal *s, const struct media_event *e);
