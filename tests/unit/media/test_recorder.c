/* The recorder's tap over a real socket: what is read on its other side. Publishers without
 * sessions; their packets are made here. */
#include <setjmp.h>
#include <stdarg.h>

#include "media/media_room.h"
#include "media/publisher.h"
#include "media/recorder.h"
#include "media/shard_state.h"
#include "routing/subscription.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM 9
#define VP8 96
#define H264 97
#define OPUS 111
#define RECORDS_MAX 4096

/* Takes the place of the shard's. */
void shard_event(struct shard_state *s, const struct media_event *event) {
    (void)s;
    (void)event;
}

static unsigned plis;

static void take_rtcp(void *ctx, struct bytes compound) {
    struct rtcp_packet packet;
    (void)ctx;
    while (rtcp_next(&compound, &packet) > 0) {
        plis += packet.type == RTCP_PSFB && rtcp_is_pli(&packet);
    }
}

static void ignore_schedule(void *ctx, usec_t now) {
    (void)ctx;
    (void)now;
}

static const struct publisher_carrier carrier = {.send_rtcp = take_rtcp,
                                                 .schedule = ignore_schedule};

static const struct media_line lines[] = {
    {.mid = "0",
     .kind = MEDIA_VIDEO,
     .active = true,
     .payload_count = 2,
     .payloads = {{.type = VP8, .codec = CODEC_VP8, .pli = true},
                  {.type = H264, .codec = CODEC_H264, .pli = true}},
     .extension_ids = {[EXT_MID] = 1}},
    {.mid = "1",
     .kind = MEDIA_AUDIO,
     .active = true,
     .payload_count = 1,
     .payloads = {{.type = OPUS, .codec = CODEC_OPUS}},
     .extension_ids = {[EXT_MID] = 1}},
};

struct record {
    uint32_t size, epoch, clock_rate;
    uint8_t kind, codec;
    uint16_t flags;
    uint64_t source;
    int64_t capture, arrival;
    struct rtp_header rtp;
    uint8_t payload[64]; /* its first bytes */
};

struct scene {
    struct shard_state state;
    struct publisher *publisher;
    int reader; /* the other side of the recorder's socket */
    usec_t now;
    size_t count;
    struct record records[RECORDS_MAX];
};

static void record_to_new_socket(struct scene *s, int buffer) {
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    recorder_open(&s->state, ROOM, fds[0], s->now);
    if (buffer > 0) {
        setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    }
    if (s->reader >= 0) {
        close(s->reader);
    }
    s->reader = fds[1];
}

static void list(struct scene *s, size_t count, media_id first, media_id second) {
    const struct media_recorded all = {.count = count, .sources = {first, second}};
    recorder_set_sources(&s->state, ROOM, &all, s->now);
}

static struct scene *enter(void) {
    struct scene *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    rooms_init(&s->state.rooms);
    s->state.packets = packet_pool_new(4096);
    s->reader = -1;
    s->now = SEC(100);
    s->publisher = publisher_new(&s->state, 3, 0, ROOM, lines, 2, &carrier, NULL);
    assert_non_null(s->publisher);
    plis = 0;
    return s;
}

static void leave(struct scene *s) {
    publisher_free(s->publisher);
    rooms_clear(&s->state.rooms);
    packet_pool_free(s->state.packets);
    if (s->reader >= 0) {
        close(s->reader);
    }
    free(s);
}

/* ---- Packets ---- */

struct piece {
    uint8_t type;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    bool marker, key;
    size_t size, padding;
};

static void give(struct scene *s, struct publisher *p, const struct piece *piece) {
    uint8_t b[1400] = {0};
    const struct rtp_extension_value extension = {
        .id = 1, .value = bytes_of_text(piece->type == OPUS ? "1" : "0")};
    const struct rtp_header h = {.payload_type = piece->type,
                                 .marker = piece->marker,
                                 .sequence = piece->sequence,
                                 .timestamp = piece->timestamp,
                                 .padding_size = (uint8_t)piece->padding,
                                 .ssrc = piece->ssrc};
    int n = rtp_write_header((struct room){b, sizeof(b)}, &h, &extension, 1);
    assert_true(n > 0);
    uint8_t *payload = b + n;
    for (size_t i = 0; i < piece->size; i++) {
        payload[i] = (uint8_t)(piece->sequence + i);
    }
    if (piece->type == VP8) {
        payload[0] = 0x10;
        payload[1] = piece->key ? 0 : 1;
    } else if (piece->type == H264) {
        payload[0] = piece->key ? 5 : 1;
        payload[1] = 0x80;
    }
    if (piece->padding > 0) {
        payload[piece->size + piece->padding - 1] = (uint8_t)piece->padding;
    }
    publisher_rtp(p, bytes_of(b, (size_t)n + piece->size + piece->padding), s->now);
}

