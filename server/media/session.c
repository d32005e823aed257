#include "media/session.h"

#include "base/log.h"
#include "media/player.h"
#include "media/publisher.h"
#include "media/shard_state.h"
#include "media/viewer.h"
#include "routing/congestion.h"
#include "transport/demux.h"

#include <errno.h>
#include <stdlib.h>

static const struct session_role *role_of(enum media_role role) {
    switch (role) {
    case MEDIA_PUBLISH:
        return &publisher_role;
    case MEDIA_WATCH:
        return &viewer_role;
    case MEDIA_PLAY:
        return &player_role;
    }
    return NULL;
}

static void timer_fired(struct timer *timer, usec_t now);

int session_open(struct shard_state *shard, const struct media_session_config *config, usec_t now) {
    struct session *s = calloc(1, sizeof(*s));
    if (!s) {
        return -ENOMEM;
    }
    s->timer.fire = timer_fired;
    s->id = config->session;
    s->participant = config->participant;
    s->shard = shard;
    presence_init(&s->presence, now);
    s->role = role_of(config->role);
    s->kind = config->role;
    s->opened = now;
    s->checks_left = CHECKS_AT_ONCE;
    s->checks_at = now;
    ice_init(&s->ice, &config->local_ice, &config->remote_ice, now);
    s->dtls = dtls_new(shard->identity, DTLS_SERVER, &config->remote_fingerprint);
    int r = s->dtls ? session_table_add(&shard->table, s) : -ENOMEM;
    if (r == 0) {
        r = s->role->open(s, config, now);
    }
    if (r < 0) {
        session_table_remove(&shard->table, s);
        session_free(s);
        return r;
    }
    shard->stats.sessions++;
    shard->stats.sessions_opened++;
    shard->stats.sessions_by_role[s->kind]++;
    session_schedule(s, now);
    return 0;
}

void session_free(struct session *s) {
    if (!s) {
        return;
    }
    timers_unset(&s->shard->timers, &s->timer);
    s->role->close(s);
    free(s->congestion);
    srtp_in_free(s->in);
    srtp_out_free(s->out);
    dtls_free(s->dtls);
    free(s);
}

/* The nominated path, before that the one that passed a check; NULL when there is none. */
static const struct path *usable_path(const struct session *s) {
    const struct path *selected = ice_selected(&s->ice);
    if (selected) {
        return selected;
    }
    return s->heard.remote.family != 0 ? &s->heard : NULL;
}

const struct path *session_path(const struct session *s) {
    return s->out ? usable_path(s) : NULL;
}

bool session_is_late(const struct session *s, usec_t now) {
    const struct path *path = session_path(s);
    return path && tcp_connections_late(&s->shard->streams, path, now);
}

void session_path_lost(struct session *s, const struct path *path) {
    ice_forget(&s->ice, path);
    session_table_remove_path(&s->shard->table, s, path);
    if (path_equal(&s->heard, path)) {
        s->heard = (struct path){0};
    }
}

void session_schedule(struct session *s, usec_t now) {
    if (s->ended) {
        return;
    }
    usec_t due = usec_min(ice_next_timeout(&s->ice), s->role->next_timeout(s));
    if (!s->settled) {
        due = usec_min(due, dtls_next_timeout(s->dtls, now));
    }
    if (timers_set(&s->shard->timers, &s->timer, due) < 0) {
        session_end(s, MEDIA_END_TIMEOUT);
    }
}

/* The first packet of its media leaves. */
static void count_join(struct session *s) {
    static const unsigned bounds_ms[MEDIA_JOIN_BUCKETS] = MEDIA_JOIN_BOUNDS_MS;
    const usec_t took = clock_now() - s->opened;
    size_t i = 0;
    while (i < MEDIA_JOIN_BUCKETS && took > MSEC(bounds_ms[i])) {
        i++;
    }
    s->shard->stats.joins[i]++;
    s->shard->stats.join_usec += took;
    s->opened = 0;
}

static bool has_numbers(const struct media_session_config *config) {
    for (size_t i = 0; i < config->line_count; i++) {
        const struct media_line *line = &config->lines[i];
        for (size_t k = 0; line->active && k < line->payload_count; k++) {
            if (line->payloads[k].twcc) {
                return true;
            }
        }
    }
    return false;
}

int session_pace(struct session *s, const struct media_session_config *config, usec_t now) {
    s->congestion = malloc(sizeof(*s->congestion));
    if (!s->congestion) {
        return -ENOMEM;
    }
    congestion_init(s->congestion, has_numbers(config), &s->shard->congestion, now);
    return 0;
}

void session_send_round(struct session *s, const struct send_source *source, void *ctx,
                        usec_t now) {
    struct outgoing packet;
    if (!session_path(s)) {
        return;
    }
    congestion_begin(s->congestion);
    while (congestion_next(s->congestion, source, ctx, now, &packet)) {
        session_send(s, &packet, now);
    }
}

