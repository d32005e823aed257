/* The loop of one media thread: datagrams, commands, feeds and timers, one after the other. */
#include "media/shard.h"

#include "base/log.h"
#include "base/random.h"
#include "media/feed.h"
#include "media/player.h"
#include "media/recorder.h"
#include "media/session.h"
#include "media/shard_state.h"
#include "transport/demux.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define COMMANDS_MAX 4096
#define BATCHES_A_ROUND 8 /* of UDP_BATCH datagrams, before others get their turn */
#define EVENTS_A_ROUND 16
#define STATS_EVERY MSEC(100)
#define IDLE_MAX SEC(1)

struct shard {
    struct shard_config config;
    struct shard_state state;
    struct udp_socket *socket;
    struct mailbox *commands, *handoffs;
    struct handoff_paths passed_on;
    struct shard *const *all;
    pthread_t thread;
    bool started;
    atomic_bool stop;
    usec_t stats_due;
    pthread_mutex_t stats_lock; /* of published_stats */
    struct media_stats published_stats;
    uint64_t published_cpu; /* µs */
};

/* What epoll tells us about; feeds come by their own pointers. */
static int tag_socket, tag_commands, tag_handoffs, tag_relay, tag_streams;

static int watch(int epoll, int fd, void *tag) {
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = tag};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

/* ---- What TCP connections need of this loop ---- */

static int owner_of_check(const struct shard *s, struct bytes datagram) {
    char ufrag[ICE_UFRAG_MAX];
    if (datagram_kind(datagram) != DATAGRAM_STUN || ice_ufrag_of(datagram, ufrag) < 0 ||
        ufrag[0] < 'a' || (unsigned)(ufrag[0] - 'a') >= s->config.count) {
        return -EBADMSG;
    }
    return ufrag[0] - 'a';
}

static bool is_owner(const struct shard *s, unsigned owner) {
    return s->all[owner] == s;
}

static int give_away(struct shard *s, unsigned owner, struct tcp_connection *connection) {
    return tcp_connections_arrive(&s->all[owner]->state.streams, connection);
}

static const struct tcp_loop loop = {.owner_of_check = owner_of_check,
                                     .is_owner = is_owner,
                                     .give_away = give_away,
                                     .datagram = shard_datagram};

/* ---- Opening ---- */

static int open_streams(struct shard *s) {
    struct tcp_connections *streams = &s->state.streams;
    int r =
        tcp_connections_open(streams, s->config.bind, s->config.tcp_port, s->config.quota, &loop);
    return r < 0 ? r : watch(s->state.epoll, tcp_connections_fd(streams), &tag_streams);
}

static int open_parts(struct shard *s) {
    struct shard_state *state = &s->state;
    s->commands = mailbox_new(sizeof(struct shard_command), COMMANDS_MAX);
    s->handoffs = mailbox_new(sizeof(struct handoff_datagram), HANDOFF_WAITING_MAX);
    state->packets = packet_pool_new(s->config.packets_max);
    state->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!s->commands || !s->handoffs || !state->packets || state->epoll < 0) {
        return -ENOMEM;
    }
    int r = udp_open(s->config.bind, s->config.port, true, &s->socket);
    if (r < 0) {
        return r;
    }
    egress_init(&state->egress, s->socket, &state->streams);
    r = relay_open(&state->relay, s->config.index, s->config.count);
    if (r == 0 && relay_fd(&state->relay) >= 0) {
        r = watch(state->epoll, relay_fd(&state->relay), &tag_relay);
    }
    if (r < 0) {
        return r;
    }
    r = watch(state->epoll, udp_fd(s->socket), &tag_socket);
    r = r < 0 ? r : watch(state->epoll, mailbox_fd(s->commands), &tag_commands);
    r = r < 0 ? r : watch(state->epoll, mailbox_fd(s->handoffs), &tag_handoffs);
    return r < 0 || !s->config.quota ? r : open_streams(s);
}

