#include "routing/track.h"
#include "wire/rtp.h"
#include <errno.h>
#include <stdlib.h>

#define JUMP_FORWARD 3000 /* MAX_DROPOUT, RFC 3550 A.1 */
#define JUMP_BACK (-1000)
#define START_SLACK 32       /* packets before the first that may still come, reordered */
#define START_GRACE MSEC(50) /* for the first packets of the first key frame to come, reordered */
#define ANCHOR_ERROR ((int64_t)SEC(5))
#define NACKS_AT_ONCE 64

int track_init(struct track *t, const struct media_line *line, const struct media_payload *payload,
               struct capture_clock *clock, uint32_t own_ssrc, usec_t now) {
    memset(t, 0, sizeof *t);
    const size_t ring = line->kind == MEDIA_VIDEO ? TRACK_VIDEO_RING : TRACK_AUDIO_RING;
    t->ring = calloc(ring, sizeof(struct packet *));
    if (t->ring == NULL) {
        return -ENOMEM;
    }
    t->mask = ring - 1;
    t->kind = line->kind;
    t->payload = *payload;
    t->codec = payload->codec;
    t->clock_rate = media_codec_clock(payload->codec);
    t->clock = clock;
    t->own_ssrc = own_ssrc;
    t->nack = payload->nack;
    t->pli = payload->pli;
    t->gap_since = USEC_NEVER;
    t->batch_since = USEC_NEVER;
    t->report_due = now + TRACK_REPORT_INTERVAL;
    keyframe_request_init(&t->keyframe);
    nack_generator_init(&t->nacks);
    receive_stats_init(&t->stats, t->clock_rate);
    return 0;
}

void track_clear(struct track *t) {
    if (t->ring != NULL) {
        for (uint64_t i = 0; i <= t->mask; i++) {
            packet_unref(t->ring[i]);
        }
        free(t->ring);
        t->ring = NULL;
    }
    packet_unref(t->candidate);
    t->candidate = NULL;
}

/* ---- The ring ---- */

static struct packet *at(const struct track *t, uint64_t sequence) {
    struct packet *p = t->ring[sequence & t->mask];
    return p != NULL && p->fragment.sequence == sequence ? p : NULL;
}

const struct packet *track_packet(const struct track *t, uint64_t sequence) {
    const struct packet *p = at(t, sequence);
    return p != NULL && p->released ? p : NULL;
}

struct packet *track_share(const struct track *t, uint64_t sequence) {
    struct packet *p = at(t, sequence);
    return p != NULL && p->released ? packet_ref(p) : NULL;
}

const struct packet *track_released_from(const struct track *t, uint64_t from) {
    if (from < t->epoch_start) {
        const uint64_t old_end = from + t->mask + 1;
        for (; from < old_end; from++) { /* what is left of the former epoch */
            const struct packet *p = track_packet(t, from);
            if (p != NULL) {
                return p;
            }
        }
        from = t->epoch_start;
    }
    if (t->highest > t->mask && from < t->highest - t->mask) {
        from = t->highest - t->mask;
    }
    for (; from < t->released; from++) {
        const struct packet *p = track_packet(t, from);
        if (p != NULL) {
            return p;
        }
    }
    return NULL;
}

bool track_has_gop(const struct track *t, usec_t now) {
    return t->key_valid && track_packet(t, t->key_start) != NULL &&
           now <= t->key_arrival + TRACK_GOP_AGE_MAX;
}

bool track_has_key(const struct track *t) {
    return t->key_valid && track_packet(t, t->key_start) != NULL &&
           (t->frame_start != t->key_start || !t->frame_open);
}

void track_shed(struct track *t, size_t keep) {
    uint64_t end = t->highest > keep ? t->highest - keep + 1 : 0;
    if (!t->waiting_for_key && end > t->released) {
        end = t->released;
    }
    for (uint64_t i = 0; t->started && i <= t->mask; i++) {
        if (t->ring[i] != NULL && t->ring[i]->fragment.sequence < end) {
            packet_unref(t->ring[i]);
            t->ring[i] = NULL;
        }
    }
}

/* ---- Time ---- */

static int64_t usec_of_ticks(const struct track *t, int32_t ticks) {
    return (int64_t)ticks * 1000000 / (int64_t)t->clock_rate;
}

static int64_t anchor_time(const struct track *t, uint32_t timestamp) {
    return t->anchor_local + usec_of_ticks(t, (int32_t)(timestamp - t->anchor_timestamp));
}

