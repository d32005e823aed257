/* media/feed.h: a live source from a pipeline process: plain RTP and RTCP over a Unix
 * SOCK_SEQPACKET socket instead of WHIP (pipelines/README.md). The process is ours, what it decodes
 * is not: every packet is checked like one from the network. */
#pragma once
#include "media/media_api.h"

struct shard_state;
struct feed;

/* Takes over config->fd. A failure is told by an ENDED event. */
void feed_open(struct shard_state *shard, const struct media_feed_config *config, usec_t now);

/* Nothing happens when no feed has this id. */
void feed_close(struct shard_state *shard, media_id id);

/* epoll says that a feed can be read; `feed` is what was registered with it. */
void feed_readable(struct feed *feed, usec_t now);

/* At the end of a round. */
void feeds_free_ended(struct shard_state *shard);

/* Ends all without events, at the end of the thread. */
void feeds_clear(struct shard_state *shard);
