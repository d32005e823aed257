#include "paced.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

#include <assert.h>
#include <stdlib.h>

#define FRAME_EVERY 33333
#define AUDIO_EVERY MSEC(20)
#define PART_MAX 1150
#define MARK_AT 8 /* in the payload of the picture, after what VP8 needs */
#define NUMBER_ID 3
#define LATE_MAX SEC(1)
#define TRIES_MAX 10
#define SRTP 16
#define SOUND 70000 /* bits a second with headers; 7 % more are those of the picture */

struct mark {
    uint32_t frame;
    uint16_t part, parts;
    uint8_t key;
    usec_t captured;
};

static struct media_line make_line(enum media_kind kind, bool viewer) {
    const bool video = kind == MEDIA_VIDEO;
    struct media_line line = {.active = true, .kind = kind, .payload_count = 1, .mid = "0"};
    line.payloads[0] = (struct media_payload){.type = video ? 96 : 111,
                                              .rtx_type = video ? 97 : 0,
                                              .codec = video ? CODEC_VP8 : CODEC_OPUS,
                                              .nack = video,
                                              .pli = video,
                                              .twcc = true};
    line.ssrc = viewer ? (video ? 1000 : 1001) : 0;
    line.rtx_ssrc = viewer && video ? 2000 : 0;
    line.extension_ids[EXT_MID] = 4;
    line.extension_ids[EXT_TWCC] = viewer ? NUMBER_ID : 0;
    return line;
}

void paced_init(struct paced *p, struct network *down, unsigned flow, usec_t now) {
    memset(p, 0, sizeof *p);
    p->flow = flow;
    p->down = down;
    p->back = down->delay;
    p->rate_min = 150000;
    p->rate_max = 8000000;
    p->pool = packet_pool_new(8192);
    capture_clock_init(&p->clock);
    p->source_line = make_line(MEDIA_VIDEO, false);
    p->line = make_line(MEDIA_VIDEO, true);
    p->audio_line = make_line(MEDIA_AUDIO, true);
    int r = track_init(&p->track, &p->source_line, &p->source_line.payloads[0], &p->clock, 7, now);
    struct media_line sound = make_line(MEDIA_AUDIO, false);
    r |= track_init(&p->audio_track, &sound, &sound.payloads[0], &p->clock, 8, now);
    assert(r == 0 && p->pool != NULL);
    p->next_frame = p->next_audio = now;
    subscription_init(&p->subscription, &p->line, 11 + flow);
    subscription_init(&p->audio, &p->audio_line, 99 + flow);
    congestion_init(&p->congestion, true, &p->counters, now);
    congestion_want(&p->congestion, p->rate_max);
    twcc_receiver_init(&p->twcc, 5);
    p->pli_due = now;
}

void paced_clear(struct paced *p) {
    subscription_stop(&p->subscription);
    subscription_stop(&p->audio);
    track_clear(&p->track);
    track_clear(&p->audio_track);
    packet_pool_free(p->pool);
}

/* ---- The source ---- */

static void give(struct paced *p, struct track *t, enum media_codec codec, struct rtp_header *h,
                 const uint8_t *payload, size_t size, usec_t now) {
    static const uint8_t ids[EXT_COUNT] = {0};
    uint8_t b[1500];
    const int n = rtp_write_header((struct room){b, sizeof b}, h, NULL, 0);
    struct packet *packet;
    memcpy(b + n, payload, size);
    const int r = packet_new(p->pool, codec, bytes_of(b, (size_t)n + size), ids, now, &packet);
    assert(r == 0);
    track_input(t, packet, now);
}