/* Follows the lower envelope of the arrivals: what came with the least delay; creeps up slowly, so
 * that a clock that runs slow is followed too. */
static void move_anchor(struct track *t, uint32_t timestamp, usec_t arrival) {
    int64_t local = (int64_t)arrival;
    if (t->anchored) {
        const int64_t predicted = anchor_time(t, timestamp);
        if (predicted < local && predicted > local - ANCHOR_ERROR) {
            local = predicted + (local - predicted) / 1024;
        }
    }
    t->anchored = true;
    t->anchor_timestamp = timestamp;
    t->anchor_local = local;
}

int64_t track_capture_time(const struct track *t, uint32_t timestamp) {
    const int64_t arrived = anchor_time(t, timestamp);
    if (!t->reported || !t->clock->known) {
        return arrived;
    }
    const int64_t captured = capture_clock_local(t->clock, t->report_ntp) +
                             usec_of_ticks(t, (int32_t)(timestamp - t->report_timestamp));
    if (captured < arrived - ANCHOR_ERROR || captured > arrived + ANCHOR_ERROR) {
        return arrived; /* a report that cannot be true */
    }
    return captured;
}

void track_sender_report(struct track *t, uint64_t ntp, uint32_t rtp, usec_t now) {
    receive_stats_sender_report(&t->stats, ntp, now);
    capture_clock_report(t->clock, ntp, now);
    t->reported = true;
    t->report_ntp = ntp;
    t->report_timestamp = rtp;
}

/* ---- Release ---- */

/* Pads all packets of the batch but the last to the biggest, where that is cheap. */
static void make_equal(struct track *t, uint64_t to) {
    size_t biggest = 0;
    for (uint64_t s = t->released; s < to; s++) {
        const struct fragment *f = &at(t, s)->fragment;
        const size_t size = f->prefix_size + f->payload.n;
        biggest = size > biggest ? size : biggest;
    }
    for (uint64_t s = t->released; s + 1 < to; s++) {
        struct fragment *f = &at(t, s)->fragment;
        const size_t missing = biggest - f->prefix_size - f->payload.n;
        f->padding = (uint8_t)(missing <= FRAGMENT_PADDING_MAX ? missing : 0);
    }
}

/* Gives every packet of the batch the room for extensions that any of them needs. */
static void share_extension_room(struct track *t, uint64_t to) {
    uint8_t room[EXT_COUNT] = {0};
    bool any = false;
    for (uint64_t s = t->released; s < to; s++) {
        const struct packet *p = at(t, s);
        for (size_t e = 0; e < EXT_COUNT; e++) {
            if (p->extensions.room[e] > room[e]) {
                room[e] = p->extensions.room[e];
                any = true;
            }
        }
    }
    if (!any) {
        return;
    }
    for (uint64_t s = t->released; s < to; s++) {
        struct packet *p = at(t, s);
        memcpy(p->extensions.room, room, sizeof room);
        p->fragment.extensions = &p->extensions;
    }
}

/* A 7-bit picture id goes on from the one before; 15 bits are taken as they are. */
static void unwrap_picture_id(struct track *t, struct fragment *f) {
    if (f->picture_id_at == 0) {
        return;
    }
    if (f->picture_id_bits == 7) {
        int step = (f->picture_id - t->picture_id) & 0x7f;
        if (step >= 64) {
            step -= 128;
        }
        f->picture_id = (uint16_t)((t->picture_id + step) & 0x7fff);
    }
    t->picture_id = f->picture_id;
}

static void begin_frame(struct track *t, const struct packet *first) {
    t->frame++;
    t->frame_timestamp = first->timestamp;
    t->frame_start = first->fragment.sequence;
    t->counters.frames++;
    move_anchor(t, first->timestamp, first->arrival);
}

/* The head of the payload is put together again from prefix and rest. */
static void note_size(struct track *t, const struct fragment *f) {
    uint8_t head[64];
    if (f->prefix_size == 0) {
        picture_size_read(t->codec, f->payload, &t->size);
        return;
    }
    const size_t left = sizeof head - f->prefix_size;
    const size_t rest = f->payload.n < left ? f->payload.n : left;
    memcpy(head, f->prefix, f->prefix_size);
    memcpy(head + f->prefix_size, f->payload.p, rest);
    picture_size_read(t->codec, bytes_of(head, f->prefix_size + rest), &t->size);
}

