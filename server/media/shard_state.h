/* media/shard_state.h: what the parts of one media thread share. Never leaves that thread. */
#pragma once
#include "base/timers.h"
#include "media/egress.h"
#include "media/handoff.h"
#include "media/media_room.h"
#include "media/presentation_files.h"
#include "media/relay.h"
#include "media/session_table.h"
#include "media/shard.h"
#include "media/tcp_connections.h"
#include "routing/congestion.h"
#include "routing/packet.h"

struct shard_state {
    struct dtls_identity *identity;
    struct packet_pool *packets;
    usec_t shed_due; /* when the pool may be shared out again */
    struct session_table table;
    struct rooms rooms;
    struct presentation_files presentations;
    struct timers timers; /* of sessions */
    struct tcp_connections streams;
    struct egress egress;
    struct relay relay;    /* of rooms to and from the other threads */
    struct session *ended; /* freed at the end of the round */
    struct feed *feeds, *ended_feeds;
    struct recorder *recorders; /* of its rooms */
    struct media_stats stats;
    struct congestion_counters congestion;
    int epoll; /* for feeds */
    struct shard *shard;
};

/* Hands an event to the control thread. */
void shard_event(struct shard_state *s, const struct media_event *event);
