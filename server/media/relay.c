#include "media/relay.h"

#include "base/ring.h"
#include "media/publisher.h"
#include "media/shard_state.h"
#include "media/viewer.h"
#include "routing/track_copy.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAITING_MAX                                                                                \
    2048              /* messages from one thread to one other: about a second of three cameras */
#define KEPT_FREE 128 /* of them for what is no packet */

enum relay_type {
    RELAY_TRACK,  /* a track was opened: `opened` */
    RELAY_DATING, /* of the packets that follow */
    RELAY_PACKET, /* a reference moves */
    RELAY_GONE,   /* the publisher left */
    RELAY_RESET,  /* all publishers of the room left */
    RELAY_SHED,   /* `keep` */
    RELAY_WANT    /* to the home: somebody wants a key frame of the track */
};

/* Enough to make the copy of a publisher and of one of its tracks. */
struct relay_opened {
    media_id participant;
    bool rungs; /* it may bring its picture in several */
    enum media_kind kind;
    struct media_payload payload;
    struct track_dating dating;
    size_t line_count;
    struct media_line lines[MEDIA_LINES_MAX];
};

struct relay_message {
    enum relay_type type;
    uint8_t track; /* index in publisher.tracks */
    bool end;      /* PACKET: nothing more comes at once */
    media_id room, source;
    union {
        struct relay_opened *opened; /* on the heap; moves */
        struct track_dating dating;
        struct packet *packet;
        size_t keep;
    };
};

struct relay_inbox {
    int fd;            /* eventfd */
    atomic_bool woken; /* fd is or will be readable */
    unsigned count;
    struct ring *from[RELAY_THREADS_MAX]; /* NULL: the thread itself */
};

/* ---- Inboxes ---- */

int relay_open(struct relay *r, unsigned index, unsigned count) {
    *r = (struct relay){.index = index, .count = count};
    if (count < 2) {
        r->count = 0;
        return 0;
    }
    assert(count <= RELAY_THREADS_MAX && index < count);
    struct relay_inbox *in = r->inbox = calloc(1, sizeof(*in));
    if (!in) {
        return -ENOMEM;
    }
    in->count = count;
    in->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (in->fd < 0) {
        return -errno;
    }
    for (unsigned i = 0; i < count; i++) {
        if (i != index && !(in->from[i] = ring_new(sizeof(struct relay_message), WAITING_MAX))) {
            return -ENOMEM;
        }
    }
    r->inboxes[index] = in;
    return 0;
}

void relay_share(struct relay *r, unsigned index, const struct relay *other) {
    if (index < r->count) {
        r->inboxes[index] = other->inbox;
    }
}

static void message_clear(struct relay_message *m) {
    switch (m->type) {
    case RELAY_TRACK:
        free(m->opened);
        break;
    case RELAY_PACKET:
        packet_unref(m->packet);
        break;
    case RELAY_DATING:
    case RELAY_GONE:
    case RELAY_RESET:
    case RELAY_SHED:
    case RELAY_WANT:
        break;
    }
}

void relay_drop(struct relay *r) {
    struct relay_message m;
    for (unsigned i = 0; r->inbox && i < r->inbox->count; i++) {
        while (r->inbox->from[i] && ring_take(r->inbox->from[i], &m)) {
            message_clear(&m);
        }
    }
}

void relay_close(struct relay *r) {
    struct relay_inbox *in = r->inbox;
    if (!in) {
        return;
    }
    for (unsigned i = 0; i < in->count; i++) {
        ring_free(in->from[i]);
    }
    if (in->fd >= 0) {
        close(in->fd);
    }
    free(in);
    r->inbox = NULL;
}

int relay_fd(const struct relay *r) {
    return r->inbox ? r->inbox->fd : -1;
}

static struct ring *ring_to(const struct relay *r, unsigned to) {
    return r->inboxes[to]->from[r->index];
}

static void wake(const struct relay *r, unsigned to) {
    struct relay_inbox *in = r->inboxes[to];
    if (!atomic_exchange(&in->woken, true)) {
        const uint64_t one = 1;
        ssize_t ignored = write(in->fd, &one, sizeof(one));
        (void)ignored;
    }
}

