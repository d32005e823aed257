#include "media/player.h"

#include "base/random.h"
#include "media/layers.h"
#include "media/quality.h"
#include "media/shard_state.h"
#include "routing/congestion.h"
#include "routing/cursor.h"
#include "wire/rtcp.h"

#include <errno.h>
#include <stdlib.h>

#define RTCP_MAX 1200
#define TICK_FIRST MSEC(50)
#define TICK SEC(1)
#define LATE_MAX SEC(1)          /* no frame waits longer for the pacer: routing/cursor.h */
#define ALLOCATE_EVERY MSEC(100) /* at most so often for what the viewer reports */
#define SOUND_BITS_S 96000
/* Frames leave on a common grid, at most this late, so that one turn of the thread serves many
 * viewers instead of one turn each (measured: a quarter of the cost of 200 viewers). Their times in
 * RTP stay exact. */
#define GRID MSEC(10)
/* So do the once-a-second reports: the control thread is woken for many positions at once. */
#define TICK_GRID MSEC(100)

struct player {
    const struct presentation *presentation; /* counted by presentation_files */
    bool connected;
    bool paused; /* by a control; a pause may come before the connection */
    bool held;   /* its TCP connection is late: the film waits for it */
    enum cursor_state told;
    usec_t tick_due, second_due; /* for reports; for what is told once a second */
    uint64_t bytes_told;
    usec_t quality_told;
    struct quality_told quality;
    struct allocation allocation;
    struct allocation_slot slot;
    usec_t allocated;
    bool tells_layers;
    uint64_t layers_told; /* 0: nothing */
    struct media_line video, audio;
    struct cursor cursor;
};

static const struct bytes cname = {(const uint8_t *)"parlour", 7};

static const struct media_line *keep_line(const struct media_session_config *config,
                                          enum media_kind kind, struct media_line *ret) {
    for (size_t i = 0; i < config->line_count; i++) {
        if (config->lines[i].active && config->lines[i].kind == kind) {
            *ret = config->lines[i];
            return ret;
        }
    }
    return NULL;
}

static int open_player(struct session *s, const struct media_session_config *config, usec_t now) {
    struct player *p = calloc(1, sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    s->part = p;
    p->tick_due = USEC_NEVER;
    quality_told_init(&p->quality);
    p->quality_told = now;
    p->told = CURSOR_PAUSED;
    int r = session_pace(s, config, now);
    if (r < 0) {
        return r;
    }
    r = presentation_files_open(&s->shard->presentations, config->presentation, &p->presentation);
    if (r < 0) {
        return r;
    }
    return cursor_init(&p->cursor, p->presentation, keep_line(config, MEDIA_VIDEO, &p->video),
                       keep_line(config, MEDIA_AUDIO, &p->audio), config->start_at, random_u64());
}

static void close_player(struct session *s) {
    struct player *p = s->part;
    if (p) {
        presentation_files_close(&s->shard->presentations, p->presentation);
        free(p);
        s->part = NULL;
    }
}

static enum media_play_state play_state(enum cursor_state state) {
    switch (state) {
    case CURSOR_PLAYING:
        return MEDIA_PLAYING;
    case CURSOR_PAUSED:
        return MEDIA_PAUSED;
    case CURSOR_ENDED:
        break;
    }
    return MEDIA_ENDED;
}

static void tell_position(struct session *s, uint64_t request, usec_t now) {
    struct player *p = s->part;
    struct cursor_position at;
    cursor_position(&p->cursor, now, &at);
    p->told = at.state;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_POSITION,
                                                .session = s->id,
                                                .request = request,
                                                .position = {.state = play_state(at.state),
                                                             .t = at.t,
                                                             .rate = at.rate,
                                                             .duration = at.duration}});
}

static bool next_packet(void *ctx, enum send_class what, usec_t now, struct outgoing *ret) {
    const struct session *s = ctx;
    struct player *p = s->part;
    switch (what) {
    case SEND_AUDIO:
        return cursor_next(&p->cursor, MEDIA_AUDIO, now, ret) > 0;
    case SEND_AGAIN:
        return cursor_next_retransmission(&p->cursor, ret) > 0;
    case SEND_VIDEO:
        return cursor_next(&p->cursor, MEDIA_VIDEO, now, ret) > 0;
    case SEND_PADDING:
        return cursor_pad(&p->cursor, s->congestion->probe.bytes_left, ret);
    case SEND_NOTHING:
        break;
    }
    return false;
}

static const struct send_source player_source = {.next = next_packet};

/* Does the film wait because its viewer does not keep up? Unlike a live picture it can. */
static bool hold_back(struct session *s, usec_t now) {
    struct player *p = s->part;
    const bool late = session_is_late(s, now);
    if (late && p->cursor.state == CURSOR_PLAYING) {
        cursor_pause(&p->cursor, now);
        p->held = true;
    } else if (!late && p->held) {
        p->held = false;
        if (!p->paused) {
            cursor_play(&p->cursor, now);
        }
    }
    return late;
}

