#include "media/recorder.h"

#include "base/log.h"
#include "media/publisher.h"
#include "media/shard_state.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel holds while the recorder is busy; it grants less when its own limit is lower. */
#define SOCKET_BUFFER (4 * 1024 * 1024)
#define RTX_NUMBER 2 /* bytes of the original number before a repaired payload (RFC 4588 §4) */
#define BETTER_FOR SEC(2) /* a rung is the best before it is recorded instead */

struct recorder {
    struct shard_state *shard;
    struct recorder *next; /* in shard_state.recorders */
    struct media_room *room;
    int fd;           /* -1: the other side closed it */
    bool starved;     /* the last message was not taken */
    uint64_t message; /* the number of the one that is gathered */
    size_t used, count;
    uint8_t buffer[MEDIA_RECORD_MESSAGE_MAX];
};

/* ---- The taps of a room ---- */

static bool is_recorded(const struct media_room *room, const struct publisher_track *t) {
    if (!room->recorder || room->recorder->fd < 0 || !t->open) {
        return false;
    }
    for (size_t i = 0; i < room->recorded.count; i++) {
        if (room->recorded.sources[i] == t->publisher->id) {
            return true;
        }
    }
    return false;
}

static void want_keyframe(struct publisher_track *t, usec_t now) {
    t->tap.keyframe_due = now + RECORDER_KEYFRAME_EVERY;
    track_want_keyframe(&t->track, now);
    publisher_attend(t->publisher, now);
}

static void tap(struct publisher_track *t, uint64_t next) {
    t->tap = (struct recorder_tap){.active = true,
                                   .waiting = t->track.kind == MEDIA_VIDEO,
                                   .next = next,
                                   .track_epoch = t->track.epoch,
                                   .epoch = t->publisher->record_epochs++,
                                   .keyframe_due = USEC_NEVER};
}

/* From the next packet on; nothing of before is recorded, so no cached pictures either. */
static void begin(struct publisher_track *t, usec_t now) {
    tap(t, t->track.released);
    if (t->track.kind == MEDIA_VIDEO) {
        want_keyframe(t, now);
    }
}

/* The track of a kind that is recorded, or would be. */
static struct publisher_track *recorded_of(struct publisher *p, int kind) {
    return kind == MEDIA_VIDEO && p->recorded ? p->recorded : &p->tracks[kind];
}

void recorder_apply(struct media_room *room, usec_t now) {
    for (struct publisher *p = room->publishers; p; p = p->next_in_room) {
        for (int kind = 0; kind < PUBLISHER_KINDS; kind++) {
            struct publisher_track *t = recorded_of(p, kind);
            const bool wanted = is_recorded(room, t);
            if (wanted && !t->tap.active) {
                begin(t, now);
            } else if (!wanted) {
                recorder_leave(t);
            }
        }
    }
}

void recorder_leave(struct publisher_track *t) {
    t->tap.active = false;
}

static void leave_all(struct media_room *room) {
    for (struct publisher *p = room->publishers; p; p = p->next_in_room) {
        for (int kind = 0; kind < PUBLISHER_KINDS; kind++) {
            recorder_leave(recorded_of(p, kind));
        }
    }
}

void recorder_stage(struct media_room *room, const struct media_stage *before, usec_t now) {
    const media_id shown = room->stage.main_video;
    for (struct publisher *p = room->publishers; p; p = p->next_in_room) {
        struct publisher_track *t = recorded_of(p, MEDIA_VIDEO);
        if (p->id == shown && shown != before->main_video && t->tap.active) {
            want_keyframe(t, now);
        }
    }
}

/* ---- Rungs ---- */

static bool is_better(const struct publisher_track *a, const struct publisher_track *b) {
    const struct picture_size x = a->track.size, y = b->track.size;
    const uint32_t area = (uint32_t)x.width * x.height, other = (uint32_t)y.width * y.height;
    return area != other ? area > other : a->track.meter.bits_s > b->track.meter.bits_s;
}

/* The best rung that comes, or NULL. */
static struct publisher_track *best_of(struct publisher *p) {
    struct publisher_track *best = NULL;
    for (size_t i = MEDIA_VIDEO; i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open && !t->stalled && (!best || is_better(t, best))) {
            best = t;
        }
    }
    return best;
}