/* A frame of one packet. */
static void video(struct scene *s, uint16_t sequence, bool key) {
    give(s, s->publisher,
         &(struct piece){.type = VP8,
                         .sequence = sequence,
                         .timestamp = sequence * 3000u,
                         .ssrc = 7,
                         .marker = true,
                         .key = key,
                         .size = 100});
}

static void audio(struct scene *s, uint16_t sequence) {
    give(s, s->publisher,
         &(struct piece){.type = OPUS,
                         .sequence = sequence,
                         .timestamp = sequence * 960u,
                         .ssrc = 8,
                         .size = 60});
}

static void report(struct scene *s, uint32_t ssrc, uint32_t rtp) {
    uint8_t b[64];
    const struct rtcp_sender_report sr = {
        .ssrc = ssrc, .ntp = (s->now / 1000000 + 5000) << 32, .rtp = rtp};
    int n = rtcp_write_sr((struct room){b, sizeof(b)}, &sr, NULL, 0);
    publisher_rtcp(s->publisher, bytes_of(b, (size_t)n), s->now);
}

/* ---- The other side ---- */

static uint64_t read_le(const uint8_t *p, unsigned bytes) {
    uint64_t v = 0;
    for (unsigned i = bytes; i-- > 0;) {
        v = v << 8 | p[i];
    }
    return v;
}

static void parse(struct scene *s, const uint8_t *p, size_t n) {
    while (n > 0) {
        struct record *r = &s->records[s->count++];
        assert_true(s->count < RECORDS_MAX);
        assert_true(n >= MEDIA_RECORD_HEADER + RTP_HEADER_MIN);
        *r = (struct record){.size = (uint32_t)read_le(p, 4),
                             .kind = p[4],
                             .codec = p[5],
                             .flags = (uint16_t)read_le(p + 6, 2),
                             .source = read_le(p + 8, 8),
                             .epoch = (uint32_t)read_le(p + 16, 4),
                             .clock_rate = (uint32_t)read_le(p + 20, 4),
                             .capture = (int64_t)read_le(p + 24, 8),
                             .arrival = (int64_t)read_le(p + 32, 8)};
        assert_true(n >= MEDIA_RECORD_HEADER + r->size);
        assert_int_equal(rtp_parse(bytes_of(p + MEDIA_RECORD_HEADER, r->size), &r->rtp), 0);
        memcpy(r->payload, r->rtp.payload.p,
               r->rtp.payload.n < sizeof(r->payload) ? r->rtp.payload.n : sizeof(r->payload));
        p += MEDIA_RECORD_HEADER + r->size;
        n -= MEDIA_RECORD_HEADER + r->size;
    }
}

/* Ends a round of the thread and reads all that came. */
static void collect(struct scene *s) {
    static uint8_t message[MEDIA_RECORD_MESSAGE_MAX + 1];
    recorders_flush(&s->state, s->now);
    for (;;) {
        ssize_t n = recv(s->reader, message, sizeof(message), MSG_DONTWAIT);
        if (n <= 0) {
            break;
        }
        assert_true((size_t)n <= MEDIA_RECORD_MESSAGE_MAX);
        parse(s, message, (size_t)n);
    }
}

/* ---- Tests ---- */