static void send_due(struct session *s, usec_t now) {
    struct player *p = s->part;
    if (hold_back(s, now)) {
        return;
    }
    if (s->congestion->waiting) {
        s->shard->stats.paced_dropped += cursor_drop_late(&p->cursor, LATE_MAX, now);
    }
    session_send_round(s, &player_source, s, now);
    if (p->cursor.state != p->told) {
        tell_position(s, 0, now);
    }
}

/* ---- Rungs ---- */

/* The rungs of the picture; `ret->current` is the one it has or is going over to. Returns the one
 * that is sent; *ret_next is the other one, or -1. */
static int make_picture(struct player *p, struct allocation_picture *ret, int *ret_next,
                        const struct rung_file *rungs[static ALLOCATION_RUNGS_MAX]) {
    int current;
    *ret = (struct allocation_picture){.slot = &p->slot};
    ret->rung_count = cursor_rungs(&p->cursor, rungs, ALLOCATION_RUNGS_MAX, &current, ret_next);
    for (size_t i = 0; i < ret->rung_count; i++) {
        ret->rungs[i] = (struct allocation_rung){.bits_s = rung_file_bits(rungs[i]) *
                                                           p->cursor.rate_percent / 100,
                                                 .width = rungs[i]->width,
                                                 .height = rungs[i]->height,
                                                 .usable = true};
    }
    ret->current = *ret_next >= 0 ? *ret_next : current;
    return current;
}

static void tell_layers(struct session *s, uint64_t request) {
    struct player *p = s->part;
    const struct rung_file *rungs[ALLOCATION_RUNGS_MAX];
    struct allocation_picture picture;
    struct media_layers layers;
    int next;
    const int current = make_picture(p, &picture, &next, rungs);
    layers_describe(&picture, 0, current, next, &layers);
    const uint64_t word = layers_word(&layers);
    if (request == 0 && (!p->tells_layers || word == p->layers_told)) {
        return;
    }
    p->layers_told = word;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_LAYERS,
                                                .session = s->id,
                                                .request = request,
                                                .layers = layers});
}

static void allocate(struct session *s, usec_t now) {
    struct player *p = s->part;
    const struct rung_file *rungs[ALLOCATION_RUNGS_MAX];
    struct allocation_picture picture;
    int next;
    const int current = make_picture(p, &picture, &next, rungs);
    p->allocated = now;
    if (p->cursor.video.stream.packets == 0) {
        picture.current = -1; /* nothing is lost by another beginning */
    }
    const struct stream_quality q = cursor_quality(&p->cursor);
    session_want_rate(s, allocation_choose(&p->allocation, &picture, 1, session_send_rate(s),
                                           p->cursor.has_audio ? SOUND_BITS_S : 0,
                                           q.known ? q.loss : 0, now));
    if (picture.chosen >= 0) {
        cursor_set_rung(&p->cursor, rungs[picture.chosen], now);
        s->shard->stats.rung_switches +=
            picture.chosen != current && picture.chosen != next && picture.current >= 0;
    }
    tell_layers(s, 0);
}

static void wish(struct session *s, const struct media_wish *wish, uint64_t request, usec_t now) {
    struct player *p = s->part;
    if (wish->slot != 0) {
        const struct media_layers none = {.wish = *wish, .current = -1, .next = -1};
        shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_LAYERS,
                                                    .session = s->id,
                                                    .request = request,
                                                    .layers = none});
        return;
    }
    layers_wish(&p->slot, wish);
    if (p->connected) {
        allocate(s, now);
        send_due(s, now); /* of a picture that stands */
        session_schedule(s, now);
    }
    tell_layers(s, request);
}

static void tell_all_layers(struct session *s, usec_t now) {
    struct player *p = s->part;
    (void)now;
    p->tells_layers = true;
    p->layers_told = 0;
    tell_layers(s, 0);
}

static void connected(struct session *s, usec_t now) {
    struct player *p = s->part;
    p->connected = true;
    p->tick_due = now + TICK_FIRST;
    allocate(s, now);
    if (!p->paused) {
        cursor_play(&p->cursor, now);
    }
    send_due(s, now);
}

void player_control(struct session *s, enum media_action action, double value, uint64_t request,
                    usec_t now) {
    if (s->role != &player_role || s->ended) {
        return;
    }
    struct player *p = s->part;
    switch (action) {
    case MEDIA_CONTROL_PLAY:
        p->paused = false;
        if (p->connected) {
            cursor_play(&p->cursor, now);
        }
        break;
    case MEDIA_CONTROL_PAUSE:
        p->paused = true;
        cursor_pause(&p->cursor, now);
        break;
    case MEDIA_CONTROL_SEEK:
        cursor_seek(&p->cursor, value, now);
        break;
    case MEDIA_CONTROL_RATE:
        cursor_rate(&p->cursor, value, now);
        break;
    }
    tell_position(s, request, now);
    if (p->connected) {
        send_due(s, now);
    }
    session_schedule(s, now);
}