void session_send(struct session *s, struct outgoing *packet, usec_t now) {
    const struct path *path = session_path(s);
    if (!path) {
        return;
    }
    presence_sent(&s->presence, now);
    congestion_number(s->congestion, packet);
    struct egress *egress = &s->shard->egress;
    const struct bytes parts[] = {bytes_of(packet->prefix, packet->prefix_size), packet->payload,
                                  packet->tail};
    int n =
        srtp_out_seal(s->out, bytes_of(packet->header, packet->header_size), parts,
                      sizeof(parts) / sizeof(parts[0]), packet->index, egress_room(egress, path));
    if (n > 0) {
        egress_add(egress, (size_t)n);
        congestion_sent(s->congestion, packet, (size_t)n, now);
        s->shard->stats.packets_forwarded++;
        if (s->opened != 0) {
            count_join(s);
        }
        s->shard->stats.retransmitted += packet->retransmission;
    } else {
        s->shard->stats.oversized += n == -ENOSPC;
    }
}

void session_send_rtcp(struct session *s, struct bytes compound) {
    const struct path *path = session_path(s);
    if (!path) {
        return;
    }
    struct egress *egress = &s->shard->egress;
    int n = srtp_out_seal_rtcp(s->out, compound, egress_room(egress, path));
    if (n > 0) {
        egress_add(egress, (size_t)n);
    }
}

uint64_t session_send_rate(const struct session *s) {
    return s->congestion ? congestion_rate(s->congestion) : 0;
}

void session_want_rate(struct session *s, uint64_t bits_s) {
    if (s->congestion) {
        congestion_want(s->congestion, bits_s);
    }
}

void session_tell_rate(struct session *s) {
    struct media_stats *stats = &s->shard->stats;
    const uint64_t rate = s->ended ? 0 : session_send_rate(s);
    stats->send_rates += (uint64_t)(rate > 0) - (uint64_t)(s->rate_told > 0);
    stats->send_rate_sum += rate - s->rate_told;
    s->rate_told = rate;
}

static void send_handshake(struct session *s) {
    const struct path *path = usable_path(s);
    struct egress *egress = &s->shard->egress;
    /* A flight waits in the association until there is a path. */
    while (path) {
        int n = dtls_output(s->dtls, egress_room(egress, path));
        if (n <= 0) {
            break;
        }
        egress_add(egress, (size_t)n);
    }
    egress_flush(egress);
}

void session_end(struct session *s, enum media_end_reason reason) {
    if (s->ended) {
        return;
    }
    s->ended = true;
    dtls_close(s->dtls);
    send_handshake(s);
    session_tell_rate(s);
    timers_unset(&s->shard->timers, &s->timer);
    for (size_t i = 0; i < ICE_PATHS_MAX; i++) {
        tcp_connections_release(&s->shard->streams, &s->ice.paths[i].path);
    }
    session_table_remove(&s->shard->table, s);
    s->role->close(s);
    s->next_ended = s->shard->ended;
    s->shard->ended = s;
    s->shard->stats.sessions--;
    s->shard->stats.sessions_ended++;
    s->shard->stats.sessions_by_role[s->kind]--;
    shard_event(s->shard, &(struct media_event){
                              .type = MEDIA_EVENT_ENDED, .session = s->id, .reason = reason});
}

/* The peer was heard. One that was away missed pictures: its role begins them anew. */
static void note_alive(struct session *s, usec_t now) {
    const bool was_away = presence_heard(&s->presence, now);
    if (was_away && s->out && s->role->returned) {
        s->role->returned(s, now);
    }
}

/* An answer costs more than all the rest of a check: whoever knows the password gets so many. Only
 * authentic checks count, or strangers could use them up. */
static bool may_answer(struct session *s, usec_t now) {
    const uint64_t earned = (now - s->checks_at) * CHECKS_A_SECOND / SEC(1);
    if (earned > 0) {
        const uint64_t left = s->checks_left + earned;
        s->checks_left = left < CHECKS_AT_ONCE ? (unsigned)left : CHECKS_AT_ONCE;
        s->checks_at = now;
    }
    if (s->checks_left == 0) {
        s->shard->stats.stun_flooded++;
        return false;
    }
    s->checks_left--;
    return true;
}