static void encode_picture(struct paced *p, usec_t now) {
    uint8_t payload[PART_MAX] = {0};
    uint64_t rate = p->rate_fixed;
    if (rate == 0) {
        const uint64_t allowed = congestion_rate(&p->congestion);
        rate = allowed == 0 ? 300000 : allowed > 220000 ? (allowed - SOUND) * 93 / 100 : 150000;
        rate = rate > p->rate_max ? p->rate_max : rate < p->rate_min ? p->rate_min : rate;
    }
    const bool key = p->frame == 0 || keyframe_request_output(&p->track.keyframe, now);
    p->frame_credit += (double)rate / 8 * FRAME_EVERY / 1e6;
    double size = p->frame_credit * (0.9 + 0.2 * network_random(p->down));
    size = key ? size * 4 : size;
    size = size < 60 ? 60 : size;
    p->frame_credit -= size;
    const double debt = -(double)rate / 8 / 2; /* a key frame is paid back within half a second */
    p->frame_credit = p->frame_credit < debt ? debt : p->frame_credit;
    const uint16_t parts = (uint16_t)((size + PART_MAX - 1) / PART_MAX);
    const size_t part_size = (size_t)size / parts < 60 ? 60 : (size_t)size / parts;
    p->source_timestamp += 3000;
    for (uint16_t i = 0; i < parts; i++) {
        struct mark m = {.frame = p->frame, .part = i, .parts = parts, .key = key, .captured = now};
        struct rtp_header h = {.payload_type = 96,
                               .marker = i + 1 == parts,
                               .sequence = p->sequence++,
                               .timestamp = p->source_timestamp,
                               .ssrc = 100};
        payload[0] = i == 0 ? 0x10 : 0; /* RFC 7741 §4.2 */
        payload[1] = key ? 0 : 1;
        memcpy(payload + 4, "\x9d\x01\x2a", 3);
        memcpy(payload + MARK_AT, &m, sizeof m);
        give(p, &p->track, CODEC_VP8, &h, payload, part_size, now);
    }
    p->frame++;
}

static void encode_sound(struct paced *p, usec_t now) {
    uint8_t payload[100] = {0x78};
    struct rtp_header h = {.payload_type = 111,
                           .sequence = p->audio_sequence++,
                           .timestamp = p->audio_frame++ * 960,
                           .ssrc = 101};
    memcpy(payload + MARK_AT, &now, sizeof now);
    give(p, &p->audio_track, CODEC_OPUS, &h, payload, sizeof payload, now);
}

/* ---- The server: as media/viewer.c does it ---- */

static void put(struct paced *p, struct outgoing *o, usec_t now) {
    uint8_t b[1500];
    size_t n = 0;
    congestion_number(&p->congestion, o);
    const struct bytes parts[] = {bytes_of(o->header, o->header_size),
                                  bytes_of(o->prefix, o->prefix_size), o->payload, o->tail};
    for (size_t i = 0; i < 4; i++) {
        memcpy(b + n, parts[i].p, parts[i].n);
        n += parts[i].n;
    }
    assert(n == o->size);
    memset(b + n, 0, SRTP);
    congestion_sent(&p->congestion, o, n + SRTP, now);
    network_put(p->down, p->flow, b, n + SRTP, now);
}

static bool next_packet(void *ctx, enum send_class what, usec_t now, struct outgoing *ret) {
    struct paced *p = ctx;
    switch (what) {
    case SEND_AUDIO:
        return subscription_next(&p->audio, now, ret) > 0;
    case SEND_AGAIN:
        return subscription_next_retransmission(&p->subscription, ret) > 0;
    case SEND_VIDEO:
        return subscription_next(&p->subscription, now, ret) > 0;
    case SEND_PADDING:
        return subscription_pad(&p->subscription, p->congestion.probe.bytes_left, ret);
    case SEND_NOTHING:
        break;
    }
    return false;
}

static const struct send_source source = {.next = next_packet};

static void send_round(struct paced *p, usec_t now) {
    struct outgoing o;
    if (p->congestion.waiting) {
        p->dropped += subscription_drop_late(&p->subscription, LATE_MAX, now);
    }
    congestion_begin(&p->congestion);
    while (congestion_next(&p->congestion, &source, p, now, &o)) {
        put(p, &o, now);
    }
}

static void forward_picture(struct paced *p, usec_t now) {
    struct outgoing o;
    if (p->congestion.waiting) {
        return;
    }
    while (congestion_may_send(&p->congestion, now) &&
           subscription_next(&p->subscription, now, &o) > 0) {
        put(p, &o, now);
    }
    if (!congestion_may_send(&p->congestion, now) && subscription_waits(&p->subscription)) {
        congestion_wait(&p->congestion);
    }
}

static void forward_sound(struct paced *p, usec_t now) {
    struct outgoing o;
    while (subscription_next(&p->audio, now, &o) > 0) {
        put(p, &o, now);
    }
}