void track_note_key(struct track *t, const struct packet *p, usec_t now) {
    if (t->kind == MEDIA_VIDEO) {
        note_size(t, &p->fragment);
    }
    if (!t->key_valid || t->key_start != t->frame_start) {
        t->key_valid = true;
        t->key_start = t->frame_start;
        t->key_arrival = now;
        keyframe_request_seen(&t->keyframe);
    }
}

static void release(struct track *t, uint64_t to, bool end, usec_t now) {
    const bool only_padding = t->released + 1 == to && at(t, t->released)->empty;
    if (t->kind == MEDIA_VIDEO) {
        make_equal(t, to);
    }
    share_extension_room(t, to);
    if (!only_padding && !t->frame_open) {
        begin_frame(t, at(t, t->released));
    }
    for (uint64_t s = t->released; s < to; s++) {
        struct packet *p = at(t, s);
        p->fragment.frame = t->frame;
        p->fragment.frame_end = end && s + 1 == to;
        p->epoch = t->epoch;
        p->released = true;
        unwrap_picture_id(t, &p->fragment);
        if (p->info.key_frame) {
            track_note_key(t, p, now);
        }
    }
    if (!only_padding) {
        t->frame_open = !end;
    }
    t->released = to;
    t->batch_since = USEC_NEVER;
}

/* ---- Key frames after a loss ---- */

/* True when nothing of this key frame can stand before packet `p`. With H.264 an IDR slice may have
 * lost its SPS. */
static bool surely_starts(const struct track *t, const struct packet *p) {
    if (t->codec != CODEC_H264) {
        return p->info.frame_start;
    }
    const uint8_t type = p->fragment.payload.n > 0 ? p->fragment.payload.p[0] & 0x1f : 0;
    return type == 7 || type == 24 || at(t, p->fragment.sequence - 1) != NULL ||
           p->fragment.sequence <= t->epoch_start + START_SLACK;
}

/* Releases go on from the key frame that packet `p` belongs to, if its start is here. */
static bool resume_at(struct track *t, const struct packet *p) {
    const struct packet *start = p;
    for (;;) {
        const struct packet *before = at(t, start->fragment.sequence - 1);
        if (before == NULL || before->fragment.sequence < t->released || before->empty ||
            before->timestamp != p->timestamp) {
            break;
        }
        start = before;
    }
    if (!surely_starts(t, start)) {
        return false;
    }
    t->waiting_for_key = false;
    t->released = t->scan = start->fragment.sequence;
    t->gap_since = USEC_NEVER;
    t->batch_since = USEC_NEVER;
    nack_generator_forget(&t->nacks, t->released);
    return true;
}

static void give_up_video(struct track *t, usec_t now) {
    t->counters.frames_given_up++;
    t->waiting_for_key = true;
    t->key_valid = false;
    t->frame_open = false;
    t->gap_since = USEC_NEVER;
    t->batch_since = USEC_NEVER;
    t->released = t->scan;
    for (uint64_t s = t->scan; s <= t->highest; s++) {
        const struct packet *p = at(t, s);
        if (p != NULL && p->info.key_frame && resume_at(t, p)) {
            return;
        }
    }
    nack_generator_forget(&t->nacks, t->highest);
    track_want_keyframe(t, now);
}

static void give_up_audio(struct track *t) {
    while (t->scan < t->highest && at(t, t->scan) == NULL) {
        t->scan++;
    }
    t->released = t->scan;
    t->gap_since = USEC_NEVER;
    nack_generator_forget(&t->nacks, t->released);
}

static void give_up(struct track *t, usec_t now) {
    if (t->kind == MEDIA_VIDEO) {
        give_up_video(t, now);
    } else {
        give_up_audio(t);
    }
}

static usec_t gap_limit(const struct track *t) {
    if (t->kind == MEDIA_AUDIO) {
        return TRACK_AUDIO_WAIT;
    }
    if (!t->nack || t->unwatched) {
        return TRACK_REORDER_WAIT;
    }
    const usec_t limit = t->nacks.rtt * TRACK_GAP_RTTS;
    return limit < TRACK_GAP_MIN ? TRACK_GAP_MIN : usec_min(limit, TRACK_GAP_MAX);
}

/* The packet at `scan` is in order: takes it into the batch and releases what is a whole frame. */
static bool take_in_order(struct track *t, const struct packet *p, usec_t now) {
    bool released = false;
    const bool batch = t->scan > t->released;
    if (!p->empty && (batch || t->frame_open)) {
        const uint32_t timestamp = batch ? at(t, t->released)->timestamp : t->frame_timestamp;
        if (timestamp != p->timestamp) { /* the frame before had no marker */
            if (batch) {
                release(t, t->scan, true, now);
                released = true;
            }
            t->frame_open = false;
        }
    }
    if (t->batch_since == USEC_NEVER) {
        t->batch_since = now;
    }
    t->scan++;
    if (t->kind == MEDIA_AUDIO || p->marker || (p->empty && t->scan == t->released + 1)) {
        release(t, t->scan, t->kind == MEDIA_AUDIO || p->marker, now);
        released = true;
    }
    return released;
}