static void input_stun(struct session *s, const struct udp_datagram *d, usec_t now) {
    struct path to;
    int r = ice_input(&s->ice, bytes_of(d->p, d->n), &d->path, now);
    if (r < 0) {
        s->shard->stats.stun_bad++;
    }
    const bool answer = r < 0 || may_answer(s, now);
    struct egress *egress = &s->shard->egress;
    for (;;) {
        int n = ice_output(&s->ice, egress_room(egress, &d->path), &to);
        if (n <= 0) {
            break;
        }
        if (answer) {
            egress_add(egress, (size_t)n);
        }
    }
    egress_flush(egress);
    if (r < 0 || !answer) {
        return;
    }
    if (session_table_add_path(&s->shard->table, s, &d->path) < 0) {
        session_end(s, MEDIA_END_TIMEOUT);
        return;
    }
    tcp_connections_checked(&s->shard->streams, &d->path, now);
    s->heard = d->path;
    send_handshake(s); /* what waited for a path */
    note_alive(s, now);
}

static void take_keys(struct session *s, usec_t now) {
    struct srtp_keys keys;
    if (dtls_srtp_keys(s->dtls, &keys) < 0) {
        return;
    }
    s->in = srtp_in_new(&keys);
    s->out = srtp_out_new(&keys);
    explicit_bzero(&keys, sizeof(keys));
    if (!s->in || !s->out) {
        session_end(s, MEDIA_END_DTLS_FAILED);
        return;
    }
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_CONNECTED, .session = s->id});
    s->role->connected(s, now);
}

/* The state after an input or a timeout. */
static void follow_dtls(struct session *s, usec_t now) {
    send_handshake(s);
    switch (dtls_state(s->dtls)) {
    case DTLS_HANDSHAKE:
        break;
    case DTLS_OPEN:
        if (!s->out) {
            take_keys(s, now);
        }
        break;
    case DTLS_CLOSED:
        session_end(s, MEDIA_END_DTLS_CLOSED);
        break;
    case DTLS_FAILED:
        log_info("session.dtls_failed", "session=%llu reason=%s", (unsigned long long)s->id,
                 dtls_failure(s->dtls));
        session_end(s, MEDIA_END_DTLS_FAILED);
        break;
    }
}

static void input_dtls(struct session *s, const struct udp_datagram *d, usec_t now) {
    if (dtls_input(s->dtls, bytes_of(d->p, d->n)) < 0) {
        s->shard->stats.dtls_bad++;
    }
    follow_dtls(s, now);
}

/* The plain packet, empty when it could not be opened. */
static struct bytes open_srtp(struct session *s, const struct udp_datagram *d, bool rtcp,
                              usec_t now) {
    int n = -ENOTCONN;
    if (s->in) {
        n = rtcp ? srtp_in_open_rtcp(s->in, d->p, d->n) : srtp_in_open_rtp(s->in, d->p, d->n);
    }
    if (n < 0) {
        *(n == -EALREADY ? &s->shard->stats.replayed : &s->shard->stats.srtp_bad) += 1;
        return bytes_of(NULL, 0);
    }
    if (!s->settled) {
        s->settled = true;
        dtls_settle(s->dtls);
    }
    note_alive(s, now);
    return bytes_of(d->p, (size_t)n);
}

void session_datagram(struct session *s, const struct udp_datagram *d, usec_t now) {
    struct bytes plain;
    enum datagram_kind kind = datagram_kind(bytes_of(d->p, d->n));
    if (kind != DATAGRAM_STUN && !ice_allows(&s->ice, &d->path)) {
        s->shard->stats.unknown_path++;
        return;
    }
    switch (kind) {
    case DATAGRAM_STUN:
        input_stun(s, d, now);
        break;
    case DATAGRAM_DTLS:
        input_dtls(s, d, now);
        break;
    case DATAGRAM_RTP:
        plain = open_srtp(s, d, false, now);
        if (plain.n > 0 && s->role->rtp) {
            s->role->rtp(s, plain, now);
        }
        return; /* the hot path: roles that need another timer set it */
    case DATAGRAM_RTCP:
        plain = open_srtp(s, d, true, now);
        if (plain.n > 0) {
            s->role->rtcp(s, plain, now);
        }
        break;
    case DATAGRAM_UNKNOWN:
        s->shard->stats.unknown_path++;
        return;
    }
    session_schedule(s, now);
}

static void timer_fired(struct timer *timer, usec_t now) {
    struct session *s = (struct session *)timer;
    if (ice_expired(&s->ice, now)) {
        session_end(s, MEDIA_END_TIMEOUT);
        return;
    }
    if (!s->settled && dtls_next_timeout(s->dtls, now) <= now) {
        dtls_timeout(s->dtls);
        follow_dtls(s, now);
    }
    if (!s->ended && s->role->next_timeout(s) <= now) {
        s->role->timeout(s, now);
    }
    session_schedule(s, now);
}

void session_restart_ice(struct session *s, const struct ice_credentials *local,
                         const struct ice_credentials *remote, usec_t now) {
    if (session_table_add_ufrag(&s->shard->table, s, local->ufrag) < 0) {
        session_end(s, MEDIA_END_TIMEOUT);
        return;
    }
    ice_restart(&s->ice, local, remote, now);
    session_schedule(s, now);
}
