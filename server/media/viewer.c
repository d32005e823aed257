#include "media/viewer.h"

#include "base/random.h"
#include "media/publisher.h"
#include "media/quality.h"
#include "media/shard_state.h"
#include "media/viewer_rungs.h"
#include "routing/congestion.h"
#include "wire/rtcp.h"

#include <errno.h>
#include <stdlib.h>

#define RTCP_MAX 1200
#define TICK_FIRST MSEC(50) /* an early sender report: lips in sync from the start */
#define TICK SEC(1)
#define LATE_MAX SEC(1) /* no frame waits longer for the pacer: routing/subscription.h */

static const struct bytes cname = {(const uint8_t *)"parlour", 7};

void viewer_slot_unlink(struct viewer_slot *slot) {
    *(slot->previous_subscriber ? &slot->previous_subscriber->next_subscriber
                                : &slot->feed->subscribers) = slot->next_subscriber;
    if (slot->next_subscriber) {
        slot->next_subscriber->previous_subscriber = slot->previous_subscriber;
    }
    slot->feed = NULL;
    slot->held = false;
    slot->next_subscriber = slot->previous_subscriber = NULL;
}

void viewer_slot_link(struct viewer_slot *slot, struct publisher_track *feed) {
    slot->feed = feed;
    slot->previous_subscriber = NULL;
    slot->next_subscriber = feed->subscribers;
    if (slot->next_subscriber) {
        slot->next_subscriber->previous_subscriber = slot;
    }
    feed->subscribers = slot;
}

void viewer_slot_leave(struct viewer_slot *slot) {
    if (!slot->feed) {
        return;
    }
    viewer_slot_stay(slot);
    viewer_slot_unlink(slot);
    subscription_stop(&slot->subscription);
}

/* Is this picture to wait because its viewer does not keep up? Then it goes on at a key frame. */
static bool hold_back(struct viewer_slot *slot, usec_t now) {
    const bool late = slot->line.kind == MEDIA_VIDEO && session_is_late(slot->viewer->session, now);
    if (!late && slot->held) {
        subscription_rejoin(&slot->subscription, now);
        publisher_attend(slot->feed->publisher, now);
    }
    slot->held = late;
    return late;
}

/* Sound leaves at once. A picture that does not find room waits for the round, and all after it. */
void viewer_slot_forward(struct viewer_slot *slot, usec_t now) {
    struct session *s = slot->viewer->session;
    struct congestion *c = s->congestion;
    const bool paced = slot->line.kind == MEDIA_VIDEO;
    struct outgoing packet;
    if (hold_back(slot, now) || (paced && c->waiting)) {
        return;
    }
    while ((!paced || congestion_may_send(c, now)) &&
           subscription_next(&slot->subscription, now, &packet) > 0) {
        session_send(s, &packet, now);
    }
    if (paced && !congestion_may_send(c, now) && subscription_waits(&slot->subscription)) {
        congestion_wait(c);
        session_schedule(s, now);
    }
}

static bool next_of_slot(struct viewer_slot *slot, enum send_class what, usec_t now,
                         struct outgoing *ret) {
    const bool is_audio = slot->line.kind == MEDIA_AUDIO;
    if (slot->held) {
        return false;
    }
    switch (what) {
    case SEND_AUDIO:
        return is_audio && subscription_next(&slot->subscription, now, ret) > 0;
    case SEND_AGAIN:
        return subscription_next_retransmission(&slot->subscription, ret) > 0;
    case SEND_VIDEO:
        return !is_audio && subscription_next(&slot->subscription, now, ret) > 0;
    case SEND_PADDING:
        return !is_audio &&
               subscription_pad(&slot->subscription,
                                slot->viewer->session->congestion->probe.bytes_left, ret);
    case SEND_NOTHING:
        break;
    }
    return false;
}

static bool next_packet(void *ctx, enum send_class what, usec_t now, struct outgoing *ret) {
    struct viewer *v = ctx;
    for (size_t i = 0; i < v->slot_count; i++) {
        if (next_of_slot(&v->slots[i], what, now, ret)) {
            return true;
        }
    }
    return false;
}

static const struct send_source viewer_source = {.next = next_packet};

/* What waited too long is given up; then everything that may leave does. */
static void send_round(struct viewer *v, usec_t now) {
    for (size_t i = 0; i < v->slot_count && v->session->congestion->waiting; i++) {
        struct viewer_slot *slot = &v->slots[i];
        size_t dropped = subscription_drop_late(&slot->subscription, LATE_MAX, now);
        if (dropped > 0) {
            v->session->shard->stats.paced_dropped += dropped;
            publisher_attend(slot->feed->publisher, now);
        }
    }
    session_send_round(v->session, &viewer_source, v, now);
}

static void tell_unplayable(struct viewer_slot *slot, const struct track *track) {
    if (slot->refused == track->codec) {
        return;
    }
    slot->refused = track->codec;
    struct session *s = slot->viewer->session;
    shard_event(s->shard,
                &(struct media_event){.type = MEDIA_EVENT_UNPLAYABLE,
                                      .session = s->id,
                                      .unplayable = {.kind = track->kind, .codec = track->codec}});
}