static void hear(struct paced *p, struct bytes rest, usec_t now) {
    struct rtcp_packet packet;
    while (rtcp_next(&rest, &packet) > 0) {
        struct rtcp_nack_reader r;
        uint16_t sequence;
        if (rtcp_is_pli(&packet)) {
            subscription_want_keyframe(&p->subscription, now);
        } else if (rtcp_nack_reader_init(&r, &packet) == 0) {
            while (rtcp_nack_next(&r, &sequence)) {
                subscription_nack(&p->subscription, sequence, now);
            }
            send_round(p, now);
        } else {
            congestion_rtcp(&p->congestion, &packet, now);
        }
    }
    if (p->congestion.waiting) {
        send_round(p, now);
    }
}

/* ---- The receiver ---- */

static void say(struct paced *p, const uint8_t *b, int n, usec_t now) {
    if (n <= 0 || network_random(p->down) < p->back_loss) {
        return;
    }
    assert(p->up_count < PACED_UP && (size_t)n <= sizeof p->up[0].data);
    const size_t at = (p->up_first + p->up_count++) % PACED_UP;
    p->up[at].at = now + p->back;
    p->up[at].size = (size_t)n;
    memcpy(p->up[at].data, b, (size_t)n);
}

static bool is_whole(const struct paced *p, uint32_t frame) {
    const struct paced_frame *f = &p->frames[frame % PACED_FRAMES];
    return f->parts > 0 && f->arrived == f->parts;
}

static void show(struct paced *p, uint32_t frame, usec_t now) {
    const usec_t gap = p->frames_shown > 0 ? now - p->shown_at : 0;
    if (now > p->freeze_from && gap > p->freeze_worst) {
        p->freeze_worst = gap;
    }
    p->freezes += now > p->freeze_from && gap > MSEC(500);
    p->shown = frame + 1;
    p->shown_at = now;
    p->frames_shown++;
}

/* Shows what is whole: in order, or at a whole key frame. */
static void show_whole(struct paced *p, usec_t now) {
    while (p->frames_shown > 0 && is_whole(p, p->shown)) {
        show(p, p->shown, now);
    }
    if (p->newest_key > p->shown && is_whole(p, p->newest_key - 1)) {
        show(p, p->newest_key - 1, now);
        show_whole(p, now);
    }
}

static void take_picture(struct paced *p, uint16_t sequence, const uint8_t *payload, usec_t now) {
    struct mark m;
    memcpy(&m, payload + MARK_AT, sizeof m);
    if (!p->any) {
        p->any = true;
        p->highest = 0x10000u + sequence;
        p->gap_floor = p->highest--;
    }
    const uint64_t number =
        p->highest + (uint64_t)(int64_t)rtp_sequence_diff(sequence, (uint16_t)p->highest);
    for (uint64_t i = p->highest + 1; i <= number; i++) {
        p->gaps[i % PACED_SEQUENCES].missing = i < number;
        p->gaps[i % PACED_SEQUENCES].since = p->gaps[i % PACED_SEQUENCES].next = now;
        p->gaps[i % PACED_SEQUENCES].tries = 0;
    }
    const bool again = number <= p->highest && !p->gaps[number % PACED_SEQUENCES].missing;
    p->gaps[number % PACED_SEQUENCES].missing = false;
    if (again || number + PACED_SEQUENCES / 2 < p->highest) {
        return;
    }
    p->highest = number > p->highest ? number : p->highest;
    struct paced_frame *f = &p->frames[m.frame % PACED_FRAMES];
    if (f->parts != m.parts || f->key != m.key) {
        *f = (struct paced_frame){.parts = m.parts, .key = m.key};
        p->frames[(m.frame + PACED_FRAMES / 2) % PACED_FRAMES].parts = 0;
    }
    f->arrived++;
    if (m.key && m.frame + 1 > p->newest_key) {
        p->newest_key = m.frame + 1;
    }
    show_whole(p, now);
}