int track_advance(struct track *t, usec_t now) {
    bool released = false;
    while (t->started && !t->waiting_for_key) {
        const struct packet *p = at(t, t->scan);
        if (p != NULL) {
            t->gap_since = USEC_NEVER;
            released |= take_in_order(t, p, now);
            continue;
        }
        if (t->scan > t->highest) {
            break;
        }
        if (t->gap_since == USEC_NEVER) {
            t->gap_since = now;
        }
        if (now < t->gap_since + gap_limit(t)) {
            break;
        }
        give_up(t, now);
    }
    if (t->batch_since != USEC_NEVER && now >= t->batch_since + TRACK_BATCH_WAIT) {
        release(t, t->scan, false, now);
        released = true;
    }
    return released ? 1 : 0;
}

/* ---- Input ---- */

/* The first packet of the stream, or of a new epoch. */
static void start(struct track *t, const struct packet *p, usec_t now) {
    const uint64_t cycle = t->started ? (t->highest >> 16) + 2 : 1;
    t->started = true;
    t->ssrc = p->ssrc;
    t->highest = cycle << 16 | p->sequence;
    const uint64_t slack = t->kind == MEDIA_VIDEO ? START_SLACK : 0;
    t->released = t->scan = t->epoch_start = t->highest - slack;
    t->waiting_for_key = t->kind == MEDIA_VIDEO;
    t->frame_open = false;
    t->key_valid = false;
    t->gap_since = USEC_NEVER;
    t->batch_since = USEC_NEVER;
    t->anchored = false;
    t->reported = false;
    move_anchor(t, p->timestamp, now);
    const usec_t rtt = t->nacks.rtt;
    nack_generator_init(&t->nacks);
    t->nacks.rtt = rtt;
    receive_stats_init(&t->stats, t->clock_rate);
    if (t->waiting_for_key && !p->info.key_frame) {
        track_want_keyframe(t, now + START_GRACE);
    }
}

/* Makes room so that nothing unreleased is overwritten: half a ring is dropped at once. */
static void keep_within_ring(struct track *t, uint64_t sequence, usec_t now) {
    if (sequence <= t->released + t->mask) {
        return;
    }
    const uint64_t half = sequence - t->mask / 2;
    t->scan = t->scan > half ? t->scan : half;
    if (t->kind == MEDIA_VIDEO && !t->waiting_for_key) {
        give_up_video(t, now);
        return;
    }
    t->released = t->scan;
    t->gap_since = USEC_NEVER;
    t->batch_since = USEC_NEVER;
    nack_generator_forget(&t->nacks, t->released);
}

static void look_for_key(struct track *t, const struct packet *p) {
    if (p->info.key_frame) {
        resume_at(t, p);
        return;
    }
    const struct packet *after = at(t, p->fragment.sequence + 1);
    if (after != NULL && after->info.key_frame) {
        resume_at(t, after);
    }
}

static int insert(struct track *t, struct packet *p, usec_t now) {
    const uint64_t sequence =
        t->highest + (uint64_t)(int64_t)rtp_sequence_diff(p->sequence, (uint16_t)t->highest);
    if (sequence < t->released) {
        const bool known = at(t, sequence) != NULL;
        if (!known && !p->repaired) {
            receive_stats_input(&t->stats, sequence, p->timestamp, p->size, now);
        }
        packet_unref(p);
        t->counters.duplicates += known;
        t->counters.late += !known;
        return known ? -EEXIST : -ESTALE;
    }
    if (at(t, sequence) != NULL) {
        packet_unref(p);
        t->counters.duplicates++;
        return -EEXIST;
    }
    if (sequence > t->highest) {
        keep_within_ring(t, sequence, now);
        t->highest = sequence;
    }
    p->fragment.sequence = sequence;
    packet_unref(t->ring[sequence & t->mask]);
    t->ring[sequence & t->mask] = p;
    t->counters.packets++;
    t->counters.bytes += p->size;
    t->counters.repaired += p->repaired;
    if (!p->repaired) {
        receive_stats_input(&t->stats, sequence, p->timestamp, p->size, now);
    }
    if (t->nack && !t->unwatched && nack_generator_input(&t->nacks, sequence, now) < 0) {
        track_want_keyframe(t, now);
    }
    if (t->waiting_for_key) {
        look_for_key(t, p);
    }
    return 0;
}