static int post(const struct relay *r, unsigned to, const struct relay_message *m) {
    int error = ring_post(ring_to(r, to), m);
    if (error == 0) {
        wake(r, to);
    }
    return error;
}

/* ---- At home ---- */

static uint32_t bit(unsigned thread) {
    return UINT32_C(1) << thread;
}

static size_t index_of(const struct publisher_track *t) {
    return (size_t)(t - t->publisher->tracks);
}

static struct relay_message about(const struct publisher_track *t, enum relay_type type) {
    return (struct relay_message){.type = type,
                                  .track = (uint8_t)index_of(t),
                                  .room = t->publisher->room->id,
                                  .source = t->publisher->id};
}

static int post_opened(const struct publisher_track *t, unsigned to) {
    const struct publisher *p = t->publisher;
    struct relay_message m = about(t, RELAY_TRACK);
    m.opened = malloc(sizeof(*m.opened));
    if (!m.opened) {
        return -ENOMEM;
    }
    *m.opened = (struct relay_opened){.participant = p->participant,
                                      .rungs = p->carrier->rung_ssrc != 0,
                                      .kind = t->track.kind,
                                      .payload = t->track.payload,
                                      .line_count = p->line_count};
    track_dating_read(&t->track, &m.opened->dating);
    memcpy(m.opened->lines, p->lines, p->line_count * sizeof(p->lines[0]));
    int r = post(&p->shard->relay, to, &m);
    if (r < 0) {
        message_clear(&m);
    }
    return r;
}

/* The released packets from extended number `from` on. */
static void post_packets(struct publisher_track *t, unsigned to, uint64_t from, usec_t now) {
    const size_t count = (size_t)(t->track.released - from);
    struct shard_state *shard = t->publisher->shard;
    struct ring *ring = ring_to(&shard->relay, to);
    struct relay_message m = about(t, RELAY_DATING);
    if (ring_room(ring) < count + 1 + KEPT_FREE) {
        t->relay_starved |= bit(to);
        shard->stats.relay_dropped += count;
        track_want_keyframe(&t->track, now);
        return;
    }
    track_dating_read(&t->track, &m.dating);
    ring_post(ring, &m);
    m.type = RELAY_PACKET;
    for (uint64_t s = from; s < t->track.released; s++) {
        m.packet = track_share(&t->track, s);
        if (m.packet) {
            m.end = s + 1 == t->track.released;
            ring_post(ring, &m);
            shard->stats.relayed++;
        }
    }
    wake(&shard->relay, to);
}

/* What a thread needs to begin: the track, and the cached pictures that a viewer starts with. */
static int start_track(struct publisher_track *t, unsigned to, usec_t now) {
    int r = post_opened(t, to);
    if (r < 0) {
        return r;
    }
    t->relay_starved &= ~bit(to);
    if (t->track.kind != MEDIA_VIDEO) {
        return 0;
    }
    if (track_has_gop(&t->track, now)) {
        post_packets(t, to, t->track.key_start, now);
    } else {
        t->relay_starved |= bit(to); /* nothing before the next key frame is of use */
    }
    return 0;
}

static void start_room(struct shard_state *shard, struct media_room *room, unsigned to,
                       usec_t now) {
    int r = post(&shard->relay, to, &(struct relay_message){.type = RELAY_RESET, .room = room->id});
    for (struct publisher *p = room->publishers; p && r == 0; p = p->next_in_room) {
        for (size_t i = 0; i < p->track_end && r == 0 && !relay_is_copy(p); i++) {
            r = p->tracks[i].open ? start_track(&p->tracks[i], to, now) : 0;
        }
    }
    room->relay_lost &= ~bit(to);
    room->relay_lost |= r < 0 ? bit(to) : 0;
}