void recorder_follow(struct publisher *p, usec_t now) {
    struct publisher_track *has = recorded_of(p, MEDIA_VIDEO), *best = best_of(p);
    if (publisher_best_first(p) || !best || best == has) {
        p->recorded_next = NULL;
        return;
    }
    if (!has->tap.active) {
        p->recorded = best;
        p->recorded_next = NULL;
        return;
    }
    if (p->recorded_next != best) {
        p->recorded_next = best;
        p->recorded_since = now;
    }
    if (!has->stalled && now < p->recorded_since + BETTER_FOR) {
        return;
    }
    if (track_has_key(&best->track) && best->track.key_arrival >= p->recorded_since) {
        recorder_leave(has);
        p->recorded = best;
        p->recorded_next = NULL;
        tap(best, best->track.key_start);
        recorder_take(best, now);
    } else {
        track_want_keyframe(&best->track, now);
        publisher_attend(p, now);
    }
}

usec_t recorder_next_timeout(const struct publisher_track *t) {
    return t->tap.active ? t->tap.keyframe_due : USEC_NEVER;
}

void recorder_tick(struct publisher_track *t, usec_t now) {
    if (t->tap.active && now >= t->tap.keyframe_due) {
        t->tap.keyframe_due = now + RECORDER_KEYFRAME_EVERY;
        track_want_keyframe(&t->track, now);
    }
}

/* ---- The socket ---- */

/* What the message held is lost: pictures would not decode before the next key frame. */
static void lose_message(struct recorder *r) {
    r->starved = true;
    r->shard->stats.record_dropped += r->count;
    for (struct publisher *p = r->room->publishers; p; p = p->next_in_room) {
        struct publisher_track *t = recorded_of(p, MEDIA_VIDEO);
        if (t->tap.active && t->tap.message == r->message) {
            t->tap.waiting = true;
        }
    }
}

static void end_hunger(struct recorder *r, usec_t now) {
    r->starved = false;
    for (struct publisher *p = r->room->publishers; p; p = p->next_in_room) {
        struct publisher_track *t = recorded_of(p, MEDIA_VIDEO);
        if (t->tap.active && t->tap.waiting) {
            want_keyframe(t, now);
        }
    }
}

static void flush(struct recorder *r, usec_t now) {
    if (r->used == 0) {
        return;
    }
    const ssize_t n = send(r->fd, r->buffer, r->used, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
        r->shard->stats.recorded += r->count;
        if (r->starved) {
            end_hunger(r, now);
        }
    } else {
        const int error = errno;
        lose_message(r);
        if (error != EAGAIN && error != ENOBUFS && error != ENOMEM && error != EINTR) {
            log_warn("recorder.closed", "room=%llu error=%s", (unsigned long long)r->room->id,
                     strerror(error));
            close(r->fd);
            r->fd = -1;
            leave_all(r->room);
        }
    }
    r->used = r->count = 0;
    r->message++;
}

void recorders_flush(struct shard_state *shard, usec_t now) {
    for (struct recorder *r = shard->recorders; r; r = r->next) {
        flush(r, now);
    }
}

static struct recorder *recorder_new(struct shard_state *shard, struct media_room *room, int fd) {
    struct recorder *r = malloc(sizeof(*r));
    if (!r) {
        return NULL;
    }
    const int size = SOCKET_BUFFER;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)); /* as much as there may be */
    r->shard = shard;
    r->next = shard->recorders;
    shard->recorders = r;
    r->room = room;
    r->fd = fd;
    r->starved = false;
    r->message = 1; /* 0 is a tap that has taken nothing */
    r->used = r->count = 0;
    return r;
}

