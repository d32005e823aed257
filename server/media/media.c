/* The control thread's side of the media plane: starts the threads, keeps which of them serves
 * which session (placement.h), and hands commands and events across. */
#include "media/media_api.h"

#include "base/log.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "media/placement.h"
#include "media/shard.h"
#include "net/connection_quota.h"
#include "net/tcp_listener.h"
#include "net/udp_socket.h"
#include "transport/dtls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SESSIONS_DEFAULT 4096
#define PACKETS_DEFAULT 16384
#define TCP_CONNECTIONS_DEFAULT 8192
#define UFRAG_RANDOM 15 /* characters: 89 bits */
#define PWD_RANDOM 28   /* characters: 166 bits; RFC 8445 §5.3 asks for 128 */

struct media {
    struct media_config config;
    uint16_t port, tcp_port;
    struct connection_quota *quota; /* NULL: no TCP */
    unsigned thread_count;
    struct shard *shards[PLACEMENT_THREADS_MAX];
    struct dtls_identity *identity;
    struct mailbox *events;
    struct placement placement;
};

/* SO_REUSEPORT would let a second server share our port in silence: ask for it alone first. */
static int check_port(const struct media_config *config) {
    struct udp_socket *probe;
    if (config->port == 0) {
        return 0;
    }
    int r = udp_open(config->bind, config->port, false, &probe);
    if (r == 0) {
        udp_close(probe);
    }
    return r;
}

/* The number of the UDP port unless told another; asked for alone first, like that one. 0, or
 * −errno when it cannot be had and must. */
static int prepare_tcp(struct media *m) {
    if (m->config.tcp_port < 0) {
        return 0;
    }
    const uint16_t port = m->config.tcp_port ? (uint16_t)m->config.tcp_port : m->config.port;
    const int probe = tcp_listen(m->config.bind, port, false);
    if (probe < 0) {
        log_warn("media.no_tcp", "port=%u error=%d remedy=\"set media_tcp_port\"", port, -probe);
        return m->config.tcp_may_fail ? 0 : probe;
    }
    m->tcp_port = tcp_port(probe);
    close(probe);
    m->quota =
        connection_quota_new(m->config.tcp_connections_max, m->config.tcp_connections_per_address);
    return m->quota ? 0 : -ENOMEM;
}

static unsigned count_threads(const struct media_config *config) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = config->threads ? config->threads : (unsigned)(cores > 0 ? cores : 1);
    return n < PLACEMENT_THREADS_MAX ? n : PLACEMENT_THREADS_MAX;
}

