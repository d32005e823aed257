/* media/session_table.h: finds the session of one media thread by id, by our ICE ufrag, and by the
 * network path of an incoming datagram. The sessions belong to the shard. */
#pragma once
#include "base/address.h"
#include "base/map.h"
#include "media/media_api.h"

struct session;

struct session_table {
    struct map ids, ufrags, paths;
    uint64_t seed; /* secret: strangers choose paths and ufrags */
};

void session_table_init(struct session_table *t, uint64_t seed);
void session_table_clear(struct session_table *t);

/* The id and the ufrag of the session's current local credentials. 0 or -ENOMEM. */
int session_table_add(struct session_table *t, struct session *s);
void session_table_remove(struct session_table *t, struct session *s);

/* After an ICE restart: both the old and the new ufrag lead to the session. 0 or -ENOMEM. */
int session_table_add_ufrag(struct session_table *t, struct session *s, const char *ufrag);

/* A path that passed a check leads to the session until another session's check takes it over or
 * it makes room for one that ICE holds instead. 0 or -ENOMEM. */
int session_table_add_path(struct session_table *t, struct session *s, const struct path *path);

/* The path is no more. */
void session_table_remove_path(struct session_table *t, struct session *s, const struct path *path);

/* Some session, NULL when there is none: to end them all. */
struct session *session_table_any(const struct session_table *t);

struct session *session_by_id(const struct session_table *t, media_id id);
struct session *session_by_ufrag(const struct session_table *t, const char *ufrag);
struct session *session_by_path(const struct session_table *t, const struct path *path);