void viewer_slot_begin(struct viewer_slot *slot, struct publisher_track *feed, usec_t now) {
    if (subscription_switch(&slot->subscription, &feed->track, now) < 0) {
        if (publisher_settled(feed->publisher, now)) {
            tell_unplayable(slot, &feed->track);
        } else {
            slot->viewer->look_again = true;
        }
        return;
    }
    slot->refused = CODEC_NONE;
    viewer_slot_link(slot, feed);
    viewer_slot_forward(slot, now);
    publisher_attend(feed->publisher, now);
}

struct publisher *viewer_slot_source(const struct viewer_slot *slot) {
    const struct viewer *v = slot->viewer;
    return room_source(v->room, slot->line.kind, slot->index, v->count_of[slot->line.kind] == 1,
                       v->session->participant);
}

/* Sound has one rung; of a picture the rungs are chosen for all slots together. */
static void slot_apply_stage(struct viewer_slot *slot, usec_t now) {
    struct publisher *p = viewer_slot_source(slot);
    if (slot->feed && slot->feed->publisher != p) {
        viewer_slot_leave(slot);
        allocation_slot_reset(&slot->allocation);
    }
    struct publisher_track *offer = p && !slot->feed ? publisher_offer(p, &slot->line) : NULL;
    if (offer && (slot->line.kind == MEDIA_AUDIO || !publisher_suits(offer, &slot->line))) {
        viewer_slot_begin(slot, offer, now);
    }
}

void viewer_apply_stage(struct viewer *v, usec_t now) {
    if (!v->connected) {
        return;
    }
    /* Sound first: it is small and the ear forgives less. */
    for (int kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
        for (size_t i = 0; i < v->slot_count; i++) {
            if ((int)v->slots[i].line.kind == kind) {
                slot_apply_stage(&v->slots[i], now);
            }
        }
    }
    viewer_allocate(v, now);
}

static int open_viewer(struct session *s, const struct media_session_config *config, usec_t now) {
    size_t active = 0;
    for (size_t i = 0; i < config->line_count; i++) {
        active += config->lines[i].active;
    }
    struct viewer *v = calloc(1, sizeof(*v) + active * sizeof(v->slots[0]));
    if (!v) {
        return -ENOMEM;
    }
    s->part = v;
    v->session = s;
    int r = session_pace(s, config, now);
    if (r < 0) {
        return r;
    }
    v->tick_due = USEC_NEVER;
    quality_told_init(&v->quality);
    v->quality_told = now;
    for (size_t i = 0; i < config->line_count; i++) {
        if (!config->lines[i].active) {
            continue;
        }
        struct viewer_slot *slot = &v->slots[v->slot_count++];
        slot->viewer = v;
        slot->line = config->lines[i];
        slot->index = v->count_of[slot->line.kind]++;
        subscription_init(&slot->subscription, &slot->line, random_u64());
    }
    return room_add_viewer(s->shard, config->room, v);
}

static void connected(struct session *s, usec_t now) {
    struct viewer *v = s->part;
    v->connected = true;
    v->tick_due = now + TICK_FIRST;
    viewer_apply_stage(v, now);
}

static void close_viewer(struct session *s) {
    struct viewer *v = s->part;
    if (!v) {
        return;
    }
    for (size_t i = 0; i < v->slot_count; i++) {
        viewer_slot_leave(&v->slots[i]);
    }
    if (v->room) {
        room_remove_viewer(v);
    }
    free(v);
    s->part = NULL;
}

static struct viewer_slot *slot_by_ssrc(struct viewer *v, uint32_t ssrc) {
    for (size_t i = 0; i < v->slot_count; i++) {
        if (v->slots[i].line.ssrc == ssrc || v->slots[i].line.rtx_ssrc == ssrc) {
            return &v->slots[i];
        }
    }
    return NULL;
}

static void take_nack(struct viewer *v, const struct rtcp_packet *packet, uint32_t media,
                      usec_t now) {
    struct viewer_slot *slot = slot_by_ssrc(v, media);
    struct rtcp_nack_reader reader;
    uint16_t sequence;
    if (!slot || rtcp_nack_reader_init(&reader, packet) < 0) {
        return;
    }
    v->session->shard->stats.nacks_in++;
    while (rtcp_nack_next(&reader, &sequence)) {
        if (subscription_nack(&slot->subscription, sequence, now) < 0) {
            v->session->shard->stats.nacks_refused++;
        }
    }
    send_round(v, now);
}

static void want_keyframe(struct viewer *v, uint32_t media, usec_t now) {
    struct viewer_slot *slot = slot_by_ssrc(v, media);
    v->session->shard->stats.plis_in++;
    if (slot && slot->feed) {
        subscription_want_keyframe(&slot->subscription, now);
        publisher_attend(slot->feed->publisher, now);
    }
}

static void take_payload_feedback(struct viewer *v, const struct rtcp_packet *packet,
                                  uint32_t media, usec_t now) {
    uint32_t ssrc;
    uint8_t command;
    if (rtcp_is_pli(packet)) {
        want_keyframe(v, media, now);
    }
    for (size_t i = 0; rtcp_parse_fir(packet, i, &ssrc, &command) == 0; i++) {
        want_keyframe(v, ssrc, now);
    }
}

