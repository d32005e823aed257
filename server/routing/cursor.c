#include "routing/cursor.h"
#include <errno.h>
#include <math.h>

#define KEYFRAME_SPACING SEC(1)
#define ALIGNED ((int64_t)MSEC(5))   /* so far apart may the times of one frame be in two rungs */
#define FOREVER ((double)SEC(86400)) /* no place lies behind a day */

/* ---- The clock of the presentation ---- */

static int64_t media_at(const struct cursor *c, usec_t now) {
    if (c->state != CURSOR_PLAYING || now <= c->at) {
        return c->media;
    }
    return c->media + (int64_t)(now - c->at) * c->rate_percent / 100;
}

/* When media time `media` comes, on our clock; may lie in the past. */
static int64_t local_of(const struct cursor *c, int64_t media) {
    return (int64_t)c->at + (media - c->media) * 100 / (int64_t)c->rate_percent;
}

static void set_clock(struct cursor *c, int64_t media, usec_t now) {
    c->media = media;
    c->at = now;
}

/* ---- One stream ---- */

static bool at_end(const struct cursor_stream *s) {
    return s->rung == NULL || s->frame >= s->rung->frame_count;
}

static void set_due(struct cursor_stream *s) {
    s->due_media = at_end(s)
                       ? INT64_MAX
                       : rung_file_media_usec(s->rung, rung_file_frame(s->rung, s->frame).time);
}

/* Frame `frame` is next, and what lies before `live` is caught up at once. */
static void go_to(struct cursor_stream *s, uint32_t frame, uint32_t live) {
    s->frame = frame;
    s->packet = 0;
    s->live_frame = live;
    s->begin = true;
    set_due(s);
}

/* The first frame at or after media time `media`. */
static uint32_t first_from(const struct rung_file *r, int64_t media) {
    uint32_t frame = rung_file_find(r, rung_file_ticks(r, media));
    while (frame < r->frame_count &&
           rung_file_media_usec(r, rung_file_frame(r, frame).time) < media) {
        frame++;
    }
    return frame;
}

/* ---- Rungs of the picture ---- */

/* What was sent before is found again in the former rung. */
static void take_rung(struct cursor_stream *s, const struct rung_file *rung) {
    s->former = s->rung;
    s->former_floor = s->range_floor;
    s->range_floor = s->stream.next;
    s->rung = rung;
    s->next = NULL;
}

/* The first key frame at or after media time `media`; frame_count: none. */
static uint32_t key_from(const struct rung_file *r, int64_t media) {
    uint32_t frame = first_from(r, media);
    while (frame < r->frame_count && !rung_file_frame(r, frame).key) {
        frame++;
    }
    return frame;
}

/* The next frame lies where the other rung has its key frame, or behind it. */
static void follow_rung(struct cursor_stream *s) {
    if (s->next == NULL || s->packet > 0 || s->catch_up || at_end(s) ||
        s->next_key >= s->next->frame_count) {
        return;
    }
    const int64_t key = rung_file_media_usec(s->next, rung_file_frame(s->next, s->next_key).time);
    if (s->due_media > key + ALIGNED) { /* frames were left out: never back */
        s->next_key = key_from(s->next, s->due_media - ALIGNED);
    } else if (s->due_media + ALIGNED >= key) {
        const uint32_t frame = s->next_key;
        take_rung(s, s->next);
        go_to(s, frame, frame);
    }
}

size_t cursor_rungs(const struct cursor *c, const struct rung_file **ret, size_t max,
                    int *ret_current, int *ret_next) {
    size_t count = 0;
    *ret_current = *ret_next = -1;
    for (size_t i = 0; c->has_video && i < c->presentation->rung_count && count < max; i++) {
        const struct presentation_rung *r = &c->presentation->rungs[i];
        if (!r->open || r->kind != MEDIA_VIDEO || r->speed_percent != 100 ||
            r->codec != c->video.rung->codec) {
            continue;
        }
        *ret_current = &r->rung == c->video.rung ? (int)count : *ret_current;
        *ret_next = &r->rung == c->video.next ? (int)count : *ret_next;
        ret[count++] = &r->rung;
    }
    return count;
}