static void take_feedback(struct session *s, const struct rtcp_packet *packet, uint32_t media,
                          usec_t now) {
    struct player *p = s->part;
    struct rtcp_nack_reader reader;
    uint16_t sequence;
    uint32_t ssrc;
    uint8_t command;
    if (packet->type == RTCP_RTPFB && rtcp_nack_reader_init(&reader, packet) == 0) {
        s->shard->stats.nacks_in++;
        while (rtcp_nack_next(&reader, &sequence)) {
            if (cursor_nack(&p->cursor, media, sequence, now) < 0) {
                s->shard->stats.nacks_refused++;
            }
        }
        send_due(s, now);
    } else if (rtcp_is_pli(packet) || rtcp_parse_fir(packet, 0, &ssrc, &command) == 0) {
        s->shard->stats.plis_in++;
        cursor_want_keyframe(&p->cursor, now);
        send_due(s, now);
    }
}

static void take_rtcp(struct session *s, struct bytes compound, usec_t now) {
    struct player *p = s->part;
    struct rtcp_packet packet;
    struct rtcp_report report;
    uint32_t sender, media;
    int r;
    while ((r = rtcp_next(&compound, &packet)) > 0) {
        if (packet.type == RTCP_RR || packet.type == RTCP_SR) {
            for (size_t i = 0; rtcp_parse_report(&packet, i, &report) == 0; i++) {
                cursor_receiver_report(&p->cursor, &report, clock_unix());
                if (report.ssrc == p->video.ssrc || !p->cursor.has_video) {
                    congestion_report(s->congestion, &report, now);
                }
            }
        } else if (rtcp_parse_feedback(&packet, &sender, &media) == 0) {
            take_feedback(s, &packet, media, now);
            congestion_rtcp(s->congestion, &packet, now);
        }
    }
    if (s->congestion->waiting) {
        send_due(s, now);
    }
    if (r < 0) {
        s->shard->stats.rtcp_bad++;
    }
    if (now >= p->allocated + ALLOCATE_EVERY) {
        allocate(s, now);
    }
}

static void returned(struct session *s, usec_t now) {
    struct player *p = s->part;
    if (p->connected) {
        cursor_want_keyframe(&p->cursor, now);
    }
}

static usec_t next_timeout(const struct session *s) {
    const struct player *p = s->part;
    if (!p->connected) {
        return USEC_NEVER;
    }
    usec_t due = cursor_next_timeout(&p->cursor, MEDIA_AUDIO);
    if (!s->congestion->waiting) { /* else the picture waits for the pacer */
        due = usec_min(due, cursor_next_timeout(&p->cursor, MEDIA_VIDEO));
    }
    if (due != USEC_NEVER) {
        due += (GRID - due % GRID) % GRID;
    }
    return usec_min(usec_min(due, congestion_next_timeout(s->congestion)), p->tick_due);
}

static void tick(struct session *s, usec_t now) {
    struct player *p = s->part;
    uint8_t buffer[RTCP_MAX];
    struct room out = {.p = buffer, .n = sizeof(buffer)};
    uint64_t unix_usec = clock_unix();
    for (enum media_kind kind = MEDIA_AUDIO; kind <= MEDIA_VIDEO; kind++) {
        int n = cursor_sender_report(&p->cursor, kind, unix_usec, now, cname, out);
        if (n > 0) {
            session_send_rtcp(s, bytes_of(buffer, (size_t)n));
        }
    }
    bool early =
        p->cursor.video.stream.early_reports > 0 || p->cursor.audio.stream.early_reports > 0;
    p->tick_due = now + (early || p->held ? STREAM_REPORT_EARLY : TICK - now % TICK_GRID);
    if (now < p->second_due) {
        return;
    }
    p->second_due = now + TICK - now % TICK_GRID;
    allocate(s, now);
    if (p->cursor.state == CURSOR_PLAYING) {
        tell_position(s, 0, now);
    }
    session_tell_rate(s);
    struct stream_quality quality = cursor_quality(&p->cursor);
    uint64_t bytes = p->cursor.video.stream.bytes + p->cursor.audio.stream.bytes;
    quality_tell(s, &quality, bytes - p->bytes_told, now - p->quality_told, now, &p->quality);
    p->bytes_told = bytes;
    p->quality_told = now;
}

static void timeout(struct session *s, usec_t now) {
    struct player *p = s->part;
    congestion_timeout(s->congestion, now);
    send_due(s, now);
    if (p->tick_due <= now) {
        tick(s, now);
    }
}

const struct session_role player_role = {
    .open = open_player,
    .connected = connected,
    .rtcp = take_rtcp,
    .returned = returned,
    .next_timeout = next_timeout,
    .timeout = timeout,
    .wish = wish,
    .tell_layers = tell_all_layers,
    .close = close_player,
};
