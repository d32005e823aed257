#include "made.h"

#include <errno.h>

struct pair {
    struct made m;
    struct media_line line;
    struct subscription s;
};

static void begin(struct pair *p, bool rtx) {
    made_init(&p->m, 0);
    p->line = made_viewer_line(MEDIA_VIDEO, rtx);
    subscription_init(&p->s, &p->line, 0x1234567800000001u);
}

static void the_cached_pictures_are_squeezed_before_the_live_edge(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    uint32_t times[31];
    begin(&p, true);
    for (unsigned i = 0; i < 30; i++) {
        made_frame(&p.m, i == 0, 1, SEC(1) + MSEC(33) * i);
    }
    const usec_t now = SEC(2);
    assert_int_equal(subscription_switch(&p.s, &p.m.track, now), 0);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(subscription_next(&p.s, now, &o), 1);
        times[i] = read_be32(o.header + 4);
        assert_int_equal(o.index, 1 + i);
    }
    assert_int_equal(subscription_next(&p.s, now, &o), 0);
    made_frame(&p.m, false, 1, now);
    assert_int_equal(subscription_next(&p.s, now, &o), 1);
    times[30] = read_be32(o.header + 4);
    for (unsigned i = 1; i < 30; i++) {
        assert_int_equal(times[i] - times[i - 1], STREAM_SQUEEZE_TICKS);
    }
    assert_int_equal(times[30] - times[29], 3000);
    assert_false(keyframe_request_output(&p.m.track.keyframe, now));
    made_clear(&p.m);
}

static void without_a_young_key_frame_one_is_asked_for(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    begin(&p, true);
    made_frame(&p.m, true, 1, SEC(1));
    made_frame(&p.m, false, 1, SEC(6));
    subscription_switch(&p.s, &p.m.track, SEC(6));
    assert_int_equal(subscription_next(&p.s, SEC(6), &o), 0);
    assert_true(keyframe_request_output(&p.m.track.keyframe, SEC(6)));
    made_frame(&p.m, false, 1, SEC(6));
    assert_int_equal(subscription_next(&p.s, SEC(6), &o), 0);
    made_frame(&p.m, true, 1, SEC(6));
    assert_int_equal(subscription_next(&p.s, SEC(6), &o), 1);
    made_clear(&p.m);
}

static void a_codec_that_was_not_offered_leaves_the_slot_dark(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    begin(&p, true);
    p.line.payload_count = 1;
    p.line.payloads[0].codec = CODEC_H264;
    made_frame(&p.m, true, 1, SEC(1));
    assert_int_equal(subscription_switch(&p.s, &p.m.track, SEC(1)), -ENOTSUP);
    assert_int_equal(subscription_next(&p.s, SEC(1), &o), 0);
    made_clear(&p.m);
}

static void pieces_of_a_frame_become_equal(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o[4];
    begin(&p, true);
    const size_t sizes[] = {998, 1000, 999, 300};
    for (unsigned i = 0; i < 4; i++) {
        track_input(&p.m.track, made_packet(&p.m, true, i, 4, sizes[i], SEC(1)), SEC(1));
    }
    subscription_switch(&p.s, &p.m.track, SEC(1));
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(subscription_next(&p.s, SEC(1), &o[i]), 1);
    }
    assert_int_equal(o[0].size, o[1].size);
    assert_int_equal(o[2].size, o[1].size);
    assert_true(o[3].size < o[1].size);
    assert_int_equal(o[0].tail.n, 2);
    assert_int_equal(o[0].tail.p[1], 2); /* RFC 3550 §5.1: the last byte counts */
    assert_int_equal(o[0].header[0], 0xb0);
    assert_int_equal(o[1].header[0], 0x90);
    made_clear(&p.m);
}

