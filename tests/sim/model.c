#include "model.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"
#include <assert.h>
#include <stdlib.h>

#define UNIX_BASE 1700000000000000u /* the server's wall clock at time 0 */
#define LINK_MAX 4096
#define MARK_AT 16 /* offset in the payload; before it stands what the codec needs */
#define HISTORY 1024

/* ---- Links ---- */

void link_init(struct link *l, usec_t delay, usec_t jitter, double loss, uint64_t seed) {
    *l = (struct link){.delay = delay, .jitter = jitter, .loss = loss, .seed = seed | 1};
    l->letters = calloc(LINK_MAX, sizeof *l->letters);
    assert(l->letters != NULL);
}

void link_clear(struct link *l) {
    free(l->letters);
    l->letters = NULL;
}

double link_random(struct link *l) { /* xorshift64* */
    l->seed ^= l->seed >> 12;
    l->seed ^= l->seed << 25;
    l->seed ^= l->seed >> 27;
    return (double)((l->seed * 0x2545f4914f6cdd1du) >> 11) / (double)(1ull << 53);
}

void link_put(struct link *l, const uint8_t *p, size_t n, usec_t now) {
    const bool is_report = rtp_is_rtcp(bytes_of(p, n));
    const usec_t at = now + l->delay + (usec_t)(link_random(l) * (double)l->jitter);
    if (!is_report && link_random(l) < l->loss) {
        return;
    }
    assert(l->count < LINK_MAX && n <= sizeof l->letters[0].data);
    struct letter *letter = &l->letters[l->count++];
    letter->at = at;
    letter->size = n;
    memcpy(letter->data, p, n);
}

size_t link_take(struct link *l, usec_t now, uint8_t ret[static 1500]) {
    size_t first = l->count;
    for (size_t i = 0; i < l->count; i++) {
        if (l->letters[i].at <= now &&
            (first == l->count || l->letters[i].at < l->letters[first].at)) {
            first = i;
        }
    }
    if (first == l->count) {
        return 0;
    }
    const size_t n = l->letters[first].size;
    memcpy(ret, l->letters[first].data, n);
    memmove(&l->letters[first], &l->letters[first + 1],
            (l->count - first - 1) * sizeof l->letters[0]);
    l->count--;
    return n;
}

/* ---- The publisher ---- */

static struct media_line make_line(int stream, bool viewer, bool rtx) {
    struct media_line line = {.active = true, .payload_count = 1};
    line.kind = stream == MODEL_VIDEO ? MEDIA_VIDEO : MEDIA_AUDIO;
    line.mid[0] = stream == MODEL_VIDEO ? '1' : '0';
    line.payloads[0] = (struct media_payload){
        .type = stream == MODEL_VIDEO ? 96 : 111,
        .rtx_type = stream == MODEL_VIDEO && rtx ? 97 : 0,
        .codec = stream == MODEL_VIDEO ? CODEC_VP8 : CODEC_OPUS,
        .nack = stream == MODEL_VIDEO,
        .pli = stream == MODEL_VIDEO,
    };
    line.ssrc = viewer ? 1000 + (uint32_t)stream : 0;
    line.rtx_ssrc = viewer && rtx && stream == MODEL_VIDEO ? 2001 : 0;
    line.extension_ids[EXT_MID] = viewer ? 4 : 0;
    return line;
}