int shard_open(const struct shard_config *config, struct shard **ret) {
    struct shard *s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->config = *config;
    s->state.identity = config->identity;
    s->state.shard = s;
    s->state.epoll = -1;
    pthread_mutex_init(&s->stats_lock, NULL);
    session_table_init(&s->state.table, random_u64());
    handoff_paths_init(&s->passed_on, random_u64());
    rooms_init(&s->state.rooms);
    timers_init(&s->state.timers);
    tcp_connections_init(&s->state.streams, &s->state);
    int r = open_parts(s);
    if (r < 0) {
        shard_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

uint16_t shard_port(const struct shard *s) {
    return udp_port(s->socket);
}

uint16_t shard_tcp_port(const struct shard *s) {
    return tcp_connections_port(&s->state.streams);
}

void shard_event(struct shard_state *state, const struct media_event *event) {
    struct shard *s = state->shard;
    /* The next position or quality tells the same; an end is told once. */
    bool repeats = event->type == MEDIA_EVENT_QUALITY || event->type == MEDIA_EVENT_TRACKS ||
                   ((event->type == MEDIA_EVENT_POSITION || event->type == MEDIA_EVENT_LAYERS) &&
                    event->request == 0);
    int r = mailbox_post_keeping(s->config.events, event, repeats ? s->config.events_kept : 0);
    if (r < 0 && !repeats) {
        log_error("media.events_full", "type=%d session=%llu", (int)event->type,
                  (unsigned long long)event->session);
    }
    s->config.wake(s->config.wake_ctx);
}

void shard_command_clear(struct shard_command *c) {
    switch (c->type) {
    case SHARD_OPEN_SESSION:
    case SHARD_RESTART_ICE:
    case SHARD_SET_STAGE:
    case SHARD_SET_RECORDED:
        free(c->heap);
        break;
    case SHARD_OPEN_FEED:
        close(c->feed.fd);
        break;
    case SHARD_RECORD:
        if (c->fd >= 0) {
            close(c->fd);
        }
        break;
    case SHARD_CLOSE_SESSION:
    case SHARD_CLOSE_ROOM:
    case SHARD_RELAY:
    case SHARD_CONTROL:
    case SHARD_WISH:
    case SHARD_TELL_LAYERS:
        break;
    }
}

int shard_post(struct shard *s, const struct shard_command *command) {
    bool may_be_refused = command->type == SHARD_OPEN_SESSION || command->type == SHARD_OPEN_FEED ||
                          command->type == SHARD_CONTROL || command->type == SHARD_WISH ||
                          command->type == SHARD_TELL_LAYERS;
    return mailbox_post_keeping(s->commands, command, may_be_refused ? COMMANDS_MAX / 2 : 0);
}

static void open_session(struct shard *s, media_id id, const struct media_session_config *config,
                         usec_t now) {
    int r = s->state.stats.sessions < s->config.sessions_max ? session_open(&s->state, config, now)
                                                             : -ENOBUFS;
    if (r < 0) {
        log_warn("session.open_failed", "session=%llu error=%s", (unsigned long long)id,
                 strerror(-r));
        shard_event(&s->state, &(struct media_event){.type = MEDIA_EVENT_ENDED,
                                                     .session = id,
                                                     .reason = config->role == MEDIA_PLAY
                                                                   ? MEDIA_END_PRESENTATION
                                                                   : MEDIA_END_CLOSED});
    }
}

static void close_session(struct shard *s, media_id id) {
    struct session *session = session_by_id(&s->state.table, id);
    if (session) {
        session_end(session, MEDIA_END_CLOSED);
    } else {
        feed_close(&s->state, id);
    }
}

static void take_command(struct shard *s, struct shard_command *c, usec_t now) {
    struct session *session = NULL;
    switch (c->type) {
    case SHARD_OPEN_SESSION:
        open_session(s, c->id, c->heap, now);
        free(c->heap);
        break;
    case SHARD_OPEN_FEED:
        feed_open(&s->state, &c->feed, now);
        break;
    case SHARD_CLOSE_SESSION:
        close_session(s, c->id);
        break;
    case SHARD_RESTART_ICE:
        session = session_by_id(&s->state.table, c->id);
        if (session) {
            const struct shard_ice *ice = c->heap;
            session_restart_ice(session, &ice->local, &ice->remote, now);
        }
        explicit_bzero(c->heap, sizeof(struct shard_ice));
        free(c->heap);
        break;
    case SHARD_SET_STAGE:
        room_set_stage(&s->state, c->id, c->heap, now);
        free(c->heap);
        break;
    case SHARD_CLOSE_ROOM:
        room_close(&s->state, c->id);
        break;
    case SHARD_RELAY:
        relay_room(&s->state, c->id, c->relay.to, c->relay.on, now);
        break;
    case SHARD_RECORD:
        recorder_open(&s->state, c->id, c->fd, now);
        break;
    case SHARD_SET_RECORDED:
        recorder_set_sources(&s->state, c->id, c->heap, now);
        free(c->heap);
        break;
    case SHARD_CONTROL:
        session = session_by_id(&s->state.table, c->id);
        if (session) {
            player_control(session, c->control.action, c->control.value, c->control.request, now);
        }
        break;
    case SHARD_WISH:
        session = session_by_id(&s->state.table, c->id);
        if (session && session->role->wish) {
            session->role->wish(session, &c->wish.wish, c->wish.request, now);
        }
        break;
    case SHARD_TELL_LAYERS:
        session = session_by_id(&s->state.table, c->id);
        if (session && session->role->tell_layers) {
            session->role->tell_layers(session, now);
        }
        break;
    }
}

static void read_commands(struct shard *s, usec_t now) {
    struct shard_command c;
    mailbox_drained(s->commands);
    while (mailbox_take(s->commands, &c)) {
        take_command(s, &c, now);
    }
}

static void pass_on(struct shard *s, const struct udp_datagram *d, unsigned owner) {
    struct handoff_datagram h = {.path = d->path, .size = (uint16_t)d->n};
    memcpy(h.bytes, d->p, d->n);
    mailbox_post(s->all[owner]->handoffs, &h); /* full: lost, as on any busy network */
}

/* The session that a check's ufrag names, or NULL after passing it on to its owner. */
static struct session *session_of_check(struct shard *s, const struct udp_datagram *d, usec_t now) {
    char ufrag[ICE_UFRAG_MAX];
    if (ice_ufrag_of(bytes_of(d->p, d->n), ufrag) < 0) {
        s->state.stats.stun_bad++;
        return NULL;
    }
    unsigned owner = (unsigned)(ufrag[0] - 'a');
    if (owner < s->config.count && s->all[owner] != s) {
        if (d->path.stream != 0) { /* its connection is here: the answer could not go back */
            s->state.stats.stun_bad++;
        } else if (handoff_paths_set(&s->passed_on, &d->path, owner) == 0) {
            pass_on(s, d, owner);
        }
        return NULL;
    }
    struct session *session = session_by_ufrag(&s->state.table, ufrag);
    if (!session) { /* the check may be faster than the command that opens its session */
        read_commands(s, now);
        session = session_by_ufrag(&s->state.table, ufrag);
    }
    if (!session) {
        s->state.stats.stun_bad++;
    }
    return session;
}

static void take_datagram(struct shard *s, const struct udp_datagram *d, bool passed_on,
                          usec_t now) {
    struct session *session;
    s->state.stats.datagrams_in++;
    s->state.stats.bytes_in += d->n;
    if (datagram_kind(bytes_of(d->p, d->n)) == DATAGRAM_STUN) {
        session = session_of_check(s, d, now);
    } else {
        session = session_by_path(&s->state.table, &d->path);
        if (!session) {
            int owner = passed_on || d->path.stream != 0
                            ? -ENOENT
                            : handoff_paths_get(&s->passed_on, &d->path);
            if (owner >= 0) {
                pass_on(s, d, (unsigned)owner);
            } else {
                s->state.stats.unknown_path++;
            }
        }
    }
    if (session) {
        session_datagram(session, d, now);
    }
}

void shard_datagram(struct shard *s, const struct udp_datagram *d, usec_t now) {
    take_datagram(s, d, false, now);
}

static void read_socket(struct shard *s, usec_t now) {
    struct udp_datagram datagrams[UDP_BATCH];
    for (unsigned batch = 0; batch < BATCHES_A_ROUND; batch++) {
        int n = udp_receive(s->socket, datagrams, &s->state.stats.oversized);
        for (int i = 0; i < n; i++) {
            take_datagram(s, &datagrams[i], false, now);
        }
        if (n < UDP_BATCH) {
            break;
        }
    }
}

static void read_handoffs(struct shard *s, usec_t now) {
    static _Thread_local struct handoff_datagram h;
    mailbox_drained(s->handoffs);
    while (mailbox_take(s->handoffs, &h)) {
        struct udp_datagram d = {.path = h.path, .p = h.bytes, .n = h.size};
        take_datagram(s, &d, true, now);
    }
}

/* As many as there are, so that one that is due again at once cannot keep the others waiting. */
static void run_timers(struct shard *s, usec_t now) {
    for (size_t left = s->state.timers.used; left > 0; left--) {
        struct timer *t = timers_pop(&s->state.timers, now);
        if (!t) {
            break;
        }
        t->fire(t, now);
    }
}

static void free_ended(struct shard_state *state) {
    while (state->ended) {
        struct session *next = state->ended->next_ended;
        session_free(state->ended);
        state->ended = next;
    }
}

static void end_all(struct shard_state *state) {
    for (struct session *session; (session = session_table_any(&state->table)) != NULL;) {
        session_end(session, MEDIA_END_CLOSED);
    }
    egress_flush(&state->egress);
}

static uint64_t thread_cpu(void) {
    struct timespec t;
    return clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) < 0
               ? 0
               : (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void publish_stats(struct shard *s, usec_t now) {
    if (now < s->stats_due) {
        return;
    }
    s->stats_due = now + STATS_EVERY;
    struct media_stats *stats = &s->state.stats;
    stats->datagrams_out = s->state.egress.datagrams;
    stats->bytes_out = s->state.egress.bytes;
    stats->sends = s->state.egress.sends;
    stats->send_failed = s->state.egress.failed;
    const struct congestion_counters *c = &s->state.congestion;
    stats->retransmitted_bytes = c->again_bytes;
    stats->padding_bytes = c->padding_bytes;
    stats->probes = c->probes;
    stats->feedback = c->feedback;
    stats->feedback_refused = c->refused;
    stats->feedback_silences = c->silences;
    const uint64_t cpu = thread_cpu();
    pthread_mutex_lock(&s->stats_lock);
    s->published_cpu = cpu;
    s->published_stats = *stats;
    pthread_mutex_unlock(&s->stats_lock);
}

uint64_t shard_cpu(struct shard *s) {
    pthread_mutex_lock(&s->stats_lock);
    const uint64_t cpu = s->published_cpu;
    pthread_mutex_unlock(&s->stats_lock);
    return cpu;
}

void shard_add_stats(struct shard *s, struct media_stats *sum) {
    pthread_mutex_lock(&s->stats_lock);
    /* All members are uint64_t counters. */
    const uint64_t *from = (const uint64_t *)&s->published_stats;
    uint64_t *to = (uint64_t *)sum;
    for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++) {
        to[i] += from[i];
    }
    pthread_mutex_unlock(&s->stats_lock);
}

static int wait_for_events(struct shard *s, struct epoll_event events[static EVENTS_A_ROUND],
                           usec_t wait_max) {
    usec_t now = clock_now();
    usec_t due = usec_min(timers_next(&s->state.timers), now + wait_max);
    usec_t wait = due > now ? due - now : 0;
    struct timespec t = {.tv_sec = (time_t)(wait / 1000000),
                         .tv_nsec = (long)(wait % 1000000) * 1000};
    int n = epoll_pwait2(s->state.epoll, events, EVENTS_A_ROUND, &t, NULL);
    if (n < 0 && errno != EINTR) { /* before Linux 5.11, or in a sandbox that is older */
        n = epoll_wait(s->state.epoll, events, EVENTS_A_ROUND, (int)((wait + 999) / 1000));
    }
    return n;
}

void shard_round(struct shard *s, usec_t wait_max) {
    struct epoll_event events[EVENTS_A_ROUND];
    int n = wait_for_events(s, events, wait_max);
    usec_t now = clock_now();
    for (int i = 0; i < n; i++) {
        void *tag = events[i].data.ptr;
        if (tag == &tag_socket) {
            read_socket(s, now);
        } else if (tag == &tag_commands) {
            read_commands(s, now);
        } else if (tag == &tag_handoffs) {
            read_handoffs(s, now);
        } else if (tag == &tag_relay) {
            read_commands(s, now); /* the room's comes before the sources that are relayed for it */
            relay_read(&s->state, now);
        } else if (tag == &tag_streams) {
            tcp_connections_service(&s->state.streams, now);
        } else {
            feed_readable(tag, now);
        }
    }
    run_timers(s, now);
    recorders_flush(&s->state, now);
    egress_flush(&s->state.egress);
    feeds_free_ended(&s->state);
    free_ended(&s->state);
    publish_stats(s, now);
}

static void *run(void *ctx) {
    struct shard *s = ctx;
    char name[16];
    snprintf(name, sizeof(name), "media-%u", s->config.index);
    pthread_setname_np(pthread_self(), name);
    while (!atomic_load_explicit(&s->stop, memory_order_acquire)) {
        shard_round(s, IDLE_MAX);
    }
    end_all(&s->state);
    free_ended(&s->state);
    return NULL;
}

void shard_share(struct shard *s, struct shard *const *all) {
    s->all = all;
    for (unsigned i = 0; i < s->config.count; i++) {
        relay_share(&s->state.relay, i, &all[i]->state.relay);
    }
}

int shard_start(struct shard *s) {
    int r = pthread_create(&s->thread, NULL, run, s);
    s->started = r == 0;
    return -r;
}

void shard_stop(struct shard *s) {
    if (!s || !s->started) {
        return;
    }
    atomic_store_explicit(&s->stop, true, memory_order_release);
    mailbox_wake(s->commands);
    pthread_join(s->thread, NULL);
    s->started = false;
}

static void drop_commands(struct shard *s) {
    struct shard_command c;
    while (s->commands && mailbox_take(s->commands, &c)) {
        shard_command_clear(&c);
    }
}

void shard_clear(struct shard *s) {
    if (!s) {
        return;
    }
    feeds_clear(&s->state);
    relay_close_copies(&s->state);
    relay_drop(&s->state.relay);
}

void shard_free(struct shard *s) {
    if (!s) {
        return;
    }
    shard_clear(s);
    relay_close(&s->state.relay);
    rooms_clear(&s->state.rooms);
    presentation_files_clear(&s->state.presentations);
    tcp_connections_clear(&s->state.streams);
    session_table_clear(&s->state.table);
    handoff_paths_clear(&s->passed_on);
    timers_clear(&s->state.timers);
    packet_pool_free(s->state.packets);
    udp_close(s->socket);
    if (s->state.epoll >= 0) {
        close(s->state.epoll);
    }
    drop_commands(s);
    mailbox_free(s->commands);
    mailbox_free(s->handoffs);
    pthread_mutex_destroy(&s->stats_lock);
    free(s);
}