void paced_arrived(struct paced *p, const struct network_packet *packet, usec_t now) {
    struct rtp_header h;
    const int r = rtp_parse(bytes_of(packet->data, packet->size - SRTP), &h);
    assert(r == 0);
    const struct bytes number = rtp_extension_find(&h, NUMBER_ID);
    assert(number.n == 2);
    twcc_receiver_input(&p->twcc, read_be16(number.p), h.ssrc, now);
    if (h.payload_type == 111) {
        usec_t captured;
        memcpy(&captured, h.payload.p + MARK_AT, sizeof captured);
        const usec_t took = now - captured;
        p->audio_delay_worst = took > p->audio_delay_worst ? took : p->audio_delay_worst;
        p->audio_received++;
    } else if (h.payload_type == 97 && h.payload.n > 2) {
        take_picture(p, read_be16(h.payload.p), h.payload.p + 2, now);
    } else if (h.payload_type == 96) {
        p->media_bytes += packet->size;
        take_picture(p, h.sequence, h.payload.p, now);
    }
}

static void ask_again(struct paced *p, usec_t now) {
    uint16_t numbers[64];
    size_t count = 0;
    bool hopeless = false;
    for (uint64_t i = p->gap_floor; p->any && i <= p->highest && count < 64; i++) {
        if (!p->gaps[i % PACED_SEQUENCES].missing) {
            p->gap_floor += i == p->gap_floor;
            continue;
        }
        if (p->gaps[i % PACED_SEQUENCES].tries >= TRIES_MAX) {
            p->gaps[i % PACED_SEQUENCES].missing = false;
            hopeless = true;
        } else if (now >= p->gaps[i % PACED_SEQUENCES].next) {
            p->gaps[i % PACED_SEQUENCES].next = now + 2 * p->back + MSEC(20);
            p->gaps[i % PACED_SEQUENCES].tries++;
            numbers[count++] = (uint16_t)i;
        }
    }
    uint8_t b[600];
    if (count > 0) {
        p->nacks++;
        say(p, b, rtcp_write_nack((struct room){b, sizeof b}, 5, 1000, numbers, count, NULL), now);
    }
    if ((hopeless || (p->any && now > p->shown_at + MSEC(700))) && now >= p->pli_due) {
        p->pli_due = now + SEC(1);
        p->plis++;
        say(p, b, rtcp_write_pli((struct room){b, sizeof b}, 5, 1000), now);
    }
}

void paced_run(struct paced *p, usec_t now) {
    uint8_t b[1300];
    int n;
    if (now >= p->next_audio) {
        p->next_audio += AUDIO_EVERY;
        encode_sound(p, now);
        forward_sound(p, now);
    }
    if (now >= p->next_frame) {
        p->next_frame += FRAME_EVERY;
        encode_picture(p, now);
        if (p->subscription.track == NULL) {
            subscription_switch(&p->audio, &p->audio_track, now);
            subscription_switch(&p->subscription, &p->track, now);
        }
        forward_picture(p, now);
    }
    while (p->up_count > 0 && p->up[p->up_first].at <= now) {
        hear(p, bytes_of(p->up[p->up_first].data, p->up[p->up_first].size), now);
        p->up_first = (p->up_first + 1) % PACED_UP;
        p->up_count--;
    }
    if (congestion_next_timeout(&p->congestion) <= now) {
        congestion_timeout(&p->congestion, now);
        send_round(p, now);
    }
    ask_again(p, now);
    while ((n = twcc_receiver_output(&p->twcc, now, (struct room){b, sizeof b})) > 0) {
        say(p, b, n, now);
    }
}

void paced_world(struct network *n, struct paced *const *flows, size_t count, struct tcp_flow *tcp,
                 usec_t now) {
    const struct network_packet *packet;
    for (size_t i = 0; i < count; i++) {
        paced_run(flows[i], now);
    }
    if (tcp != NULL) {
        tcp_flow_run(tcp, n, now);
    }
    network_run(n, now);
    while ((packet = network_take(n, now)) != NULL) {
        if (tcp != NULL && packet->flow == tcp->flow) {
            tcp_flow_arrived(tcp, packet, now);
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            if (flows[i]->flow == packet->flow) {
                paced_arrived(flows[i], packet, now);
            }
        }
    }
}

void paced_until(struct network *n, struct paced *const *flows, size_t count, struct tcp_flow *tcp,
                 usec_t *now, usec_t until) {
    for (; *now < until; *now += NETWORK_TICK) {
        paced_world(n, flows, count, tcp, *now);
    }
}