void publisher_init(struct publisher *p, uint32_t id, double loss, uint64_t seed, usec_t now) {
    memset(p, 0, sizeof *p);
    p->id = id;
    p->ntp_offset = 1000000000000u * id + 12345678u * id;
    p->encoding[MODEL_VIDEO] = MSEC(45);
    p->encoding[MODEL_AUDIO] = MSEC(8);
    link_init(&p->up, MSEC(20 + 7 * id), MSEC(4), loss, seed);
    link_init(&p->down, MSEC(20 + 7 * id), MSEC(4), loss, seed + 1);
    p->pool = packet_pool_new(8192);
    assert(p->pool != NULL);
    capture_clock_init(&p->clock);
    p->sequence[MODEL_VIDEO] = (uint16_t)(65000 + id * 111);
    p->sequence[MODEL_AUDIO] = (uint16_t)(id * 77);
    p->rtp_offset[MODEL_VIDEO] = 0xfffff000u + id;
    p->rtp_offset[MODEL_AUDIO] = 0x12340000u * id;
    p->picture_id = (uint16_t)(0x7ff0 + id);
    p->key_wanted = true;
    p->next_report = now + MSEC(300);
    p->history = calloc(HISTORY, sizeof *p->history);
    assert(p->history != NULL);
    for (int i = 0; i < MODEL_STREAMS; i++) {
        p->lines[i] = make_line(i, false, true);
        p->next_frame[i] = now;
        const int r =
            track_init(&p->tracks[i], &p->lines[i], &p->lines[i].payloads[0], &p->clock, 7, now);
        assert(r == 0);
    }
}

void publisher_clear(struct publisher *p) {
    for (int i = 0; i < MODEL_STREAMS; i++) {
        track_clear(&p->tracks[i]);
    }
    packet_pool_free(p->pool);
    link_clear(&p->up);
    link_clear(&p->down);
    free(p->history);
}

static uint32_t ssrc_of(const struct publisher *p, int stream) {
    return p->id * 100 + (uint32_t)stream;
}

static uint32_t rtp_time(const struct publisher *p, int stream, usec_t captured) {
    const uint64_t rate = stream == MODEL_VIDEO ? 90000 : 48000;
    return p->rtp_offset[stream] + (uint32_t)(captured * rate / 1000000);
}

static void send_fragment(struct publisher *p, int stream, bool key, struct model_mark mark,
                          size_t size, usec_t now) {
    uint8_t b[1500] = {0};
    const bool last = mark.fragment + 1 == mark.fragments;
    const struct rtp_header h = {.payload_type = stream == MODEL_VIDEO ? 96 : 111,
                                 .marker = stream == MODEL_VIDEO && last,
                                 .sequence = p->sequence[stream]++,
                                 .timestamp = rtp_time(p, stream, mark.captured),
                                 .ssrc = ssrc_of(p, stream)};
    const int n = rtp_write_header((struct room){b, sizeof b}, &h, NULL, 0);
    uint8_t *payload = b + n;
    if (stream == MODEL_VIDEO) { /* X=1, S on the first; I, 15 bits; then the frame header */
        payload[0] = (uint8_t)(0x80 | (mark.fragment == 0 ? 0x10 : 0));
        payload[1] = 0x80;
        write_be16(payload + 2, (uint16_t)(0x8000 | (p->picture_id & 0x7fff)));
        payload[4] = key ? 0 : 1;
        memcpy(payload + 7, "\x9d\x01\x2a", 3);
    } else {
        payload[0] = 0x78;
    }
    memcpy(payload + MARK_AT, &mark, sizeof mark);
    const size_t total = (size_t)n + size;
    if (stream == MODEL_VIDEO) {
        struct letter *kept = &p->history[h.sequence % HISTORY];
        kept->size = total;
        memcpy(kept->data, b, total);
    }
    link_put(&p->up, b, total, now);
}

static void send_frame(struct publisher *p, int stream, usec_t now) {
    const bool key = stream == MODEL_VIDEO && p->key_wanted;
    const uint16_t fragments =
        stream == MODEL_AUDIO ? 1 : (uint16_t)(key ? 25 : 3 + p->frame[stream] % 4);
    for (uint16_t i = 0; i < fragments; i++) {
        const struct model_mark mark = {.source = p->id,
                                        .frame = p->frame[stream],
                                        .fragment = i,
                                        .fragments = fragments,
                                        .captured = now - p->encoding[stream]};
        send_fragment(p, stream, key, mark, stream == MODEL_AUDIO ? 100 : 1000u + i % 2, now);
    }
    p->frame[stream]++;
    if (stream == MODEL_VIDEO) {
        p->picture_id++;
        p->key_wanted = false;
    }
}

