#include "routing/subscription.h"
#include <errno.h>

#define AUDIO_GAP_MAX 64     /* longer gaps are closed: the viewer would only wait for them */
#define FRAME_WAIT MSEC(100) /* a frame that stays in pieces keeps no other rung waiting */

void subscription_init(struct subscription *s, const struct media_line *line, uint64_t seed) {
    memset(s, 0, sizeof *s);
    outgoing_stream_init(&s->stream, line, seed);
    s->state = SUBSCRIPTION_IDLE;
}

void subscription_stop(struct subscription *s) {
    s->track = s->former = NULL;
    s->state = SUBSCRIPTION_IDLE;
    s->range_floor = s->stream.next;
}

void subscription_forget(struct subscription *s, const struct track *track) {
    if (s->former == track) {
        s->former = NULL;
    }
}

/* Waits for the next start of its track: `next` is the first number that may be one. */
static void wait_from(struct subscription *s, uint64_t next) {
    s->state = SUBSCRIPTION_WAITING;
    s->next = next;
    s->squeezed = s->catching_up = s->mid_frame = false;
}

int subscription_switch(struct subscription *s, struct track *track, usec_t now) {
    if (s->track == track) {
        return 0;
    }
    subscription_stop(s);
    const int r = outgoing_stream_set_codec(&s->stream, track->codec, track->payload.fmtp);
    if (r < 0) {
        return r;
    }
    s->track = track;
    subscription_rejoin(s, now);
    return 0;
}

void subscription_rejoin(struct subscription *s, usec_t now) {
    if (s->track == NULL) {
        return;
    }
    wait_from(s, s->track->released);
    if (s->track->kind == MEDIA_VIDEO) {
        if (track_has_gop(s->track, now)) {
            s->next = s->track->key_start;
        } else {
            track_want_keyframe(s->track, now);
        }
    }
}

/* ---- Ranges ---- */

/* Exact times from this packet on, on the line of the stream. */
static void begin_live(struct subscription *s, const struct packet *p) {
    struct stream_range range = {0};
    const uint32_t exact =
        outgoing_stream_place(&s->stream, track_capture_time(s->track, p->timestamp), 0, 0, &range);
    s->live_delta = range.timestamp = exact - p->timestamp;
    s->squeezed = false;
    outgoing_stream_begin(&s->stream, &p->fragment, range);
}

/* All frames up to the newest one are squeezed just before it. */
static void begin_squeezed(struct subscription *s, const struct packet *key) {
    const struct track *t = s->track;
    struct stream_range range = {0};
    const uint32_t exact =
        outgoing_stream_place(&s->stream, track_capture_time(t, t->frame_timestamp),
                              t->frame - key->fragment.frame, key->fragment.frame, &range);
    s->live_delta = exact - t->frame_timestamp;
    s->live_frame = t->frame;
    s->squeezed = true;
    outgoing_stream_begin(&s->stream, &key->fragment, range);
}

/* Goes on after frames that were given up: new numbers, same line of time. */
static void begin_again(struct subscription *s, const struct packet *p) {
    s->squeezed = s->catching_up = false;
    outgoing_stream_begin(&s->stream, &p->fragment,
                          (struct stream_range){.timestamp = s->live_delta});
}

/* Ends the squeeze: from here on times are exact. */
static void end_squeeze(struct subscription *s, const struct packet *p) {
    s->squeezed = s->catching_up = false;
    outgoing_stream_continue(&s->stream, &p->fragment,
                             (struct stream_range){.timestamp = s->live_delta});
}

static bool is_newer(const struct subscription *s, const struct packet *p) {
    return (int32_t)(p->timestamp + s->live_delta - s->stream.last_timestamp) > 0;
}

/* The first frame of another rung. Of one that shows what was shown already the times only count
 * on, a tick a frame. */
static void begin_rung(struct subscription *s, const struct packet *key) {
    const int64_t captured = track_capture_time(s->track, key->timestamp);
    s->live_delta = outgoing_stream_time(&s->stream, captured) - key->timestamp;
    s->squeezed = false;
    s->catching_up = !is_newer(s, key);
    struct stream_range range = {.timestamp = s->live_delta};
    if (s->catching_up) {
        range = (struct stream_range){
            .timestamp = s->stream.last_timestamp + 1, .squeeze = 1, .base = key->fragment.frame};
    }
    outgoing_stream_begin(&s->stream, &key->fragment, range);
}

