#include "media/publisher.h"

#include "base/random.h"
#include "media/relay.h"
#include "media/shard_state.h"
#include "media/viewer_rungs.h"
#include "wire/rtcp.h"

#include <errno.h>
#include <stdlib.h>

#define RTCP_MAX 1200
#define SILENT_AFTER SEC(3)
#define SHED_EVERY MSEC(100)
#define SETTLING MSEC(500) /* in which all rungs of a feed have come */
#define RUNGS_EVERY MSEC(250)
#define TELL_EVERY SEC(2)
#define STALLED_AFTER MSEC(600) /* a rung without a packet while another one has them */

struct publisher *publisher_new(struct shard_state *shard, media_id id, media_id participant,
                                media_id room, const struct media_line *lines, size_t line_count,
                                const struct publisher_carrier *carrier, void *carrier_ctx) {
    struct publisher *p = calloc(1, sizeof(*p));
    if (!p) {
        return NULL;
    }
    p->id = id;
    p->participant = participant;
    p->shard = shard;
    p->carrier = carrier;
    p->carrier_ctx = carrier_ctx;
    for (size_t i = 0; i < PUBLISHER_TRACKS; i++) {
        p->tracks[i].publisher = p;
    }
    p->track_end = PUBLISHER_KINDS;
    p->line_count = line_count;
    memcpy(p->lines, lines, line_count * sizeof(*lines));
    p->line_of[MEDIA_AUDIO] = p->line_of[MEDIA_VIDEO] = -1;
    for (size_t i = line_count; i-- > 0;) {
        if (p->lines[i].active) {
            p->line_of[p->lines[i].kind] = (int)i; /* the first of its kind */
        }
    }
    random_bytes(&p->own_ssrc, sizeof(p->own_ssrc));
    demux_init(&p->demux, p->lines, p->line_count);
    capture_clock_init(&p->clock);
    twcc_receiver_init(&p->twcc, p->own_ssrc);
    if (room_add_publisher(shard, room, p) < 0) {
        free(p);
        return NULL;
    }
    return p;
}

/* Nobody takes a track that is about to be cleared. */
static void abandon(struct publisher *p, struct publisher_track *t) {
    while (t->subscribers) {
        viewer_slot_leave(t->subscribers);
    }
    while (t->waiting) {
        viewer_slot_stay(t->waiting);
    }
    for (size_t i = 0; i < p->track_end; i++) {
        for (struct viewer_slot *slot = p->tracks[i].subscribers; slot;
             slot = slot->next_subscriber) {
            subscription_forget(&slot->subscription, &t->track);
        }
    }
    recorder_leave(t);
    p->recorded = p->recorded == t ? NULL : p->recorded;
    p->recorded_next = p->recorded_next == t ? NULL : p->recorded_next;
}

void publisher_free(struct publisher *p) {
    if (!p) {
        return;
    }
    relay_publisher_gone(p);
    for (size_t i = 0; i < PUBLISHER_TRACKS; i++) {
        abandon(p, &p->tracks[i]);
    }
    room_remove_publisher(p);
    for (size_t i = 0; i < PUBLISHER_TRACKS; i++) {
        track_clear(&p->tracks[i].track);
    }
    free(p);
}

struct publisher_track *publisher_track(struct publisher *p, enum media_kind kind) {
    return p->tracks[kind].open ? &p->tracks[kind] : NULL;
}

bool publisher_suits(const struct publisher_track *t, const struct media_line *line) {
    for (size_t i = 0; i < line->payload_count; i++) {
        if (line->payloads[i].codec == t->track.codec) {
            return true;
        }
    }
    return false;
}

bool publisher_best_first(const struct publisher *p) {
    return p->carrier->rung_ssrc != 0;
}

struct publisher_track *publisher_offer(struct publisher *p, const struct media_line *line) {
    const size_t end = line->kind == MEDIA_VIDEO ? p->track_end : MEDIA_VIDEO;
    struct publisher_track *first = NULL;
    for (size_t i = line->kind; i < end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open && publisher_suits(t, line)) {
            return t;
        }
        first = first || !t->open ? first : t;
    }
    return first;
}

bool publisher_settled(const struct publisher *p, usec_t now) {
    return p->carrier->rung_ssrc == 0 || now >= p->opened + SETTLING;
}

void publisher_forward(struct publisher_track *t, usec_t now) {
    relay_forward(t, now); /* first: the other threads send meanwhile */
    for (struct viewer_slot *slot = t->subscribers, *next; slot; slot = next) {
        next = slot->next_subscriber;
        viewer_slot_forward(slot, now);
        if (slot->next_feed) {
            viewer_slot_follow(slot, now);
        }
    }
    for (struct viewer_slot *slot = t->waiting, *next; slot; slot = next) {
        next = slot->next_waiting;
        viewer_slot_follow(slot, now);
    }
    if (t == t->publisher->recorded_next) {
        recorder_follow(t->publisher, now);
    }
    recorder_take(t, now);
}