static void send_report(struct publisher *p, int stream, usec_t now) {
    uint8_t b[128];
    const struct rtcp_sender_report sr = {
        .ssrc = ssrc_of(p, stream),
        .ntp = clock_ntp_of_unix(UNIX_BASE + p->ntp_offset + now),
        .rtp = rtp_time(p, stream, now),
    };
    const int n = rtcp_write_sr((struct room){b, sizeof b}, &sr, NULL, 0);
    assert(n > 0);
    link_put(&p->up, b, (size_t)n, now);
}

/* RFC 4588: what a publisher answers a NACK with. */
static void send_again(struct publisher *p, uint16_t sequence, usec_t now) {
    const struct letter *kept = &p->history[sequence % HISTORY];
    if (kept->size == 0 || read_be16(kept->data + 2) != sequence) {
        return;
    }
    uint8_t b[1500];
    memcpy(b, kept->data, 12);
    b[1] = (uint8_t)((b[1] & 0x80) | 97);
    write_be16(b + 2, p->rtx_sequence++);
    write_be32(b + 8, ssrc_of(p, MODEL_VIDEO) + 50);
    write_be16(b + 12, sequence);
    memcpy(b + 14, kept->data + 12, kept->size - 12);
    link_put(&p->up, b, kept->size + 2, now);
}

static void hear(struct publisher *p, struct bytes rest, usec_t now) {
    struct rtcp_packet packet;
    while (rtcp_next(&rest, &packet) > 0) {
        struct rtcp_nack_reader r;
        uint16_t sequence;
        if (rtcp_is_pli(&packet)) {
            p->key_wanted = true;
            p->plis++;
        } else if (rtcp_nack_reader_init(&r, &packet) == 0) {
            while (rtcp_nack_next(&r, &sequence)) {
                send_again(p, sequence, now);
            }
        }
    }
}

static void feed(struct publisher *p, struct bytes b, usec_t now) {
    if (rtp_is_rtcp(b)) {
        struct rtcp_packet packet;
        struct rtcp_sender_report sr;
        while (rtcp_next(&b, &packet) > 0) {
            if (rtcp_parse_sr(&packet, &sr) == 0) {
                const int stream = sr.ssrc == ssrc_of(p, MODEL_VIDEO) ? MODEL_VIDEO : MODEL_AUDIO;
                track_sender_report(&p->tracks[stream], sr.ntp, sr.rtp, now);
            }
        }
        return;
    }
    const uint8_t type = b.p[1] & 0x7f;
    const int stream = type == 111 ? MODEL_AUDIO : MODEL_VIDEO;
    const uint8_t *ids = p->lines[stream].extension_ids;
    struct packet *packet;
    const int r =
        type == 97 ? packet_new_from_rtx(p->pool, CODEC_VP8, b, ssrc_of(p, MODEL_VIDEO), 96, ids,
                                         now, &packet)
                   : packet_new(p->pool, p->lines[stream].payloads[0].codec, b, ids, now, &packet);
    assert(r == 0);
    track_input(&p->tracks[stream], packet, now);
}

void publisher_run(struct publisher *p, usec_t now) {
    const usec_t interval[MODEL_STREAMS] = {[MODEL_AUDIO] = MSEC(20), [MODEL_VIDEO] = 33333};
    for (int i = 0; i < MODEL_STREAMS; i++) {
        if (now >= p->next_frame[i]) {
            send_frame(p, i, now);
            p->next_frame[i] += interval[i];
        }
    }
    if (now >= p->next_report) {
        send_report(p, MODEL_VIDEO, now);
        send_report(p, MODEL_AUDIO, now);
        p->next_report += SEC(1);
    }
    uint8_t b[1500];
    size_t n;
    while ((n = link_take(&p->down, now, b)) > 0) {
        hear(p, bytes_of(b, n), now);
    }
    while ((n = link_take(&p->up, now, b)) > 0) {
        feed(p, bytes_of(b, n), now);
    }
    for (int i = 0; i < MODEL_STREAMS; i++) {
        if (track_next_timeout(&p->tracks[i]) <= now) {
            track_advance(&p->tracks[i], now);
        }
        int size;
        while ((size = track_output_rtcp(&p->tracks[i], now, (struct room){b, sizeof b})) > 0) {
            link_put(&p->down, b, (size_t)size, now);
        }
    }
}