void recorder_free(struct recorder *r) {
    if (!r) {
        return;
    }
    leave_all(r->room);
    if (r->fd >= 0) {
        flush(r, 0);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    struct recorder **at = &r->shard->recorders;
    while (*at != r) {
        at = &(*at)->next;
    }
    *at = r->next;
    free(r);
}

void recorder_open(struct shard_state *shard, media_id id, int fd, usec_t now) {
    struct media_room *room = room_named(shard, id);
    if (room) {
        recorder_free(room->recorder);
        room->recorder = fd < 0 ? NULL : recorder_new(shard, room, fd);
    }
    if (fd >= 0 && (!room || !room->recorder)) {
        log_error("recorder.open_failed", "room=%llu error=%s", (unsigned long long)id,
                  strerror(ENOMEM));
        close(fd);
    }
    if (room) {
        recorder_apply(room, now);
    }
}

void recorder_set_sources(struct shard_state *shard, media_id id, const struct media_recorded *list,
                          usec_t now) {
    struct media_room *room = room_named(shard, id);
    if (room) {
        room->recorded = *list;
        recorder_apply(room, now);
    }
}

/* ---- Packets ---- */

/* The payload as it came. The packet was parsed before, so this finds it again. */
static struct bytes payload_of(const struct packet *p) {
    struct rtp_header header;
    if (rtp_parse(bytes_of(p->data, p->size), &header) < 0) {
        return bytes_of(NULL, 0);
    }
    return bytes_from(header.payload, p->repaired ? RTX_NUMBER : 0);
}

static void write_le(uint8_t *at, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static void write_header(uint8_t *at, const struct publisher_track *t, const struct packet *p,
                         unsigned flags, size_t size) {
    const struct track *track = &t->track;
    write_le(at, size, 4);
    at[4] = (uint8_t)track->kind;
    at[5] = (uint8_t)track->codec;
    write_le(at + 6, flags, 2);
    write_le(at + 8, t->publisher->id, 8);
    write_le(at + 16, t->tap.epoch, 4);
    write_le(at + 20, track->clock_rate, 4);
    write_le(at + 24, (uint64_t)track_capture_time(track, p->timestamp), 8);
    write_le(at + 32, p->arrival, 8);
}

static unsigned flags_of(struct publisher_track *t, const struct packet *p) {
    const struct track *track = &t->track;
    unsigned flags = p->fragment.frame_end ? MEDIA_RECORD_END : 0;
    if (track->reported && track->clock->known) {
        flags |= MEDIA_RECORD_EXACT;
    }
    const bool starts_key = track->key_valid && p->fragment.sequence == track->key_start;
    if (track->kind == MEDIA_VIDEO &&
        (starts_key || (p->info.key_frame && p->fragment.frame != t->tap.key_frame))) {
        flags |= MEDIA_RECORD_KEY;
        t->tap.key_frame = p->fragment.frame;
    }
    return flags;
}

static void gather(struct recorder *r, struct publisher_track *t, const struct packet *p,
                   usec_t now) {
    const struct bytes payload = payload_of(p);
    const size_t size = RTP_HEADER_MIN + payload.n;
    if (r->used + MEDIA_RECORD_HEADER + size > sizeof(r->buffer)) {
        flush(r, now);
    }
    const unsigned flags = flags_of(t, p);
    if (payload.n == 0 || !t->tap.active || (t->tap.waiting && !(flags & MEDIA_RECORD_KEY))) {
        return; /* only padding; or the flush found the socket closed or full */
    }
    uint8_t *at = r->buffer + r->used;
    write_header(at, t, p, flags, size);
    const struct rtp_header header = {.marker = p->marker,
                                      .payload_type = p->payload_type,
                                      .sequence = p->sequence,
                                      .timestamp = p->timestamp,
                                      .ssrc = p->ssrc};
    rtp_write_header((struct room){.p = at + MEDIA_RECORD_HEADER, .n = RTP_HEADER_MIN}, &header,
                     NULL, 0);
    memcpy(at + MEDIA_RECORD_HEADER + RTP_HEADER_MIN, payload.p, payload.n);
    r->used += MEDIA_RECORD_HEADER + size;
    r->count++;
    t->tap.waiting = false;
    t->tap.message = r->message;
    if (flags & MEDIA_RECORD_KEY) {
        t->tap.keyframe_due = now + RECORDER_KEYFRAME_EVERY;
    }
}

/* The next packet that is to be recorded, or NULL. */
static const struct packet *next_packet(struct recorder_tap *tap, const struct track *t) {
    const struct packet *p = NULL;
    if (tap->waiting) {
        if (t->key_valid && t->key_start >= tap->next) {
            p = track_packet(t, t->key_start);
        }
        tap->next = p ? t->key_start : t->released;
        return p;
    }
    if (tap->next < t->released) {
        p = track_packet(t, tap->next);
        p = p ? p : track_released_from(t, tap->next);
    }
    return p;
}

void recorder_take(struct publisher_track *t, usec_t now) {
    struct recorder *r = t->publisher->room->recorder;
    const struct packet *p;
    while (t->tap.active && (p = next_packet(&t->tap, &t->track)) != NULL) {
        if (p->epoch != t->tap.track_epoch) {
            t->tap.track_epoch = p->epoch;
            t->tap.epoch = t->publisher->record_epochs++;
        }
        t->tap.next = p->fragment.sequence + 1;
        gather(r, t, p, now);
    }
}