static void the_viewers_numbers_replace_the_publishers(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    begin(&p, true);
    made_frame(&p.m, true, 1, SEC(1));
    subscription_switch(&p.s, &p.m.track, SEC(1));
    assert_int_equal(subscription_next(&p.s, SEC(1), &o), 1);
    const uint8_t extension[] = {0xbe, 0xde, 0, 1, 0x40, 'm', 0, 0};
    assert_int_equal(o.header_size, 20);
    assert_memory_equal(o.header + 12, extension, sizeof extension);
    assert_int_equal(o.header[1], 0x80 | 96);
    assert_int_equal(o.prefix_size, 5);
    const uint16_t id = read_be16(o.prefix + 2);
    const uint8_t tl0 = o.prefix[4];
    assert_int_equal(id >> 15, 1);
    for (unsigned i = 1; i < 4; i++) { /* over the wrap of the publisher's 15 bits */
        made_frame(&p.m, false, 1, SEC(1));
        assert_int_equal(subscription_next(&p.s, SEC(1), &o), 1);
        assert_int_equal((read_be16(o.prefix + 2) - id) & 0x7fff, i);
        assert_int_equal((uint8_t)(o.prefix[4] - tl0), i);
    }
    made_clear(&p.m);
}

static void a_retransmission_by_rtx_carries_the_same_packet(void **state) {
    (void)state;
    struct pair p;
    struct outgoing first, again;
    begin(&p, true);
    made_frame(&p.m, true, 1, SEC(1));
    subscription_switch(&p.s, &p.m.track, SEC(1));
    subscription_next(&p.s, SEC(1), &first);
    assert_int_equal(subscription_nack(&p.s, 1, SEC(1)), 0);
    assert_int_equal(subscription_nack(&p.s, 1, SEC(1)), -EALREADY);
    assert_int_equal(subscription_nack(&p.s, 2, SEC(1)), -ENOENT);
    assert_int_equal(subscription_next_retransmission(&p.s, &again), 1);
    assert_true(again.retransmission);
    assert_int_equal(again.header[1], 0x80 | 97);
    assert_int_equal(read_be32(again.header + 8), 6000);
    assert_int_equal(read_be32(again.header + 4), read_be32(first.header + 4));
    assert_int_equal(read_be16(again.prefix), 1);
    assert_memory_equal(again.prefix + 2, first.prefix, first.prefix_size);
    assert_ptr_equal(again.payload.p, first.payload.p);
    assert_int_equal(subscription_next_retransmission(&p.s, &again), 0);
    made_clear(&p.m);
}

static void without_rtx_the_same_bytes_go_out_under_the_same_index(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    uint8_t sent[40][1500], again[1500];
    uint16_t sizes[40];
    begin(&p, false);
    for (unsigned i = 0; i < 20; i++) {
        made_frame(&p.m, i == 0, 1, SEC(1) + MSEC(33) * i);
    }
    subscription_switch(&p.s, &p.m.track, SEC(2));
    for (unsigned i = 0; i < 20; i++) { /* squeezed */
        assert_int_equal(subscription_next(&p.s, SEC(2), &o), 1);
        sizes[i] = (uint16_t)made_plaintext(&o, sent[i]);
    }
    track_sender_report(&p.m.track, clock_ntp_of_unix(1), p.m.timestamp + 500, SEC(2));
    for (unsigned i = 20; i < 40; i++) { /* live, and the picture of time has changed */
        made_frame(&p.m, i == 30, 1, SEC(2));
        assert_int_equal(subscription_next(&p.s, SEC(2), &o), 1);
        sizes[i] = (uint16_t)made_plaintext(&o, sent[i]);
    }
    for (unsigned i = 0; i < 40; i++) {
        assert_int_equal(subscription_nack(&p.s, (uint16_t)(1 + i), SEC(3)), 0);
        assert_int_equal(subscription_next_retransmission(&p.s, &o), 1);
        assert_int_equal(o.index, 1 + i);
        assert_int_equal(made_plaintext(&o, again), sizes[i]);
        assert_memory_equal(again, sent[i], sizes[i]);
    }
    made_clear(&p.m);
}