static void records_carry_what_the_header_promises(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    const struct piece pieces[] = {
        {VP8, 10, 90000, 7, false, true, 200, 12}, /* a key frame of two packets, padded */
        {VP8, 11, 90000, 7, true, false, 30, 0},
        {VP8, 12, 93000, 7, true, false, 50, 0},
    };
    for (size_t i = 0; i < 3; i++) {
        give(s, s->publisher, &pieces[i]);
        s->now += MSEC(1);
    }
    audio(s, 500);
    collect(s);
    assert_int_equal(s->count, 4);
    const unsigned flags[] = {MEDIA_RECORD_KEY, MEDIA_RECORD_END, MEDIA_RECORD_END,
                              MEDIA_RECORD_END};
    for (size_t i = 0; i < 3; i++) {
        const struct record *r = &s->records[i];
        assert_int_equal(r->kind, MEDIA_VIDEO);
        assert_int_equal(r->codec, CODEC_VP8);
        assert_int_equal(r->flags, flags[i]);
        assert_int_equal(r->source, 3);
        assert_int_equal(r->epoch, 0);
        assert_int_equal(r->clock_rate, 90000);
        assert_int_equal(r->arrival, SEC(100) + i * MSEC(1));
        assert_int_equal(r->size, RTP_HEADER_MIN + pieces[i].size); /* no extension, no padding */
        assert_int_equal(r->rtp.header_size, RTP_HEADER_MIN);
        assert_int_equal(r->rtp.padding_size, 0);
        assert_int_equal(r->rtp.sequence, pieces[i].sequence);
        assert_int_equal(r->rtp.timestamp, pieces[i].timestamp);
        assert_int_equal(r->rtp.ssrc, 7);
        assert_int_equal(r->rtp.marker, pieces[i].marker);
        assert_int_equal(r->payload[3], (uint8_t)(pieces[i].sequence + 3));
    }
    assert_int_equal(s->records[3].kind, MEDIA_AUDIO);
    assert_int_equal(s->records[3].clock_rate, 48000);
    assert_int_equal(s->records[3].epoch, 1); /* counted over both tracks of the source */
    assert_int_equal(s->state.stats.recorded, 4);
    leave(s);
}

static void capture_times_are_the_publishers(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    video(s, 1, true);
    audio(s, 1);
    collect(s);
    assert_int_equal(s->records[0].flags & MEDIA_RECORD_EXACT, 0);
    assert_int_equal(s->records[0].capture, s->now); /* nothing better than the arrival */
    report(s, 7, 3000); /* both were captured now, says the publisher */
    report(s, 8, 960);
    s->now += MSEC(80); /* the next ones come late, each by its own way */
    video(s, 2, false);
    s->now += MSEC(5);
    audio(s, 2);
    collect(s);
    assert_int_equal(s->count, 4);
    assert_true(s->records[2].flags & MEDIA_RECORD_EXACT);
    assert_int_equal(s->records[2].capture, SEC(100) + 33333);
    assert_int_equal(s->records[2].arrival, SEC(100) + MSEC(80));
    assert_int_equal(s->records[3].capture, SEC(100) + 20000);
    leave(s);
}

static void nothing_of_before_is_recorded(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    video(s, 1, true);
    audio(s, 1);
    video(s, 2, false);
    assert_int_equal(plis, 0);
    list(s, 1, 3, 0);
    assert_int_equal(plis, 1); /* a key frame is asked for */
    video(s, 3, false);
    audio(s, 2);
    collect(s);
    assert_int_equal(s->count, 1);
    assert_int_equal(s->records[0].rtp.sequence, 2);
    assert_int_equal(s->records[0].kind, MEDIA_AUDIO);
    video(s, 4, true);
    collect(s);
    assert_int_equal(s->count, 2);
    assert_int_equal(s->records[1].flags, MEDIA_RECORD_KEY | MEDIA_RECORD_END);
    leave(s);
}

static void who_leaves_the_list_is_recorded_no_more(void **unused) {
    (void)unused;
    struct scene *s = enter();
    struct publisher *other = publisher_new(&s->state, 4, 0, ROOM, lines, 2, &carrier, NULL);
    record_to_new_socket(s, 0);
    list(s, 2, 3, 4);
    const struct piece piece = {OPUS, 1, 960, 9, false, false, 40, 0};
    give(s, other, &piece);
    audio(s, 1);
    list(s, 1, 4, 0);
    audio(s, 2);
    give(s, other, &(struct piece){OPUS, 2, 1920, 9, false, false, 40, 0});
    collect(s);
    assert_int_equal(s->count, 3);
    assert_int_equal(s->records[2].source, 4);
    list(s, 2, 3, 4);
    audio(s, 3);
    collect(s);
    assert_int_equal(s->records[3].source, 3);
    assert_int_equal(s->records[3].rtp.sequence, 3);
    assert_true(s->records[3].epoch != s->records[1].epoch); /* a file of its own */
    publisher_free(other);
    leave(s);
}