/* ---- The viewer ---- */

void viewer_init(struct viewer *v, bool rtx, double loss, uint64_t seed) {
    memset(v, 0, sizeof *v);
    v->rtx = rtx;
    link_init(&v->down, MSEC(30), MSEC(3), loss, seed);
    link_init(&v->up, MSEC(30), MSEC(3), loss, seed + 1);
    for (int i = 0; i < MODEL_STREAMS; i++) {
        struct viewer_stream *s = &v->streams[i];
        s->line = make_line(i, true, rtx);
        s->log = calloc(MODEL_LOG, sizeof *s->log);
        assert(s->log != NULL);
        subscription_init(&s->subscription, &s->line, seed * 0x9e3779b97f4a7c15u + (uint64_t)i);
        s->first = s->next_sent = s->subscription.stream.next;
    }
}

void viewer_clear(struct viewer *v) {
    for (int i = 0; i < MODEL_STREAMS; i++) {
        free(v->streams[i].log);
    }
    link_clear(&v->down);
    link_clear(&v->up);
}

void viewer_switch(struct viewer *v, struct publisher *p, usec_t now) {
    v->switched_at = now;
    for (int i = 0; i < MODEL_STREAMS; i++) {
        const int r = subscription_switch(&v->streams[i].subscription, &p->tracks[i], now);
        assert(r == 0);
    }
}

void viewer_want_rung(struct viewer *v, struct publisher *p, usec_t now) {
    v->next_rung = p;
    track_want_keyframe(&p->tracks[MODEL_VIDEO], now);
}

static void follow_rung(struct viewer *v, usec_t now) {
    struct subscription *s = &v->streams[MODEL_VIDEO].subscription;
    if (v->next_rung != NULL && v->next_rung->tracks[MODEL_VIDEO].key_arrival + MSEC(300) > now &&
        subscription_change_rung(s, &v->next_rung->tracks[MODEL_VIDEO], now) == 0) {
        v->next_rung = NULL;
        v->rung_changes++;
        v->switched_at = now; /* what it shows again is caught up */
    }
}

static size_t put_together(const struct outgoing *o, uint8_t b[static 1500]) {
    size_t n = 0;
    memcpy(b, o->header, o->header_size);
    n += o->header_size;
    memcpy(b + n, o->prefix, o->prefix_size);
    n += o->prefix_size;
    memcpy(b + n, o->payload.p, o->payload.n);
    n += o->payload.n;
    memcpy(b + n, o->tail.p, o->tail.n);
    n += o->tail.n;
    assert(n == o->size);
    return n;
}

/* What the sender promises about its numbers, seen before any loss. */
static void check_sent(struct viewer_stream *s, const struct outgoing *o, usec_t now) {
    const uint32_t timestamp = read_be32(o->header + 4);
    s->sent_sequence_breaks += o->index != s->next_sent;
    s->sent_time_breaks += s->any && (int32_t)(timestamp - s->last_timestamp) < 0;
    s->any = true;
    s->next_sent = o->index + 1;
    s->last_timestamp = timestamp;
    assert(o->index - s->first < MODEL_LOG);
    s->log[o->index - s->first].first_sent = now;
}