/* True when the packet does not go on with the stream that is received. */
static bool is_foreign(const struct track *t, const struct packet *p) {
    const int diff = rtp_sequence_diff(p->sequence, (uint16_t)t->highest);
    return p->ssrc != t->ssrc || diff > JUMP_FORWARD || diff < JUMP_BACK;
}

/* Two packets in a row make a new stream. Consumes `p`. */
static int foreign_input(struct track *t, struct packet *p, usec_t now) {
    struct packet *first = t->candidate;
    if (p->repaired) {
        packet_unref(p);
        t->counters.late++;
        return -ESTALE;
    }
    const int step = first != NULL ? rtp_sequence_diff(p->sequence, first->sequence) : 0;
    if (first == NULL || first->ssrc != p->ssrc || step < 1 || step > 4) {
        packet_unref(first);
        t->candidate = p;
        return -EAGAIN;
    }
    t->candidate = NULL;
    t->epoch++;
    t->counters.restarts++;
    start(t, first, now);
    insert(t, first, now);
    insert(t, p, now);
    return track_advance(t, now);
}

int track_input(struct track *t, struct packet *p, usec_t now) {
    if (!t->started) {
        if (p->repaired) {
            packet_unref(p);
            return -ESTALE;
        }
        start(t, p, now);
    } else if (is_foreign(t, p)) {
        return foreign_input(t, p, now);
    }
    const int r = insert(t, p, now);
    return r < 0 ? r : track_advance(t, now);
}

/* ---- Towards the publisher ---- */

void track_set_watched(struct track *t, bool watched) {
    if (t->unwatched == !watched) {
        return;
    }
    t->unwatched = !watched;
    const usec_t rtt = t->nacks.rtt;
    nack_generator_init(&t->nacks);
    t->nacks.rtt = rtt;
}

uint64_t track_bits(struct track *t, usec_t now) {
    return rate_meter_read(&t->meter, t->counters.bytes, now);
}

void track_want_keyframe(struct track *t, usec_t now) {
    if (t->kind == MEDIA_VIDEO && t->started) {
        keyframe_request_want(&t->keyframe, now);
    }
}

static int append(struct room *room, int size) {
    if (size > 0) {
        room->p += size;
        room->n -= (size_t)size;
    }
    return size;
}

int track_output_rtcp(struct track *t, usec_t now, struct room room) {
    if (!t->started) {
        return 0;
    }
    const uint8_t *begin = room.p;
    uint16_t lost[NACKS_AT_ONCE];
    const bool report = now >= t->report_due;
    const size_t nacks = t->nack ? nack_generator_output(&t->nacks, now, lost, NACKS_AT_ONCE) : 0;
    const bool pli = !t->unwatched && keyframe_request_output(&t->keyframe, now) && t->pli;
    if (!report && nacks == 0 && !pli) {
        return 0;
    }
    struct rtcp_report block;
    if (report) {
        receive_stats_report(&t->stats, t->ssrc, now, &block);
        t->report_due = now + TRACK_REPORT_INTERVAL;
    }
    if (append(&room, rtcp_write_rr(room, t->own_ssrc, &block, report ? 1 : 0)) < 0) {
        return 0;
    }
    if (nacks > 0) {
        t->counters.nacks += nacks;
        append(&room, rtcp_write_nack(room, t->own_ssrc, t->ssrc, lost, nacks, NULL));
    }
    if (pli) {
        t->counters.plis++;
        append(&room, rtcp_write_pli(room, t->own_ssrc, t->ssrc));
    }
    return (int)(room.p - begin);
}

usec_t track_next_timeout(const struct track *t) {
    if (!t->started) {
        return USEC_NEVER;
    }
    usec_t next = t->report_due;
    if (!t->unwatched) {
        next = usec_min(next, keyframe_request_next_timeout(&t->keyframe));
    }
    if (t->nack && t->nacks.count > 0) {
        next = usec_min(next, nack_generator_next_timeout(&t->nacks));
    }
    if (t->gap_since != USEC_NEVER) {
        next = usec_min(next, t->gap_since + gap_limit(t));
    }
    if (t->batch_since != USEC_NEVER) {
        next = usec_min(next, t->batch_since + TRACK_BATCH_WAIT);
    }
    return next;
}