/* Picks the sound for the rate and puts it where the clock stands. */
static void place_audio(struct cursor *c) {
    struct cursor_stream *s = &c->audio;
    if (!c->has_audio) {
        return;
    }
    const struct presentation_rung *r = presentation_audio(c->presentation, c->rate_percent);
    const struct rung_file *rung = r != NULL ? &r->rung : NULL;
    if (rung != s->rung) {
        s->rung = rung;
        s->range_floor = s->stream.next;
    }
    const uint32_t frame = rung != NULL ? first_from(rung, c->media) : 0;
    go_to(s, frame, frame);
}

/* Puts the picture on the frame at `media` by way of its key frame. Returns that frame's time. */
static int64_t place_video(struct cursor *c, int64_t media) {
    struct cursor_stream *s = &c->video;
    if (!c->has_video) {
        return media;
    }
    if (s->next != NULL) {
        take_rung(s, s->next);
    }
    /* the rounding of µs to ticks must not lose the frame that starts right at `media` */
    const uint32_t frame = rung_file_find(s->rung, rung_file_ticks(s->rung, media) + 1);
    go_to(s, rung_file_key_before(s->rung, frame), frame);
    s->catch_up = true;
    const int64_t shown = rung_file_media_usec(s->rung, rung_file_frame(s->rung, frame).time);
    return shown < media ? shown : media;
}

static void fill_fragment(const struct rung_file *rung, uint32_t frame, uint32_t packet,
                          struct fragment *ret) {
    const struct rung_frame f = rung_file_frame(rung, frame);
    memset(ret, 0, sizeof *ret);
    ret->sequence = packet;
    ret->timestamp = (uint32_t)f.time;
    ret->frame = frame;
    ret->frame_end = packet + 1 == f.first_packet + f.packet_count;
    ret->marker = ret->frame_end && rung->kind == MEDIA_VIDEO;
    const struct bytes payload = rung_file_packet(rung, packet);
    if (fragment_set_payload(ret, rung->codec, payload) < 0) {
        ret->payload = payload; /* the viewer's decoder may judge it */
    }
}

/* The frame that starts now opens a range: squeezed while it catches up, else at its due time, or,
 * after a squeeze, where that one left room for it. */
static void begin_range(struct cursor *c, struct cursor_stream *s, const struct fragment *f) {
    const bool squeezed = s->catch_up && s->frame < s->live_frame;
    struct stream_range range = {0};
    if (s->begin) {
        const uint32_t live = squeezed ? s->live_frame : s->frame;
        const int64_t media = rung_file_media_usec(s->rung, rung_file_frame(s->rung, live).time);
        s->live_local = local_of(c, media);
        s->live_timestamp =
            outgoing_stream_place(&s->stream, s->live_local, live - s->frame, s->frame, &range);
    }
    if (!squeezed) {
        const uint32_t rung_rate = c->rate_percent * 100 / s->rung->speed_percent;
        range = (struct stream_range){.timestamp = s->live_timestamp - f->timestamp};
        if (rung_rate != 100) {
            range = (struct stream_range){.timestamp = s->live_timestamp,
                                          .base = f->timestamp,
                                          .rate_percent = (uint16_t)rung_rate};
        }
    }
    outgoing_stream_begin(&s->stream, f, range);
    s->begin = false;
    s->resume = squeezed;
}

static void write_next(struct cursor *c, struct cursor_stream *s, usec_t now,
                       struct outgoing *ret) {
    follow_rung(s);
    const struct rung_frame frame = rung_file_frame(s->rung, s->frame);
    struct fragment f;
    fill_fragment(s->rung, s->frame, frame.first_packet + s->packet, &f);
    if (s->packet == 0) {
        if (s->begin) {
            outgoing_stream_report_soon(&s->stream, now);
        }
        if (s->begin || (s->resume && s->frame == s->live_frame)) {
            begin_range(c, s, &f);
        }
    }
    outgoing_stream_write(&s->stream, &f, ret);
    s->packet++;
    if (s->packet == frame.packet_count) {
        s->catch_up = s->catch_up && s->frame < s->live_frame;
        s->packet = 0;
        s->frame++;
        set_due(s);
    }
}