static void take_reports(struct viewer *v, const struct rtcp_packet *packet, usec_t now) {
    struct rtcp_report report;
    for (size_t i = 0; rtcp_parse_report(packet, i, &report) == 0; i++) {
        struct viewer_slot *slot = slot_by_ssrc(v, report.ssrc);
        if (slot) {
            subscription_receiver_report(&slot->subscription, &report, clock_unix());
            if (slot->line.kind == MEDIA_VIDEO || v->count_of[MEDIA_VIDEO] == 0) {
                congestion_report(v->session->congestion, &report, now);
            }
        }
    }
}

static void take_rtcp(struct session *s, struct bytes compound, usec_t now) {
    struct viewer *v = s->part;
    struct rtcp_packet packet;
    uint32_t sender, media;
    int r;
    while ((r = rtcp_next(&compound, &packet)) > 0) {
        if (packet.type == RTCP_RR || packet.type == RTCP_SR) {
            take_reports(v, &packet, now);
        } else if (rtcp_parse_feedback(&packet, &sender, &media) == 0) {
            if (packet.type == RTCP_RTPFB && packet.count == RTCP_RTPFB_NACK) {
                take_nack(v, &packet, media, now);
            } else if (packet.type == RTCP_PSFB) {
                take_payload_feedback(v, &packet, media, now);
            }
            congestion_rtcp(s->congestion, &packet, now);
        }
    }
    if (s->congestion->waiting) {
        send_round(v, now);
    }
    if (r < 0) {
        s->shard->stats.rtcp_bad++;
    }
    if (now >= v->allocated + VIEWER_ALLOCATE_EVERY) {
        viewer_allocate(v, now);
    }
}

/* Sound goes on by itself; pictures go on from the newest key frame rather than wait until the
 * decoder has missed enough to ask for one. */
static void returned(struct session *s, usec_t now) {
    struct viewer *v = s->part;
    for (size_t i = 0; v->connected && i < v->slot_count; i++) {
        struct viewer_slot *slot = &v->slots[i];
        if (slot->feed && slot->line.kind == MEDIA_VIDEO) {
            subscription_rejoin(&slot->subscription, now);
            viewer_slot_forward(slot, now);
            publisher_attend(slot->feed->publisher, now);
        }
    }
}

static usec_t next_timeout(const struct session *s) {
    const struct viewer *v = s->part;
    return usec_min(v->tick_due, congestion_next_timeout(s->congestion));
}

static void tell_quality(struct viewer *v, usec_t now) {
    struct stream_quality worst = {0};
    uint64_t bytes = 0;
    for (size_t i = 0; i < v->slot_count; i++) {
        const struct outgoing_stream *stream = &v->slots[i].subscription.stream;
        bytes += stream->bytes;
        if (v->slots[i].feed) {
            worst = quality_worse(worst, stream->quality);
        }
    }
    quality_tell(v->session, &worst, bytes - v->bytes_told, now - v->quality_told, now,
                 &v->quality);
    v->bytes_told = bytes;
    v->quality_told = now;
}

/* Closer together while a slot still has its early reports to send. */
static usec_t next_tick(const struct viewer *v, usec_t now) {
    for (size_t i = 0; i < v->slot_count; i++) {
        const struct subscription *s = &v->slots[i].subscription;
        if (s->state == SUBSCRIPTION_WAITING ||
            (s->state == SUBSCRIPTION_RUNNING && s->stream.early_reports > 0)) {
            return now + STREAM_REPORT_EARLY;
        }
    }
    return now + TICK;
}

static void tick(struct session *s, usec_t now) {
    struct viewer *v = s->part;
    uint8_t buffer[RTCP_MAX];
    uint64_t unix_usec = clock_unix();
    if (v->look_again) {
        v->look_again = false;
        viewer_apply_stage(v, now);
    }
    for (size_t i = 0; i < v->slot_count; i++) {
        int n = subscription_sender_report(&v->slots[i].subscription, unix_usec, now, cname,
                                           (struct room){.p = buffer, .n = sizeof(buffer)});
        if (n > 0) {
            session_send_rtcp(s, bytes_of(buffer, (size_t)n));
        }
    }
    session_tell_rate(s);
    if (now >= v->quality_told + TICK) {
        tell_quality(v, now);
    }
    viewer_allocate(v, now);
    v->tick_due = next_tick(v, now);
}

static void timeout(struct session *s, usec_t now) {
    struct viewer *v = s->part;
    congestion_timeout(s->congestion, now);
    send_round(v, now);
    if (v->tick_due <= now) {
        tick(s, now);
    }
}

const struct session_role viewer_role = {
    .open = open_viewer,
    .connected = connected,
    .rtcp = take_rtcp,
    .returned = returned,
    .next_timeout = next_timeout,
    .timeout = timeout,
    .wish = viewer_wish,
    .tell_layers = viewer_tell_layers,
    .close = close_viewer,
};