static void key_frames_are_asked_for(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    video(s, 1, true);
    plis = 0;
    usec_t due = 0;
    for (unsigned i = 0; i < 100 && plis == 0; i++) { /* 100 timeouts are far more than needed */
        due = publisher_next_timeout(s->publisher);
        publisher_timeout(s->publisher, due);
    }
    assert_int_equal(plis, 1);
    assert_int_equal(due, SEC(100) + RECORDER_KEYFRAME_EVERY);
    s->now = due + SEC(2);
    video(s, 2, true);
    const struct media_stage stage = {.main_video = 3};
    room_set_stage(&s->state, ROOM, &stage, s->now);
    assert_int_equal(plis, 2); /* it is shown from now on */
    video(s, 3, true);
    room_set_stage(&s->state, ROOM, &stage, s->now + SEC(2));
    assert_int_equal(plis, 2); /* nothing new */
    leave(s);
}

static void a_full_socket_loses_up_to_the_next_key_frame(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 8192);
    list(s, 1, 3, 0);
    uint16_t n = 0;
    video(s, n++, true);
    while (s->state.stats.record_dropped == 0 && n < 2000) { /* nobody reads */
        video(s, n++, false);
        audio(s, n);
        recorders_flush(&s->state, s->now += MSEC(1));
    }
    assert_true(n < 2000);
    const uint64_t dropped = s->state.stats.record_dropped;
    video(s, n++, false); /* would not decode */
    assert_int_equal(s->state.stats.record_dropped, dropped);
    collect(s);
    const size_t before = s->count;
    assert_int_equal(s->state.stats.recorded, before);
    s->now += SEC(2);
    plis = 0;
    audio(s, n); /* sound goes on at once, and makes the recorder ask for pictures */
    collect(s);
    assert_int_equal(s->count, before + 1);
    assert_int_equal(plis, 1);
    video(s, n++, false);
    video(s, n, true);
    collect(s);
    assert_int_equal(s->count, before + 2);
    assert_int_equal(s->records[before + 1].rtp.sequence, n);
    assert_true(s->records[before + 1].flags & MEDIA_RECORD_KEY);
    assert_int_equal(s->records[before + 1].epoch, s->records[0].epoch);
    leave(s);
}

static void a_closed_socket_is_forgotten_until_another_comes(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    video(s, 1, true);
    collect(s);
    assert_int_equal(s->count, 1);
    close(s->reader);
    s->reader = -1;
    video(s, 2, false);
    recorders_flush(&s->state, s->now); /* finds it closed */
    assert_int_equal(s->state.stats.record_dropped, 1);
    assert_int_equal(recorder_next_timeout(publisher_track(s->publisher, MEDIA_VIDEO)), USEC_NEVER);
    for (uint16_t i = 3; i < 100; i++) {
        video(s, i, false);
        recorders_flush(&s->state, s->now);
    }
    assert_int_equal(s->state.stats.record_dropped, 1);
    record_to_new_socket(s, 0);
    video(s, 100, false);
    video(s, 101, true);
    collect(s);
    assert_int_equal(s->count, 2);
    assert_int_equal(s->records[1].rtp.sequence, 101);
    assert_int_equal(s->records[1].epoch, 1);
    leave(s);
}

static void restarts_and_other_codecs_begin_an_epoch(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    video(s, 1, true);
    video(s, 2, false);
    for (uint16_t i = 0; i < 3; i++) { /* the publisher starts its stream anew */
        give(s, s->publisher,
             &(struct piece){VP8, (uint16_t)(40000 + i), 90000u + i * 3000u, 77, true, i == 0, 90,
                             0});
    }
    for (uint16_t i = 0; i < 2; i++) { /* and changes its codec */
        give(s, s->publisher,
             &(struct piece){H264, (uint16_t)(90 + i), 5000u + i * 3000u, 78, true, i == 0, 90, 0});
    }
    collect(s);
    assert_int_equal(s->count, 7);
    const uint32_t epochs[] = {0, 0, 1, 1, 1, 2, 2};
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(s->records[i].epoch, epochs[i]);
        assert_int_equal(s->records[i].codec, i < 5 ? CODEC_VP8 : CODEC_H264);
        assert_int_equal((s->records[i].flags & MEDIA_RECORD_KEY) != 0, i == 0 || i == 2 || i == 5);
    }
    leave(s);
}