int subscription_change_rung(struct subscription *s, struct track *track, usec_t now) {
    if (s->track == NULL || s->state != SUBSCRIPTION_RUNNING) {
        return subscription_switch(s, track, now);
    }
    if (s->track == track) {
        return 0;
    }
    if (!track_has_key(track) || (s->mid_frame && now < track->key_arrival + FRAME_WAIT)) {
        return -EAGAIN;
    }
    const struct media_payload *before = s->stream.payload;
    const int r = outgoing_stream_set_codec(&s->stream, track->codec, track->payload.fmtp);
    if (r < 0) {
        return r;
    }
    /* What was sent in another codec cannot be written again as it was. */
    s->former = s->stream.payload == before ? s->track : NULL;
    s->former_floor = s->range_floor;
    s->range_floor = s->stream.next;
    s->track = track;
    s->started = now;
    s->next = track->key_start;
    const struct packet *key = track_packet(track, s->next);
    s->epoch = key->epoch;
    s->started = now;
    begin_rung(s, key);
    outgoing_stream_report_soon(&s->stream, now);
    return 0;
}

/* ---- Finding the next packet when it is not simply there ---- */

static const struct packet *find_start(struct subscription *s, usec_t now) {
    struct track *t = s->track;
    const struct packet *p;
    if (t->kind == MEDIA_VIDEO) {
        if (!t->key_valid || t->key_start < s->next) {
            return NULL;
        }
        p = track_packet(t, t->key_start);
        if (p == NULL) { /* the key frame left the ring before it was taken */
            wait_from(s, t->released);
            track_want_keyframe(t, now);
            return NULL;
        }
    } else {
        p = track_released_from(t, s->next);
        if (p == NULL) {
            return NULL;
        }
    }
    s->state = SUBSCRIPTION_RUNNING;
    s->started = now;
    s->next = p->fragment.sequence;
    s->epoch = p->epoch;
    outgoing_stream_report_soon(&s->stream, now);
    if (t->kind == MEDIA_VIDEO && p->fragment.frame != t->frame) {
        begin_squeezed(s, p);
    } else {
        begin_live(s, p);
    }
    return p;
}

/* The packet at `next` was given up or overwritten, or a new epoch began. */
static const struct packet *find_next(struct subscription *s, usec_t now) {
    struct track *t = s->track;
    if (t->kind == MEDIA_VIDEO && s->next >= t->epoch_start && s->next + t->mask < t->highest) {
        /* Behind the ring: what was missed is gone, so only a key frame helps. */
        wait_from(s, t->key_valid && t->key_start > s->next ? t->key_start : t->released);
        if (s->next == t->released) {
            track_want_keyframe(t, now);
        }
        return find_start(s, now);
    }
    const struct packet *p = track_released_from(t, s->next);
    if (p == NULL) {
        return NULL;
    }
    const uint64_t gap = p->fragment.sequence - s->next;
    s->next = p->fragment.sequence;
    if (p->epoch != s->epoch) {
        s->epoch = p->epoch;
        begin_live(s, p);
        outgoing_stream_report_soon(&s->stream, now);
    } else if (t->kind == MEDIA_VIDEO || gap > AUDIO_GAP_MAX) {
        begin_again(s, p);
    }
    return p;
}

int subscription_next(struct subscription *s, usec_t now, struct outgoing *ret) {
    const struct track *t = s->track;
    if (t == NULL || s->next >= t->released) {
        return 0;
    }
    const struct packet *p;
    if (s->state == SUBSCRIPTION_WAITING) {
        p = find_start(s, now);
    } else {
        p = track_packet(t, s->next);
        if (p == NULL || p->epoch != s->epoch) {
            p = find_next(s, now);
        }
    }
    if (p == NULL) {
        return 0;
    }
    if ((s->squeezed && (int32_t)(p->fragment.frame - s->live_frame) >= 0) ||
        (s->catching_up && is_newer(s, p))) {
        end_squeeze(s, p);
    }
    s->next++;
    s->mid_frame = !p->fragment.frame_end && !p->empty;
    s->live_timestamp = p->timestamp;
    outgoing_stream_write(&s->stream, &p->fragment, ret);
    return 1;
}