/* When its next packet may leave. */
static usec_t due_of(const struct cursor *c, const struct cursor_stream *s) {
    if (at_end(s)) {
        return USEC_NEVER;
    }
    if (s->catch_up || s->packet > 0) {
        return 0;
    }
    if (c->state != CURSOR_PLAYING) {
        return USEC_NEVER;
    }
    const int64_t local = local_of(c, s->due_media);
    return local > 0 ? (usec_t)local : 0;
}

/* ---- Control ---- */

static int64_t duration_of(const struct cursor *c) {
    return c->presentation->duration_usec;
}

static size_t count_rungs(const struct presentation *p, enum media_codec codec) {
    size_t count = 0;
    for (size_t i = 0; i < p->rung_count; i++) {
        const struct presentation_rung *r = &p->rungs[i];
        count += r->open && r->kind == MEDIA_VIDEO && r->speed_percent == 100 && r->codec == codec;
    }
    return count;
}

/* The first rung of the codec that has the most of them; of codecs alike the viewer's first. */
static const struct presentation_rung *best_ladder(const struct presentation *p,
                                                   const struct media_line *line) {
    const struct presentation_rung *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < line->payload_count; i++) {
        const enum media_codec codec = line->payloads[i].codec;
        const size_t count = count_rungs(p, codec);
        if (count > most) {
            most = count;
            best = presentation_video(p, codec);
        }
    }
    return best;
}

int cursor_init(struct cursor *c, const struct presentation *p, const struct media_line *video,
                const struct media_line *audio, double start_at, uint64_t seed) {
    memset(c, 0, sizeof *c);
    c->presentation = p;
    c->state = CURSOR_PAUSED;
    c->rate_percent = 100;
    if (video != NULL && video->active) {
        outgoing_stream_init(&c->video.stream, video, seed);
        const struct presentation_rung *r = best_ladder(p, video);
        if (r != NULL) {
            char fmtp[40] = "profile-level-id=";
            memcpy(fmtp + strlen(fmtp), r->profile, sizeof r->profile);
            c->video.rung = &r->rung;
            c->has_video = outgoing_stream_set_codec(&c->video.stream, r->codec, fmtp) == 0;
        }
    }
    if (audio != NULL && audio->active) {
        outgoing_stream_init(&c->audio.stream, audio, seed * 0x9e3779b97f4a7c15u + 1);
        bool any = false;
        for (size_t i = 0; i < p->rung_count; i++) {
            any = any || (p->rungs[i].kind == MEDIA_AUDIO && p->rungs[i].open);
        }
        c->has_audio = any && outgoing_stream_set_codec(&c->audio.stream, CODEC_OPUS, "") == 0;
    }
    if (!c->has_video && !c->has_audio) {
        return -ENOTSUP;
    }
    return cursor_seek(c, start_at, 0) < 0 ? cursor_seek(c, 0, 0) : 0;
}

int cursor_seek(struct cursor *c, double seconds, usec_t now) {
    if (isnan(seconds)) {
        return -EINVAL;
    }
    const double usec = fmin(fmax(seconds * 1e6, 0), FOREVER);
    int64_t media = (int64_t)usec;
    media = media > duration_of(c) ? duration_of(c) : media;
    if (c->state == CURSOR_ENDED) {
        c->state = CURSOR_PLAYING;
    }
    c->video.catch_up_since = now;
    set_clock(c, place_video(c, media), now);
    place_audio(c);
    return 0;
}

void cursor_set_rung(struct cursor *c, const struct rung_file *rung, usec_t now) {
    struct cursor_stream *s = &c->video;
    if (rung == s->rung) {
        s->next = NULL;
        return;
    }
    if (rung == s->next) {
        return;
    }
    s->next = rung;
    if (c->state == CURSOR_PLAYING) {
        const int64_t from = at_end(s) ? duration_of(c) : s->due_media;
        s->next_key = key_from(rung, from - ALIGNED);
    } else if (s->packet == 0) { /* the picture that stands is shown again */
        s->catch_up_since = now;
        place_video(c, media_at(c, now));
    }
}