static void batches_stay_within_a_message(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    for (uint16_t i = 0; i < 120; i++) { /* 150 KB in one round */
        give(s, s->publisher, &(struct piece){VP8, i, 9000, 7, i == 119, i == 0, 1250, 0});
    }
    collect(s);
    assert_int_equal(s->count, 120);
    for (uint16_t i = 0; i < 120; i++) {
        assert_int_equal(s->records[i].rtp.sequence, i);
        assert_int_equal(s->records[i].flags,
                         (i == 0 ? MEDIA_RECORD_KEY : 0) | (i == 119 ? MEDIA_RECORD_END : 0));
    }
    leave(s);
}

/* What a viewer of the publisher's pictures is sent, as one hash. */
static uint64_t watch(bool recorded) {
    static const struct media_line wants = {
        .kind = MEDIA_VIDEO,
        .active = true,
        .ssrc = 5000,
        .payload_count = 1,
        .payloads = {{.type = 100, .codec = CODEC_VP8, .pli = true}}};
    struct scene *s = enter();
    struct subscription sub;
    struct outgoing packet;
    uint64_t hash = 14695981039346656037u, count = 0;
    if (recorded) {
        record_to_new_socket(s, 4096);
        list(s, 1, 3, 0);
    }
    subscription_init(&sub, &wants, 1);
    video(s, 0, true);
    assert_int_equal(subscription_switch(&sub, &s->publisher->tracks[MEDIA_VIDEO].track, s->now),
                     0);
    for (uint16_t i = 1; i < 400; i++) { /* with a loss that is given up and a key frame later */
        s->now += MSEC(33);
        if (i != 100) {
            video(s, i, i % 120 == 0);
        }
        publisher_timeout(s->publisher, s->now);
        recorders_flush(&s->state, s->now);
        while (subscription_next(&sub, s->now, &packet) > 0) {
            const struct bytes parts[] = {bytes_of(packet.header, packet.header_size),
                                          bytes_of(packet.prefix, packet.prefix_size),
                                          packet.payload, packet.tail};
            for (size_t k = 0; k < 4; k++) {
                for (size_t b = 0; b < parts[k].n; b++) {
                    hash = (hash ^ parts[k].p[b]) * 1099511628211u;
                }
            }
            count++;
        }
    }
    assert_true(count > 300);
    assert_int_equal(s->state.stats.record_dropped > 0, recorded); /* nobody reads it */
    subscription_stop(&sub);
    leave(s);
    return hash;
}

static void viewers_are_sent_the_same_bytes(void **unused) {
    (void)unused;
    assert_true(watch(true) == watch(false));
}

static void what_is_left_is_sent_when_recording_ends(void **unused) {
    (void)unused;
    struct scene *s = enter();
    record_to_new_socket(s, 0);
    list(s, 1, 3, 0);
    audio(s, 1);
    recorder_open(&s->state, ROOM, -1, s->now);
    collect(s);
    assert_int_equal(s->count, 1);
    assert_int_equal(recv(s->reader, s->records, 1, MSG_DONTWAIT), 0); /* closed in order */
    audio(s, 2);
    assert_int_equal(s->state.stats.recorded, 1);
    leave(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_carry_what_the_header_promises),
        cmocka_unit_test(capture_times_are_the_publishers),
        cmocka_unit_test(nothing_of_before_is_recorded),
        cmocka_unit_test(who_leaves_the_list_is_recorded_no_more),
        cmocka_unit_test(key_frames_are_asked_for),
        cmocka_unit_test(a_full_socket_loses_up_to_the_next_key_frame),
        cmocka_unit_test(a_closed_socket_is_forgotten_until_another_comes),
        cmocka_unit_test(restarts_and_other_codecs_begin_an_epoch),
        cmocka_unit_test(batches_stay_within_a_message),
        cmocka_unit_test(viewers_are_sent_the_same_bytes),
        cmocka_unit_test(what_is_left_is_sent_when_recording_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