/* ---- Too slow ---- */

bool subscription_waits(const struct subscription *s) {
    return s->track != NULL && s->next < s->track->released &&
           (s->state == SUBSCRIPTION_RUNNING || s->track->kind == MEDIA_AUDIO ||
            (s->track->key_valid && s->track->key_start >= s->next));
}

size_t subscription_drop_late(struct subscription *s, usec_t limit, usec_t now) {
    struct track *t = s->track;
    if (s->state != SUBSCRIPTION_RUNNING || t->kind != MEDIA_VIDEO || s->next >= t->released) {
        return 0;
    }
    const struct packet *p = track_packet(t, s->next);
    if (p == NULL || s->mid_frame) {
        return 0; /* what left the ring is subscription_next's; a frame that began is finished */
    }
    /* what is caught up was old when it was taken */
    const usec_t since = p->arrival > s->started ? p->arrival : s->started;
    if (now <= since + limit || (t->key_valid && t->key_start == s->next)) {
        return 0;
    }
    const uint64_t from = s->next;
    if (t->key_valid && t->key_start > s->next) {
        wait_from(s, t->key_start);
        return (size_t)(s->next - from);
    }
    wait_from(s, t->released);
    if (now >= s->keyframe_earliest) {
        s->keyframe_earliest = now + SUBSCRIPTION_KEYFRAME_SPACING;
        track_want_keyframe(t, now);
    }
    return (size_t)(s->next - from);
}

bool subscription_pad(struct subscription *s, size_t size, struct outgoing *ret) {
    uint64_t index, source;
    const struct stream_range *range;
    if (s->track == NULL || s->track->kind != MEDIA_VIDEO) {
        return false;
    }
    if (size > 2 * STREAM_PADDING && outgoing_stream_newest(&s->stream, &index, &source, &range) &&
        index >= s->range_floor) {
        const struct packet *p = track_packet(s->track, source);
        if (p != NULL) {
            outgoing_stream_repeat(&s->stream, &p->fragment, index, range, ret);
            return true;
        }
    }
    return outgoing_stream_pad(&s->stream, ret);
}

/* ---- RTCP ---- */

int subscription_nack(struct subscription *s, uint16_t sequence, usec_t now) {
    return s->track == NULL ? -ENOENT : outgoing_stream_nack(&s->stream, sequence, now);
}

int subscription_next_retransmission(struct subscription *s, struct outgoing *ret) {
    uint64_t index, source;
    const struct stream_range *range;
    while (outgoing_stream_next_nack(&s->stream, &index, &source, &range) > 0) {
        const struct track *track = index >= s->range_floor ? s->track : s->former;
        if (s->track == NULL || track == NULL || (track == s->former && index < s->former_floor)) {
            continue;
        }
        const struct packet *p = track_packet(track, source);
        if (p != NULL) {
            outgoing_stream_rewrite(&s->stream, &p->fragment, index, range, ret);
            return 1;
        }
    }
    return 0;
}

void subscription_want_keyframe(struct subscription *s, usec_t now) {
    if (s->track != NULL) {
        track_want_keyframe(s->track, now);
    }
}

int subscription_sender_report(struct subscription *s, uint64_t unix_usec, usec_t now,
                               struct bytes cname, struct room room) {
    if (s->state != SUBSCRIPTION_RUNNING || !outgoing_stream_report_is_due(&s->stream, now)) {
        return 0;
    }
    const int64_t captured = track_capture_time(s->track, s->live_timestamp);
    const int64_t since = ((int64_t)now - captured) * (int64_t)s->stream.clock_rate / 1000000;
    const uint32_t rtp = s->live_timestamp + s->live_delta + (uint32_t)since;
    return outgoing_stream_report(&s->stream, rtp, unix_usec, now, cname, room);
}

bool subscription_receiver_report(struct subscription *s, const struct rtcp_report *report,
                                  uint64_t unix_usec) {
    return outgoing_stream_receiver_report(&s->stream, report, unix_usec);
}
