/* signal/feeds.h: what pipeline processes do for us: compile jobs of walkthroughs, and ingest feeds
 * that come into visits as `content`. */
#pragma once
#include "base/clock.h"
#include "base/jobs.h"
#include "store/rows.h"

#include <stdbool.h>

struct exchange;
struct live;
struct media_event;
struct signal;

int feeds_new(struct signal *s);
void feeds_free(struct signal *s);

/* At the start: walkthroughs that were left "compiling" by an earlier run start again. */
void feeds_resume(struct signal *s);

/* Starts to compile `row.source`, instead of what is being compiled for this row. When it is ready,
 * `old_source` and the row's old presentation go; when it fails, they stay. 0, -ENOSYS (no
 * pipelines), -ENOBUFS, -ENOMEM. */
int feeds_compile(struct signal *s, const struct walkthrough_row *row, const char *old_source);
/* The row was deleted: what is being compiled for it ends without a trace. */
void feeds_forget(struct signal *s, const char *walkthrough);

/* A live source for a visit; `file` "" is the test source. 0 and the feed's id, or −errno as above.
 */
int feeds_start(struct signal *s, struct live *live, const char *file, bool h264,
                char ret_id[static ID_MAX]);
/* 0 or -ENOENT. */
int feeds_stop(struct signal *s, const char *visit, const char *id);
void feeds_stop_visit(struct signal *s, const char *visit);

/* Takes what the pipelines say. */
void feeds_service(struct signal *s);
/* True when the event was about a feed. */
bool feeds_media_event(struct signal *s, const struct media_event *e);