static void a_viewer_behind_the_ring_goes_on_at_a_key_frame(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    begin(&p, true);
    made_frame(&p.m, true, 1, SEC(1));
    subscription_switch(&p.s, &p.m.track, SEC(1));
    assert_int_equal(subscription_next(&p.s, SEC(1), &o), 1);
    for (unsigned i = 0; i < 1500; i++) {
        made_frame(&p.m, false, 1, SEC(1));
    }
    assert_int_equal(subscription_next(&p.s, SEC(1), &o), 0);
    assert_true(keyframe_request_output(&p.m.track.keyframe, SEC(2)));
    made_frame(&p.m, true, 1, SEC(2));
    assert_int_equal(subscription_next(&p.s, SEC(2), &o), 1);
    assert_int_equal(o.index, 2);
    made_clear(&p.m);
}

static void reports_tell_loss_and_round_trip(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    uint8_t b[200];
    begin(&p, true);
    made_frame(&p.m, true, 1, SEC(1));
    subscription_switch(&p.s, &p.m.track, SEC(1));
    subscription_next(&p.s, SEC(1), &o);
    const uint64_t wall = 1700000000000000u;
    int n = subscription_sender_report(&p.s, wall, SEC(1), bytes_of_text("x"),
                                       (struct room){b, sizeof b});
    assert_true(n > 28);
    const uint32_t last_sr = read_be32(b + 10);
    const struct rtcp_report report = {
        .ssrc = 5000, .fraction_lost = 64, .last_sr = last_sr, .delay = 65536 / 10};
    assert_true(subscription_receiver_report(&p.s, &report, wall + 180000));
    assert_in_range(p.s.stream.quality.rtt_ms, 79, 81);
    assert_int_equal(p.s.stream.quality.dots, 1);
    const struct rtcp_report foreign = {.ssrc = 1};
    assert_false(subscription_receiver_report(&p.s, &foreign, wall));
    made_clear(&p.m);
}

static void packets_that_only_pad_leave_the_picture_ids_alone(void **state) {
    (void)state;
    struct made a, b;
    struct subscription s;
    struct outgoing out;
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    made_init(&a, 0);
    made_init(&b, 0);
    subscription_init(&s, &line, 1);
    made_frame(&a, true, 1, SEC(1));
    made_frame(&b, true, 1, SEC(1));
    subscription_switch(&s, &a.track, SEC(1));
    assert_int_equal(subscription_next(&s, SEC(1), &out), 1);
    const uint16_t before = read_be16(out.prefix + 2) & 0x7fff;

    uint8_t probe[100] = {0x80 | 0x20, 96};
    struct packet *p;
    write_be16(probe + 2, a.sequence++);
    write_be32(probe + 8, a.ssrc);
    probe[99] = 88;
    assert_int_equal(
        packet_new(a.pool, CODEC_VP8, bytes_of(probe, 100), a.line.extension_ids, SEC(1), &p), 0);
    assert_int_equal(track_input(&a.track, p, SEC(1)), 1);
    assert_int_equal(subscription_next(&s, SEC(1), &out), 1);

    subscription_switch(&s, &b.track, SEC(1));
    assert_int_equal(subscription_next(&s, SEC(1), &out), 1);
    assert_int_equal(read_be16(out.prefix + 2) & 0x7fff, (before + 1) & 0x7fff);
    subscription_stop(&s);
    made_clear(&a);
    made_clear(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cached_pictures_are_squeezed_before_the_live_edge),
        cmocka_unit_test(without_a_young_key_frame_one_is_asked_for),
        cmocka_unit_test(a_codec_that_was_not_offered_leaves_the_slot_dark),
        cmocka_unit_test(pieces_of_a_frame_become_equal),
        cmocka_unit_test(the_viewers_numbers_replace_the_publishers),
        cmocka_unit_test(a_retransmission_by_rtx_carries_the_same_packet),
        cmocka_unit_test(without_rtx_the_same_bytes_go_out_under_the_same_index),
        cmocka_unit_test(a_viewer_behind_the_ring_goes_on_at_a_key_frame),
        cmocka_unit_test(reports_tell_loss_and_round_trip),
        cmocka_unit_test(packets_that_only_pad_leave_the_picture_ids_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