int cursor_play(struct cursor *c, usec_t now) {
    if (c->state == CURSOR_PLAYING) {
        return 0;
    }
    if (c->state == CURSOR_ENDED) {
        return cursor_seek(c, 0, now);
    }
    c->state = CURSOR_PLAYING;
    set_clock(c, c->media, now);
    c->video.begin = c->audio.begin = true;
    return 0;
}

int cursor_pause(struct cursor *c, usec_t now) {
    if (c->state == CURSOR_PLAYING) {
        set_clock(c, media_at(c, now), now);
        c->state = CURSOR_PAUSED;
    }
    return 0;
}

int cursor_rate(struct cursor *c, double factor, usec_t now) {
    if (isnan(factor)) {
        return -EINVAL;
    }
    const double rate = fmin(fmax(factor, CURSOR_RATE_MIN), CURSOR_RATE_MAX);
    set_clock(c, media_at(c, now), now);
    c->rate_percent = (uint32_t)lround(rate * 100);
    c->video.begin = true;
    if (c->state != CURSOR_ENDED) {
        place_audio(c);
    }
    return 0;
}

void cursor_want_keyframe(struct cursor *c, usec_t now) {
    struct cursor_stream *s = &c->video;
    if (!c->has_video || now < c->keyframe_earliest || s->catch_up) {
        return;
    }
    c->keyframe_earliest = now + KEYFRAME_SPACING;
    const uint32_t shown = s->frame > 0 ? s->frame - 1 : 0;
    go_to(s, rung_file_key_before(s->rung, shown), shown);
    s->catch_up = true;
    s->catch_up_since = now;
}

/* ---- Output ---- */

static usec_t end_of(const struct cursor *c) {
    if (c->state != CURSOR_PLAYING) {
        return USEC_NEVER;
    }
    const int64_t local = local_of(c, duration_of(c));
    return local > 0 ? (usec_t)local : 0;
}

static bool has(const struct cursor *c, enum media_kind kind) {
    return kind == MEDIA_VIDEO ? c->has_video : c->has_audio;
}

static usec_t due_of_kind(const struct cursor *c, enum media_kind kind) {
    if (!has(c, kind)) {
        return USEC_NEVER;
    }
    return due_of(c, kind == MEDIA_VIDEO ? &c->video : &c->audio);
}

usec_t cursor_next_timeout(const struct cursor *c, enum media_kind kind) {
    const usec_t due = due_of_kind(c, kind);
    return kind == MEDIA_VIDEO ? usec_min(due, end_of(c)) : due;
}

int cursor_next(struct cursor *c, enum media_kind kind, usec_t now, struct outgoing *ret) {
    if (due_of_kind(c, kind) <= now) {
        write_next(c, kind == MEDIA_VIDEO ? &c->video : &c->audio, now, ret);
        return 1;
    }
    if (end_of(c) <= now && due_of_kind(c, MEDIA_VIDEO) > now &&
        due_of_kind(c, MEDIA_AUDIO) > now) {
        set_clock(c, duration_of(c), now); /* later frames, if any, lie behind the duration */
        c->state = CURSOR_ENDED;
    }
    return 0;
}

/* ---- Too slow ---- */

uint32_t cursor_drop_late(struct cursor *c, usec_t limit, usec_t now) {
    struct cursor_stream *s = &c->video;
    if (!c->has_video || c->state != CURSOR_PLAYING || at_end(s) || s->packet > 0) {
        return 0;
    }
    if (s->catch_up && now <= s->catch_up_since + CURSOR_CATCH_UP) {
        return 0;
    }
    const int64_t due = local_of(c, s->due_media);
    const int64_t from = due > (int64_t)s->catch_up_since ? due : (int64_t)s->catch_up_since;
    if ((int64_t)now <= from + (int64_t)limit) {
        return 0;
    }
    const uint32_t late = rung_file_find(s->rung, rung_file_ticks(s->rung, media_at(c, now)));
    uint32_t key = late > s->frame ? late : s->frame;
    while (key < s->rung->frame_count && !(key > s->frame && rung_file_frame(s->rung, key).key)) {
        key++;
    }
    const uint32_t left_out = key - s->frame;
    go_to(s, key, key);
    s->catch_up = false;
    return left_out;
}