static bool any_alive(const struct publisher *p, enum media_kind kind) {
    bool any = p->tracks[kind].alive;
    for (size_t i = MEDIA_VIDEO + 1; kind == MEDIA_VIDEO && i < p->track_end; i++) {
        any |= p->tracks[i].alive;
    }
    return any;
}

static void tell_alive(struct publisher *p, struct publisher_track *t, bool alive) {
    const enum media_kind kind = t->track.kind;
    t->alive = alive;
    if (any_alive(p, kind) == p->alive[kind]) {
        return;
    }
    p->alive[kind] = !p->alive[kind];
    shard_event(p->shard,
                &(struct media_event){
                    .type = MEDIA_EVENT_SOURCE,
                    .session = p->id,
                    .source = {.kind = t->track.kind, .codec = t->track.codec, .alive = alive}});
}

/* Of a rung that nobody takes nothing is asked. */
static void note_watched(struct publisher *p) {
    for (size_t i = MEDIA_VIDEO; p->track_end > PUBLISHER_KINDS && i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open) {
            track_set_watched(&t->track, t->subscribers || t->waiting || t->tap.active ||
                                             t == p->recorded_next || p->room->relays != 0);
        }
    }
}

static void send_feedback(struct publisher *p, usec_t now) {
    uint8_t buffer[RTCP_MAX];
    struct room out = {.p = buffer, .n = sizeof(buffer)};
    int n;
    for (size_t i = 0; i < p->track_end; i++) {
        struct track *t = &p->tracks[i].track;
        const struct track_counters before = t->counters;
        while (p->tracks[i].open && (n = track_output_rtcp(t, now, out)) > 0) {
            p->carrier->send_rtcp(p->carrier_ctx, bytes_of(buffer, (size_t)n));
        }
        p->shard->stats.nacks_out += t->counters.nacks - before.nacks;
        p->shard->stats.plis_out += t->counters.plis - before.plis;
    }
    while ((n = twcc_receiver_output(&p->twcc, now, out)) > 0) {
        p->carrier->send_rtcp(p->carrier_ctx, bytes_of(buffer, (size_t)n));
    }
}

void publisher_attend(struct publisher *p, usec_t now) {
    if (p->carrier->attend) {
        p->carrier->attend(p, now);
        return;
    }
    note_watched(p);
    send_feedback(p, now);
    p->carrier->schedule(p->carrier_ctx, now);
}

static size_t rung_of(const struct publisher *p, const struct demux_target *target) {
    const uint32_t base = p->carrier->rung_ssrc, ssrc = target->ssrc;
    if (base == 0) {
        return target->rung < PUBLISHER_RUNGS_MAX ? target->rung : 0;
    }
    return ssrc > base && ssrc < base + PUBLISHER_RUNGS_MAX ? ssrc - base : 0;
}

struct publisher_track *publisher_open_track(struct publisher *p, size_t index,
                                             const struct media_line *line,
                                             const struct media_payload *payload, usec_t now) {
    struct publisher_track *t = &p->tracks[index];
    if (t->open) { /* the publisher changed its codec: viewers start anew */
        abandon(p, t);
        track_clear(&t->track);
        t->open = false;
    }
    if (track_init(&t->track, line, payload, &p->clock, p->own_ssrc, now) < 0) {
        return NULL;
    }
    t->open = true;
    if (index >= p->track_end) {
        p->track_end = index + 1;
    }
    if (line->kind == MEDIA_VIDEO && p->opened == 0) {
        p->opened = now;
    }
    t->heard = now;
    t->stalled = false;
    return t;
}

/* The track for a packet, opened by the first one; NULL when it cannot be. */
static struct publisher_track *track_for(struct publisher *p, const struct demux_target *target,
                                         usec_t now) {
    const struct media_line *line = &p->lines[target->line];
    const size_t rung = line->kind == MEDIA_VIDEO ? rung_of(p, target) : 0;
    struct publisher_track *t = &p->tracks[line->kind + rung];
    if (p->line_of[line->kind] != (int)target->line) {
        return NULL;
    }
    if (t->open && t->track.codec == target->payload->codec) {
        return t;
    }
    t = publisher_open_track(p, line->kind + rung, line, target->payload, now);
    if (!t) {
        return NULL;
    }
    if (p->track_end > PUBLISHER_KINDS && p->rungs_due == 0) {
        p->rungs_due = now + RUNGS_EVERY;
    }
    if (p->told_due == 0) {
        p->told_due = now + TELL_EVERY;
    }
    relay_track_opened(t, now);
    room_apply_stage(p->room, now);
    recorder_apply(p->room, now);
    return t;
}

