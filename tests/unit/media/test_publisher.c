/* A publisher without a session: its packets are made here and its RTCP goes nowhere. */
#include <setjmp.h>
#include <stdarg.h>

#include "media/publisher.h"
#include "media/shard_state.h"
#include "wire/rtp.h"

#include <cmocka.h>

#define TYPE 96
#define TWCC_ID 2

/* Takes the place of the shard's. */
void shard_event(struct shard_state *s, const struct media_event *event) {
    (void)s;
    (void)event;
}

static unsigned sent;

static void send_rtcp(void *ctx, struct bytes compound) {
    (void)ctx;
    (void)compound;
    sent++;
}

static void schedule(void *ctx, usec_t now) {
    (void)ctx;
    (void)now;
}

static const struct publisher_carrier carrier = {.send_rtcp = send_rtcp, .schedule = schedule};

static void open_state(struct shard_state *state, size_t packets_max) {
    memset(state, 0, sizeof(*state));
    rooms_init(&state->rooms);
    state->packets = packet_pool_new(packets_max);
    assert_non_null(state->packets);
    sent = 0;
}

static void close_state(struct shard_state *state) {
    rooms_clear(&state->rooms);
    packet_pool_free(state->packets);
}

static struct media_line video_line(const char *mid) {
    struct media_line line = {.kind = MEDIA_VIDEO,
                              .active = true,
                              .payload_count = 1,
                              .payloads = {{.type = TYPE, .codec = CODEC_VP8, .pli = true}},
                              .extension_ids = {[EXT_MID] = 1, [EXT_TWCC] = TWCC_ID}};
    strcpy(line.mid, mid);
    return line;
}

/* A VP8 frame of one packet; the first of a stream is a key frame. */
static void give_frame(struct publisher *p, const char *mid, uint16_t sequence, bool key,
                       usec_t now) {
    uint8_t b[200] = {0}, twcc[2];
    write_be16(twcc, sequence);
    const struct rtp_extension_value extensions[] = {{.id = 1, .value = bytes_of_text(mid)},
                                                     {.id = TWCC_ID, .value = bytes_of(twcc, 2)}};
    const struct rtp_header h = {.payload_type = TYPE,
                                 .marker = true,
                                 .sequence = sequence,
                                 .timestamp = sequence * 3000u,
                                 .ssrc = 7};
    int n = rtp_write_header((struct room){b, sizeof(b)}, &h, extensions, 2);
    assert_true(n > 0);
    b[n] = 0x10;
    b[n + 1] = key ? 0 : 1;
    publisher_rtp(p, bytes_of(b, (size_t)n + 100), now);
}

static void feedback_is_sent_though_no_track_is_routed(void **unused) {
    (void)unused;
    struct shard_state state;
    open_state(&state, 1024);
    const struct media_line lines[] = {video_line("0"), video_line("1")};
    struct publisher *p = publisher_new(&state, 1, 0, 1, lines, 2, &carrier, NULL);
    assert_non_null(p);
    give_frame(p, "1", 1, true, SEC(1)); /* only the first line of a kind is routed */
    usec_t due = publisher_next_timeout(p);
    assert_true(due > SEC(1) && due < SEC(2));
    publisher_timeout(p, due);
    assert_int_equal(sent, 1);
    assert_true(publisher_next_timeout(p) > due);
    publisher_free(p);
    close_state(&state);
}

static void a_full_pool_is_shared(void **unused) {
    (void)unused;
    struct shard_state state;
    open_state(&state, 256);
    const struct media_line line = video_line("0");
    struct publisher *old = publisher_new(&state, 1, 0, 1, &line, 1, &carrier, NULL);
    struct publisher *young = publisher_new(&state, 2, 0, 2, &line, 1, &carrier, NULL);
    assert_true(old && young);
    usec_t now = SEC(1);
    for (uint16_t i = 0; i < 300; i++, now += MSEC(10)) {
        give_frame(old, "0", i, i == 0, now);
    }
    assert_int_equal(publisher_track(old, MEDIA_VIDEO)->track.counters.frames, 300);
    for (uint16_t i = 0; i < 300; i++, now += MSEC(10)) {
        give_frame(young, "0", i, i == 0, now);
        give_frame(old, "0", (uint16_t)(300 + i), i == 0, now);
    }
    assert_int_equal(publisher_track(young, MEDIA_VIDEO)->track.counters.frames, 300);
    assert_int_equal(publisher_track(old, MEDIA_VIDEO)->track.counters.frames, 600);
    assert_int_equal(state.stats.pool_empty, 0);
    publisher_free(old);
    publisher_free(young);
    close_state(&state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(feedback_is_sent_though_no_track_is_routed),
        cmocka_unit_test(a_full_pool_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