void relay_room(struct shard_state *shard, media_id id, unsigned to, bool on, usec_t now) {
    struct media_room *room = on ? room_named(shard, id) : map_get(&shard->rooms.map, id);
    if (!room || to >= shard->relay.count || to == shard->relay.index) {
        return;
    }
    if (on) {
        room->relays |= bit(to);
        start_room(shard, room, to, now);
        return;
    }
    room->relays &= ~bit(to);
    room->relay_lost &= ~bit(to);
    post(&shard->relay, to, &(struct relay_message){.type = RELAY_RESET, .room = id});
    room_forget_when_done(shard, room);
}

void relay_track_opened(struct publisher_track *t, usec_t now) {
    struct media_room *room = t->publisher->room;
    t->relayed = t->track.released;
    for (uint32_t left = room->relays; left; left &= left - 1) {
        const unsigned to = (unsigned)__builtin_ctz(left);
        if (start_track(t, to, now) < 0) {
            room->relay_lost |= bit(to);
        }
    }
}

static void forward_to(struct publisher_track *t, unsigned to, uint64_t from, usec_t now) {
    struct publisher *p = t->publisher;
    if (p->room->relay_lost & bit(to)) {
        start_room(p->shard, p->room, to, now); /* these packets too, if they are of use */
        return;
    }
    if (t->relay_starved & bit(to)) {
        if (t->track.kind == MEDIA_VIDEO) {
            if (!t->track.key_valid || t->track.key_start < from) {
                p->shard->stats.relay_dropped += (size_t)(t->track.released - from);
                return;
            }
            from = t->track.key_start;
        }
        t->relay_starved &= ~bit(to);
    }
    post_packets(t, to, from, now);
}

void relay_forward(struct publisher_track *t, usec_t now) {
    uint64_t from = t->relayed;
    if (from + t->track.mask < t->track.released) {
        from = t->track.released - t->track.mask; /* a jump */
    }
    for (uint32_t left = t->publisher->room->relays; left; left &= left - 1) {
        forward_to(t, (unsigned)__builtin_ctz(left), from, now);
    }
    t->relayed = t->track.released;
}

void relay_publisher_gone(struct publisher *p) {
    if (relay_is_copy(p)) {
        return;
    }
    for (uint32_t left = p->room->relays; left; left &= left - 1) {
        const unsigned to = (unsigned)__builtin_ctz(left);
        const struct relay_message m = {.type = RELAY_GONE, .room = p->room->id, .source = p->id};
        if (post(&p->shard->relay, to, &m) < 0) {
            p->room->relay_lost |= bit(to);
        }
    }
}

void relay_shed(struct shard_state *shard, size_t packets) {
    const struct relay_message m = {.type = RELAY_SHED, .keep = packets};
    for (unsigned to = 0; to < shard->relay.count; to++) {
        if (to != shard->relay.index) {
            post(&shard->relay, to, &m); /* full: the next one in 100 ms */
        }
    }
}

static struct publisher *find(const struct media_room *room, media_id source) {
    struct publisher *p = room ? room->publishers : NULL;
    while (p && p->id != source) {
        p = p->next_in_room;
    }
    return p;
}

static void take_want(struct publisher *p, size_t track, usec_t now) {
    if (p && !relay_is_copy(p) && p->tracks[track].open) {
        track_want_keyframe(&p->tracks[track].track, now);
        publisher_attend(p, now);
    }
}

/* ---- The copies ---- */

/* What the viewers of a copy ask for; what is lost in a full ring is asked for again by them. */
static void attend_copy(struct publisher *p, usec_t now) {
    for (size_t i = 0; i < p->track_end; i++) {
        struct publisher_track *t = &p->tracks[i];
        if (t->open && keyframe_request_output(&t->track.keyframe, now)) {
            const struct relay_message m = about(t, RELAY_WANT);
            post(&p->shard->relay, p->relay_home, &m);
        }
    }
}

static void send_nothing(void *ctx, struct bytes compound) {
    (void)ctx;
    (void)compound;
}

static void schedule_nothing(void *ctx, usec_t now) {
    (void)ctx;
    (void)now;
}

static const struct publisher_carrier copy = {
    .send_rtcp = send_nothing, .schedule = schedule_nothing, .attend = attend_copy};