static int make_packet(struct publisher *p, const struct publisher_track *t,
                       const struct demux_target *target, struct bytes rtp, usec_t now,
                       struct packet **ret) {
    const uint8_t *ids = p->lines[target->line].extension_ids;
    enum media_codec codec = target->payload->codec;
    struct packet_pool *pool = p->shard->packets;
    if (target->rtx) {
        return packet_new_from_rtx(pool, codec, rtp, t->track.ssrc, target->payload->type, ids, now,
                                   ret);
    }
    return packet_new(pool, codec, rtp, ids, now, ret);
}

/* Rings give packets back as others come in, so an empty pool would stay empty: nobody's packets
 * would come in any more. */
static int read_packet(struct publisher *p, const struct publisher_track *t,
                       const struct demux_target *target, struct bytes rtp, usec_t now,
                       struct packet **ret) {
    struct shard_state *shard = p->shard;
    int r = make_packet(p, t, target, rtp, now, ret);
    if (r == -ENOBUFS && now >= shard->shed_due) {
        shard->shed_due = now + SHED_EVERY;
        relay_shed(shard, rooms_shed(&shard->rooms, packet_pool_used(shard->packets)));
        r = make_packet(p, t, target, rtp, now, ret);
    }
    return r;
}

/* Without its report a stream is dated by its arrival, and viewers would hear of a jump a second
 * later. */
static void apply_early_report(struct publisher *p, struct track *t, usec_t now) {
    for (size_t i = 0; i < PUBLISHER_TRACKS && !t->reported; i++) {
        if (p->early[i].ntp && p->early[i].ssrc == t->ssrc) {
            track_sender_report(t, p->early[i].ntp, p->early[i].rtp, now);
        }
    }
}

void publisher_rtp(struct publisher *p, struct bytes rtp, usec_t now) {
    struct demux_target target;
    struct packet *packet = NULL;
    if (demux_find(&p->demux, rtp, &target) < 0) {
        p->shard->stats.rtp_bad++;
        return;
    }
    if (target.has_twcc) {
        twcc_receiver_input(&p->twcc, target.twcc, target.ssrc, now);
    }
    struct publisher_track *t = track_for(p, &target, now);
    if (!t) {
        return;
    }
    int r = read_packet(p, t, &target, rtp, now, &packet);
    if (r < 0) {
        p->shard->stats.rtp_bad += r == -EBADMSG || r == -EMSGSIZE;
        p->shard->stats.pool_empty += r == -ENOBUFS || r == -ENOMEM;
        return;
    }
    t->heard = now;
    if (!t->alive) {
        tell_alive(p, t, true);
    }
    bool released = track_input(&t->track, packet, now) == 1;
    apply_early_report(p, &t->track, now);
    if (released) {
        publisher_forward(t, now);
    }
    send_feedback(p, now);
}

static void take_sender_report(struct publisher *p, const struct rtcp_sender_report *sr,
                               usec_t now) {
    bool known = false;
    capture_clock_report(&p->clock, sr->ntp, now);
    for (size_t i = 0; i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open && t->track.ssrc == sr->ssrc) {
            track_sender_report(&t->track, sr->ntp, sr->rtp, now);
            known = true;
        }
    }
    if (!known) {
        size_t i = p->early_next++ % PUBLISHER_TRACKS;
        p->early[i].ssrc = sr->ssrc;
        p->early[i].rtp = sr->rtp;
        p->early[i].ntp = sr->ntp;
    }
}

void publisher_rtcp(struct publisher *p, struct bytes compound, usec_t now) {
    struct rtcp_packet packet;
    struct rtcp_sender_report sr;
    int r;
    while ((r = rtcp_next(&compound, &packet)) > 0) {
        if (packet.type == RTCP_SR && rtcp_parse_sr(&packet, &sr) == 0) {
            take_sender_report(p, &sr, now);
        }
    }
    if (r < 0) {
        p->shard->stats.rtcp_bad++;
    }
}

bool publisher_has_stalled(const struct publisher_track *t) {
    const struct publisher *p = t->publisher;
    usec_t newest = 0;
    for (size_t i = MEDIA_VIDEO; i < p->track_end; i++) {
        newest = p->tracks[i].heard > newest ? p->tracks[i].heard : newest;
    }
    return t->heard + STALLED_AFTER < newest;
}