static void drain(struct viewer *v, struct viewer_stream *s, usec_t now) {
    struct outgoing o;
    uint8_t b[1500];
    while (subscription_next(&s->subscription, now, &o) > 0) {
        check_sent(s, &o, now);
        link_put(&v->down, b, put_together(&o, b), now);
    }
    while (subscription_next_retransmission(&s->subscription, &o) > 0) {
        link_put(&v->down, b, put_together(&o, b), now);
    }
    const int n = subscription_sender_report(&s->subscription, UNIX_BASE + now, now,
                                             bytes_of_text("sim"), (struct room){b, sizeof b});
    assert(n >= 0);
    if (n > 0) {
        link_put(&v->down, b, (size_t)n, now);
    }
}

static uint32_t digest_of(const uint8_t *p, size_t n) { /* FNV-1a */
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ p[i]) * 16777619u;
    }
    return h;
}

/* Playout time minus capture time by the newest report; both streams must have the same. */
static void check_skew(struct viewer *v, int stream, const struct received *r, usec_t now) {
    const struct viewer_stream *s = &v->streams[stream];
    if (!s->reported) {
        return;
    }
    const int64_t rate = stream == MODEL_VIDEO ? 90000 : 48000;
    const int64_t ntp_usec = (int64_t)((s->report_ntp >> 32) * 1000000u +
                                       (((s->report_ntp & 0xffffffffu) * 1000000u) >> 32));
    const int64_t playout =
        ntp_usec + (int64_t)(int32_t)(r->timestamp - s->report_rtp) * 1000000 / rate;
    v->offset[stream] = playout - (int64_t)r->mark.captured;
    v->offset_at[stream] = now;
    const int other = stream == MODEL_VIDEO ? MODEL_AUDIO : MODEL_VIDEO;
    if (v->offset_at[other] + MSEC(200) < now) {
        return;
    }
    int64_t skew = v->offset[stream] - v->offset[other];
    skew = skew < 0 ? -skew : skew;
    v->skew_worst = skew > v->skew_worst ? skew : v->skew_worst;
    v->skew_samples++;
}

static void receive(struct viewer *v, uint8_t *b, size_t n, usec_t now) {
    struct rtp_header h;
    int r = rtp_parse(bytes_of(b, n), &h);
    assert(r == 0);
    const int stream = h.payload_type == 111 ? MODEL_AUDIO : MODEL_VIDEO;
    struct viewer_stream *s = &v->streams[stream];
    uint16_t sequence = h.sequence;
    struct bytes payload = h.payload;
    const bool again = h.payload_type == 97;
    if (again) {
        assert(h.ssrc == 2001);
        sequence = read_be16(payload.p);
        payload = bytes_from(payload, 2);
    } else {
        assert(h.ssrc == s->line.ssrc);
    }
    const uint64_t base = s->highest != 0 ? s->highest : s->first;
    const uint64_t index = base + (uint64_t)(int64_t)rtp_sequence_diff(sequence, (uint16_t)base);
    assert(index >= s->first && index - s->first < MODEL_LOG);
    struct received *entry = &s->log[index - s->first];
    const uint32_t digest = again ? 0 : digest_of(b, n);
    if (entry->here) {
        s->different_repeats += digest != 0 && entry->digest != 0 && digest != entry->digest;
        return;
    }
    if (s->first_arrival == 0) {
        s->first_arrival = now;
    }
    entry->here = true;
    entry->digest = digest;
    entry->timestamp = h.timestamp;
    entry->marker = h.marker;
    memcpy(&entry->mark, payload.p + MARK_AT, sizeof entry->mark);
    if (stream == MODEL_VIDEO) {
        entry->picture_id = read_be16(payload.p + 2) & 0x7fff;
        entry->key = (payload.p[0] & 0x10) != 0 && (payload.p[4] & 1) == 0;
    }
    s->highest = index > s->highest ? index : s->highest;
    if (entry->mark.captured > v->switched_at) { /* not one of those that are caught up */
        check_skew(v, stream, entry, now);
    }
}