bool cursor_pad(struct cursor *c, size_t size, struct outgoing *ret) {
    struct cursor_stream *s = &c->video;
    uint64_t index, source;
    const struct stream_range *range;
    if (!c->has_video) {
        return false;
    }
    if (size > 2 * STREAM_PADDING && outgoing_stream_newest(&s->stream, &index, &source, &range) &&
        index >= s->range_floor && source < s->rung->packet_count) {
        struct fragment f;
        fill_fragment(s->rung, rung_file_frame_of(s->rung, (uint32_t)source), (uint32_t)source, &f);
        outgoing_stream_repeat(&s->stream, &f, index, range, ret);
        return true;
    }
    return outgoing_stream_pad(&s->stream, ret);
}

void cursor_position(const struct cursor *c, usec_t now, struct cursor_position *ret) {
    int64_t media = media_at(c, now);
    media = media > duration_of(c) ? duration_of(c) : media;
    *ret = (struct cursor_position){
        .state = c->state,
        .t = (double)media / 1e6,
        .rate = (double)c->rate_percent / 100,
        .duration = (double)duration_of(c) / 1e6,
    };
}

/* ---- RTCP ---- */

static struct cursor_stream *stream_of(struct cursor *c, uint32_t ssrc) {
    if (c->has_video && c->video.stream.line->ssrc == ssrc) {
        return &c->video;
    }
    return c->has_audio && c->audio.stream.line->ssrc == ssrc ? &c->audio : NULL;
}

int cursor_nack(struct cursor *c, uint32_t ssrc, uint16_t sequence, usec_t now) {
    struct cursor_stream *s = stream_of(c, ssrc);
    return s == NULL ? -ENOENT : outgoing_stream_nack(&s->stream, sequence, now);
}

static int next_again(struct cursor_stream *s, struct outgoing *ret) {
    uint64_t index, source;
    const struct stream_range *range;
    while (outgoing_stream_next_nack(&s->stream, &index, &source, &range) > 0) {
        const bool now = index >= s->range_floor;
        const struct rung_file *rung = now ? s->rung : s->former;
        if (rung == NULL || (!now && index < s->former_floor) || source >= rung->packet_count) {
            continue;
        }
        struct fragment f;
        fill_fragment(rung, rung_file_frame_of(rung, (uint32_t)source), (uint32_t)source, &f);
        outgoing_stream_rewrite(&s->stream, &f, index, range, ret);
        return 1;
    }
    return 0;
}

int cursor_next_retransmission(struct cursor *c, struct outgoing *ret) {
    if (c->has_video && next_again(&c->video, ret) > 0) {
        return 1;
    }
    return c->has_audio ? next_again(&c->audio, ret) : 0;
}

bool cursor_receiver_report(struct cursor *c, const struct rtcp_report *report,
                            uint64_t unix_usec) {
    struct cursor_stream *s = stream_of(c, report->ssrc);
    return s != NULL && outgoing_stream_receiver_report(&s->stream, report, unix_usec);
}

int cursor_sender_report(struct cursor *c, enum media_kind kind, uint64_t unix_usec, usec_t now,
                         struct bytes cname, struct room room) {
    struct cursor_stream *s = kind == MEDIA_VIDEO ? &c->video : &c->audio;
    const bool has = kind == MEDIA_VIDEO ? c->has_video : c->has_audio;
    if (!has || s->stream.packets == 0 || !outgoing_stream_report_is_due(&s->stream, now)) {
        return 0;
    }
    const int64_t since = ((int64_t)now - s->live_local) * (int64_t)s->stream.clock_rate / 1000000;
    return outgoing_stream_report(&s->stream, s->live_timestamp + (uint32_t)since, unix_usec, now,
                                  cname, room);
}

struct stream_quality cursor_quality(const struct cursor *c) {
    const struct stream_quality *v = &c->video.stream.quality, *a = &c->audio.stream.quality;
    if (!c->has_video || !v->known) {
        return *a;
    }
    if (!c->has_audio || !a->known || v->dots <= a->dots) {
        return *v;
    }
    return *a;
}