static int start_shards(struct media *m) {
    for (unsigned i = 0; i < m->thread_count; i++) {
        struct shard_config c = {.index = i,
                                 .count = m->thread_count,
                                 .bind = m->config.bind,
                                 .port = m->port ? m->port : m->config.port,
                                 .tcp_port = m->tcp_port,
                                 .quota = m->quota,
                                 .sessions_max = m->config.sessions_max,
                                 .packets_max = m->config.packets_max,
                                 .identity = m->identity,
                                 .events = m->events,
                                 .events_kept = m->config.sessions_max * 2,
                                 .wake = m->config.wake,
                                 .wake_ctx = m->config.wake_ctx};
        int r = shard_open(&c, &m->shards[i]);
        if (r < 0) {
            return r;
        }
        m->port = shard_port(m->shards[i]);
    }
    for (unsigned i = 0; i < m->thread_count; i++) {
        shard_share(m->shards[i], m->shards);
    }
    for (unsigned i = 0; i < m->thread_count; i++) {
        int r = shard_start(m->shards[i]);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

int media_new(const struct media_config *config, struct media **ret) {
    int r = check_port(config);
    if (r < 0) {
        return r;
    }
    struct media *m = calloc(1, sizeof(*m));
    if (!m) {
        return -ENOMEM;
    }
    m->config = *config;
    if (m->config.sessions_max == 0) {
        m->config.sessions_max = SESSIONS_DEFAULT;
    }
    if (m->config.tcp_connections_max == 0) {
        m->config.tcp_connections_max = TCP_CONNECTIONS_DEFAULT;
    }
    if (m->config.tcp_connections_per_address == 0) {
        m->config.tcp_connections_per_address = TCP_CONNECTIONS_DEFAULT;
    }
    if (m->config.packets_max == 0) {
        m->config.packets_max = PACKETS_DEFAULT;
    }
    m->thread_count = count_threads(config);
    placement_init(&m->placement, m->thread_count, m->config.spread_from);
    /* Room for two events of every session and a second's worth of positions and qualities. */
    m->events = mailbox_new(sizeof(struct media_event), m->config.sessions_max * 4 + 1024);
    m->identity = dtls_identity_new();
    r = m->events && m->identity ? prepare_tcp(m) : -ENOMEM;
    r = r == 0 ? start_shards(m) : r;
    if (r < 0) {
        media_free(m);
        return r;
    }
    *ret = m;
    return 0;
}

void media_free(struct media *m) {
    if (!m) {
        return;
    }
    for (unsigned i = 0; i < m->thread_count; i++) {
        shard_stop(m->shards[i]);
    }
    for (unsigned i = 0; i < m->thread_count; i++) {
        shard_clear(m->shards[i]);
    }
    for (unsigned i = 0; i < m->thread_count; i++) {
        shard_free(m->shards[i]);
    }
    connection_quota_free(m->quota);
    dtls_identity_free(m->identity);
    mailbox_free(m->events);
    placement_clear(&m->placement);
    free(m);
}

uint16_t media_port(const struct media *m) {
    return m->port;
}

uint16_t media_tcp_port(const struct media *m) {
    return m->quota ? m->tcp_port : 0;
}

const char *media_fingerprint(const struct media *m) {
    return dtls_identity_fingerprint(m->identity);
}

static struct shard *shard_of_room(struct media *m, media_id room) {
    return m->shards[placement_home(&m->placement, room)];
}

void media_ice_credentials(struct media *m, media_id session, media_id room, enum media_role role,
                           struct ice_credentials *ret) {
    int thread = placement_of(&m->placement, session);
    if (thread < 0) {
        thread = (int)placement_choose(&m->placement, room, role);
    }
    ret->ufrag[0] = (char)('a' + thread);
    random_text(ret->ufrag + 1, UFRAG_RANDOM);
    random_text(ret->pwd, PWD_RANDOM);
}

static int post(struct shard *shard, struct shard_command *c) {
    int r = shard_post(shard, c);
    if (r < 0) {
        shard_command_clear(c);
    }
    return r;
}

static int post_stage(struct shard *shard, media_id room, const struct media_stage *stage) {
    struct media_stage *copy = malloc(sizeof(*copy));
    if (!copy) {
        return -ENOMEM;
    }
    *copy = *stage;
    return post(shard, &(struct shard_command){.type = SHARD_SET_STAGE, .id = room, .heap = copy});
}

static int post_relay(struct media *m, media_id room, unsigned to, bool on) {
    return post(
        shard_of_room(m, room),
        &(struct shard_command){.type = SHARD_RELAY, .id = room, .relay = {.to = to, .on = on}});
}

/* A thread gets its first viewer of a room that lives elsewhere: the room comes to be there, with
 * its stage, before anything is relayed for it. */
static int extend_room(struct media *m, media_id room, unsigned to) {
    const struct placed_room *r = placement_find_room(&m->placement, room);
    int error = post_stage(m->shards[to], room, &r->stage);
    return error < 0 ? error : post_relay(m, room, to, true);
}

static void session_gone(struct media *m, media_id session) {
    media_id room;
    unsigned thread;
    if (placement_remove(&m->placement, session, &room, &thread)) {
        post_relay(m, room, thread, false);
        post(m->shards[thread], &(struct shard_command){.type = SHARD_CLOSE_ROOM, .id = room});
    }
}

/* Remembers the owner first, so that no event can come for a session that is not known. `watched`
 * is the room of a viewer, else 0. */
static int post_opening(struct media *m, unsigned thread, media_id watched,
                        struct shard_command *c) {
    bool first = false;
    int r = placement_add(&m->placement, c->id, watched, thread, &first);
    if (r < 0) {
        shard_command_clear(c);
        return r;
    }
    r = first ? extend_room(m, watched, thread) : 0;
    if (r < 0) {
        shard_command_clear(c);
    } else {
        r = post(m->shards[thread], c);
    }
    if (r < 0) {
        session_gone(m, c->id);
    }
    return r;
}

int media_open_session(struct media *m, const struct media_session_config *config) {
    unsigned thread = (unsigned)(config->local_ice.ufrag[0] - 'a');
    if (config->session == 0 || thread >= m->thread_count) {
        return -EINVAL;
    }
    struct media_session_config *copy = malloc(sizeof(*copy));
    if (!copy) {
        return -ENOMEM;
    }
    *copy = *config;
    struct shard_command c = {.type = SHARD_OPEN_SESSION, .id = config->session, .heap = copy};
    return post_opening(m, thread, config->role == MEDIA_WATCH ? config->room : 0, &c);
}

int media_open_feed(struct media *m, const struct media_feed_config *config) {
    struct shard_command c = {.type = SHARD_OPEN_FEED, .id = config->session, .feed = *config};
    return post_opening(m, placement_home(&m->placement, config->room), 0, &c);
}

static int post_to_owner(struct media *m, struct shard_command *c) {
    int thread = placement_of(&m->placement, c->id);
    if (thread < 0) {
        shard_command_clear(c);
        return thread;
    }
    return post(m->shards[thread], c);
}

int media_close_session(struct media *m, media_id session) {
    return post_to_owner(m, &(struct shard_command){.type = SHARD_CLOSE_SESSION, .id = session});
}

int media_restart_ice(struct media *m, media_id session, const struct ice_credentials *local,
                      const struct ice_credentials *remote) {
    struct shard_ice *ice = malloc(sizeof(*ice));
    if (!ice) {
        return -ENOMEM;
    }
    *ice = (struct shard_ice){.local = *local, .remote = *remote};
    return post_to_owner(
        m, &(struct shard_command){.type = SHARD_RESTART_ICE, .id = session, .heap = ice});
}

int media_set_stage(struct media *m, media_id id, const struct media_stage *stage) {
    struct placed_room *room = placement_room(&m->placement, id);
    if (!room) {
        return -ENOMEM;
    }
    room->stage = *stage;
    room->closed = false;
    int r = 0;
    for (unsigned i = 0; i < m->thread_count && r == 0; i++) {
        if (i == room->home || room->viewers[i] > 0) {
            r = post_stage(m->shards[i], id, stage);
        }
    }
    return r;
}

int media_close_room(struct media *m, media_id id) {
    const struct placed_room *room = placement_find_room(&m->placement, id);
    const unsigned home = placement_home(&m->placement, id);
    int r = 0;
    for (unsigned i = 0; i < m->thread_count && r == 0; i++) {
        if (i == home || (room && room->viewers[i] > 0)) {
            r = post(m->shards[i], &(struct shard_command){.type = SHARD_CLOSE_ROOM, .id = id});
        }
    }
    placement_close_room(&m->placement, id);
    return r;
}

int media_record(struct media *m, media_id room, int fd) {
    return post(shard_of_room(m, room),
                &(struct shard_command){.type = SHARD_RECORD, .id = room, .fd = fd});
}

int media_set_recorded(struct media *m, media_id room, const struct media_recorded *list) {
    struct media_recorded *copy = malloc(sizeof(*copy));
    if (!copy) {
        return -ENOMEM;
    }
    *copy = *list;
    return post(shard_of_room(m, room),
                &(struct shard_command){.type = SHARD_SET_RECORDED, .id = room, .heap = copy});
}

int media_control(struct media *m, media_id session, enum media_action action, double value,
                  uint64_t request) {
    struct shard_command c = {.type = SHARD_CONTROL,
                              .id = session,
                              .control = {.action = action, .value = value, .request = request}};
    return post_to_owner(m, &c);
}

int media_wish(struct media *m, media_id session, const struct media_wish *wish, uint64_t request) {
    struct shard_command c = {
        .type = SHARD_WISH, .id = session, .wish = {.wish = *wish, .request = request}};
    return post_to_owner(m, &c);
}

int media_tell_layers(struct media *m, media_id session) {
    return post_to_owner(m, &(struct shard_command){.type = SHARD_TELL_LAYERS, .id = session});
}

bool media_next_event(struct media *m, struct media_event *ret) {
    if (!mailbox_take(m->events, ret)) {
        return false;
    }
    if (ret->type == MEDIA_EVENT_ENDED) {
        session_gone(m, ret->session);
    }
    return true;
}

void media_read_stats(const struct media *m, struct media_stats *ret) {
    struct media_stats sum = {0};
    for (unsigned i = 0; i < m->thread_count; i++) {
        shard_add_stats(m->shards[i], &sum);
    }
    *ret = sum;
}

int64_t media_thread_cpu(const struct media *m, unsigned index) {
    return index < m->thread_count ? (int64_t)shard_cpu(m->shards[index]) : -ENOENT;
}