static const struct publisher_carrier copy_with_rungs = {
    .send_rtcp = send_nothing, .schedule = schedule_nothing, .attend = attend_copy, .rung_ssrc = 1};

bool relay_is_copy(const struct publisher *p) {
    return p->carrier->attend == attend_copy;
}

static void open_copy(struct shard_state *shard, struct media_room *room, unsigned home,
                      const struct relay_message *m, usec_t now) {
    const struct relay_opened *o = m->opened;
    struct publisher *p = find(room, m->source);
    if (!p) {
        p = publisher_new(shard, m->source, o->participant, room->id, o->lines, o->line_count,
                          o->rungs ? &copy_with_rungs : &copy, NULL);
        if (!p) {
            return; /* dark here */
        }
        p->relay_home = home;
    }
    const struct media_line line = {.kind = o->kind};
    struct publisher_track *t = publisher_open_track(p, m->track, &line, &o->payload, now);
    if (t) {
        track_dating_apply(&t->track, &o->dating);
        room_apply_stage(room, now);
    }
}

static struct publisher *any_copy(const struct media_room *room) {
    struct publisher *p = room ? room->publishers : NULL;
    while (p && !relay_is_copy(p)) {
        p = p->next_in_room;
    }
    return p;
}

/* The room may go with the last of them. */
static void close_copies(struct shard_state *shard, media_id room) {
    struct publisher *p;
    while ((p = any_copy(map_get(&shard->rooms.map, room))) != NULL) {
        publisher_free(p);
    }
}

void relay_close_copies(struct shard_state *shard) {
    for (size_t i = 0; i < shard->rooms.map.capacity; i++) {
        const struct media_room *room = shard->rooms.map.entries[i].value;
        struct publisher *p;
        while ((p = any_copy(room)) != NULL) {
            const bool last = room->closed; /* the room goes too, and may take entries along */
            publisher_free(p);
            if (last) {
                i = (size_t)-1;
                break;
            }
        }
    }
}

static void take_packet(struct publisher *p, struct relay_message *m, usec_t now) {
    struct publisher_track *t = p && relay_is_copy(p) ? &p->tracks[m->track] : NULL;
    if (!t || !t->open) {
        packet_unref(m->packet);
        return;
    }
    track_copy_input(&t->track, m->packet, now);
    t->heard = now;
    if (m->end) {
        publisher_forward(t, now);
        publisher_look_at_rungs(p, now);
        attend_copy(p, now);
    }
}

static void take(struct shard_state *shard, unsigned from, struct relay_message *m, usec_t now) {
    struct media_room *room = m->room ? map_get(&shard->rooms.map, m->room) : NULL;
    struct publisher *p = find(room, m->source);
    switch (m->type) {
    case RELAY_TRACK:
        if (room) {
            open_copy(shard, room, from, m, now);
        }
        free(m->opened);
        break;
    case RELAY_DATING:
        if (p && relay_is_copy(p) && p->tracks[m->track].open) {
            track_dating_apply(&p->tracks[m->track].track, &m->dating);
        }
        break;
    case RELAY_PACKET:
        take_packet(p, m, now);
        break;
    case RELAY_GONE:
        if (p && relay_is_copy(p)) {
            publisher_free(p);
        }
        break;
    case RELAY_RESET:
        close_copies(shard, m->room);
        break;
    case RELAY_SHED:
        rooms_shed_copies(&shard->rooms, m->keep);
        break;
    case RELAY_WANT:
        take_want(p, m->track, now);
        break;
    }
}

void relay_read(struct shard_state *shard, usec_t now) {
    struct relay_inbox *in = shard->relay.inbox;
    struct relay_message m;
    uint64_t count;
    ssize_t ignored = read(in->fd, &count, sizeof(count));
    (void)ignored;
    atomic_exchange(&in->woken, false); /* from here on writers wake us again */
    for (unsigned i = 0; i < in->count; i++) {
        for (size_t left = in->from[i] ? ring_waiting(in->from[i]) : 0; left > 0; left--) {
            if (ring_take(in->from[i], &m)) {
                take(shard, i, &m, now);
            }
        }
    }
}