void publisher_look_at_rungs(struct publisher *p, usec_t now) {
    bool changed = false;
    if (p->track_end <= PUBLISHER_KINDS || now < p->rungs_due) {
        return;
    }
    p->rungs_due = now + RUNGS_EVERY;
    for (size_t i = MEDIA_VIDEO; i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        const bool stalled = t->open && publisher_has_stalled(t);
        changed |= stalled != t->stalled;
        t->stalled = stalled;
    }
    note_watched(p);
    recorder_follow(p, now);
    if (changed) {
        room_apply_stage(p->room, now);
    }
}

static float lost_since_told(struct publisher_track *t) {
    const struct receive_stats *r = &t->track.stats;
    uint64_t expected = r->started ? r->highest - r->base + 1 : 0, received = r->received;
    if (expected < t->told_expected || received < t->told_received) {
        t->told_expected = t->told_received = 0; /* the stream began anew */
    }
    expected -= t->told_expected;
    received -= t->told_received;
    t->told_expected += expected;
    t->told_received += received;
    return expected > received ? (float)(expected - received) / (float)expected : 0;
}

static void tell_tracks(struct publisher *p, usec_t now) {
    struct media_event e = {.type = MEDIA_EVENT_TRACKS, .session = p->id};
    if (p->told_due == 0 || now < p->told_due) {
        return;
    }
    p->told_due = now + TELL_EVERY;
    for (size_t i = 0; i < p->track_end && e.tracks.count < MEDIA_TRACKS_MAX; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open) {
            e.tracks.list[e.tracks.count++] =
                (struct media_track_state){.kind = t->track.kind,
                                           .codec = t->track.codec,
                                           .width = t->track.size.width,
                                           .height = t->track.size.height,
                                           .kbit_s = (uint32_t)(track_bits(&t->track, now) / 1000),
                                           .lost = lost_since_told(t),
                                           .alive = t->alive && !publisher_has_stalled(t)};
        }
    }
    shard_event(p->shard, &e);
}

usec_t publisher_next_timeout(const struct publisher *p) {
    usec_t due = twcc_receiver_next_timeout(&p->twcc);
    if (p->rungs_due != 0) {
        due = usec_min(due, p->rungs_due);
    }
    if (p->told_due != 0) {
        due = usec_min(due, p->told_due);
    }
    for (size_t i = 0; i < p->track_end; i++) {
        const struct publisher_track *t = &p->tracks[i];
        if (t->open) {
            due = usec_min(due, track_next_timeout(&t->track));
            due = usec_min(due, recorder_next_timeout(t));
        }
        if (t->alive) {
            due = usec_min(due, t->heard + SILENT_AFTER);
        }
    }
    return due;
}

void publisher_timeout(struct publisher *p, usec_t now) {
    publisher_look_at_rungs(p, now);
    tell_tracks(p, now);
    for (size_t i = 0; i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (!t->open) {
            continue;
        }
        if (t->alive && now >= t->heard + SILENT_AFTER) {
            tell_alive(p, t, false);
        }
        recorder_tick(t, now);
        if (track_advance(&t->track, now) == 1) {
            publisher_forward(t, now);
        }
    }
    send_feedback(p, now); /* also without a track: what is due must not stay due */
}

/* The role of a WHIP session. */

static void send_by_session(void *ctx, struct bytes compound) {
    session_send_rtcp(ctx, compound);
}

static void schedule_session(void *ctx, usec_t now) {
    session_schedule(ctx, now);
}

static const struct publisher_carrier session_carrier = {
    .send_rtcp = send_by_session,
    .schedule = schedule_session,
};

static int role_open(struct session *s, const struct media_session_config *config, usec_t now) {
    (void)now;
    s->part = publisher_new(s->shard, s->id, s->participant, config->room, config->lines,
                            config->line_count, &session_carrier, s);
    return s->part ? 0 : -ENOMEM;
}

static void role_connected(struct session *s, usec_t now) {
    (void)s;
    (void)now;
}

static void role_rtp(struct session *s, struct bytes packet, usec_t now) {
    publisher_rtp(s->part, packet, now);
    session_schedule(s, now);
}

static void role_rtcp(struct session *s, struct bytes compound, usec_t now) {
    publisher_rtcp(s->part, compound, now);
}

static usec_t role_next_timeout(const struct session *s) {
    return publisher_next_timeout(s->part);
}

static void role_timeout(struct session *s, usec_t now) {
    publisher_timeout(s->part, now);
}

static void role_close(struct session *s) {
    publisher_free(s->part);
    s->part = NULL;
}

const struct session_role publisher_role = {
    .open = role_open,
    .connected = role_connected,
    .rtp = role_rtp,
    .rtcp = role_rtcp,
    .next_timeout = role_next_timeout,
    .timeout = role_timeout,
    .close = role_close,
};