static void receive_report(struct viewer *v, struct bytes rest) {
    struct rtcp_packet packet;
    struct rtcp_sender_report sr;
    while (rtcp_next(&rest, &packet) > 0) {
        if (rtcp_parse_sr(&packet, &sr) == 0) {
            struct viewer_stream *s = &v->streams[sr.ssrc == 1000 ? MODEL_AUDIO : MODEL_VIDEO];
            s->reported = true;
            s->report_ntp = sr.ntp;
            s->report_rtp = sr.rtp;
        }
    }
}

static void ask(struct viewer *v, struct viewer_stream *s, usec_t now) {
    uint16_t missing[64];
    size_t n = 0;
    const uint64_t from = s->highest > s->first + 400 ? s->highest - 400 : s->first;
    for (uint64_t i = from; s->highest != 0 && i < s->highest && n < 64; i++) {
        if (!s->log[i - s->first].here) {
            missing[n++] = (uint16_t)i;
        }
    }
    uint8_t b[1500];
    if (n > 0) {
        const int size =
            rtcp_write_nack((struct room){b, sizeof b}, 1, s->line.ssrc, missing, n, NULL);
        assert(size > 0);
        link_put(&v->up, b, (size_t)size, now);
    }
    s->next_nack = now + MSEC(70);
}

static void hear_viewer(struct viewer *v, struct bytes rest, usec_t now) {
    struct rtcp_packet packet;
    struct rtcp_nack_reader r;
    uint32_t sender, media;
    uint16_t sequence;
    while (rtcp_next(&rest, &packet) > 0) {
        if (rtcp_nack_reader_init(&r, &packet) == 0 &&
            rtcp_parse_feedback(&packet, &sender, &media) == 0) {
            struct viewer_stream *s = &v->streams[media == 1000 ? MODEL_AUDIO : MODEL_VIDEO];
            while (rtcp_nack_next(&r, &sequence)) {
                subscription_nack(&s->subscription, sequence, now);
            }
        }
    }
}

void viewer_run(struct viewer *v, usec_t now) {
    uint8_t b[1500];
    size_t n;
    while ((n = link_take(&v->up, now, b)) > 0) {
        hear_viewer(v, bytes_of(b, n), now);
    }
    for (int i = 0; i < MODEL_STREAMS; i++) {
        drain(v, &v->streams[i], now);
    }
    follow_rung(v, now);
    drain(v, &v->streams[MODEL_VIDEO], now);
    while ((n = link_take(&v->down, now, b)) > 0) {
        if (rtp_is_rtcp(bytes_of(b, n))) {
            receive_report(v, bytes_of(b, n));
        } else {
            receive(v, b, n, now);
        }
    }
    for (int i = 0; i < MODEL_STREAMS; i++) {
        if (now >= v->streams[i].next_nack) {
            ask(v, &v->streams[i], now);
        }
    }
}

uint64_t viewer_missing(const struct viewer_stream *s, uint64_t before) {
    uint64_t missing = 0;
    for (uint64_t i = s->first; i < s->next_sent && i - s->first < MODEL_LOG; i++) {
        const struct received *r = &s->log[i - s->first];
        missing += !r->here && r->first_sent < before;
    }
    return missing;
}

void viewer_frames(const struct viewer_stream *s, uint32_t source, uint64_t *ret_frames,
                   uint64_t *ret_gaps) {
    uint64_t frames = 0, gaps = 0;
    uint32_t parts = 0, last = 0;
    for (uint64_t i = 0; i < s->next_sent - s->first; i++) {
        const struct received *r = &s->log[i];
        if (!r->here || r->mark.source != source) {
            parts = 0;
            continue;
        }
        parts = r->mark.fragment == 0 ? 1 : parts + 1;
        if (parts == r->mark.fragments && r->mark.fragment + 1 == r->mark.fragments) {
            gaps += frames > 0 && r->mark.frame != last + 1;
            last = r->mark.frame;
            frames++;
        }
    }
    *ret_frames = frames;
    *ret_gaps = gaps;
}
