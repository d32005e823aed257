#include "made.h"

#include <errno.h>

/* Puts what the subscription has into `ret`; returns how many. */
static size_t drain(struct subscription *s, usec_t now, struct outgoing *ret, size_t max) {
    size_t n = 0;
    while (n < max && subscription_next(s, now, &ret[n]) > 0) {
        n++;
    }
    return n;
}

static void reordered_packets_leave_in_order(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing out[16];
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    made_init(&m, 0);
    subscription_init(&s, &line, 1);
    assert_int_equal(made_frame(&m, true, 2, SEC(1)), 1);
    assert_int_equal(subscription_switch(&s, &m.track, SEC(1)), 0);
    assert_int_equal(drain(&s, SEC(1), out, 16), 2);
    struct packet *p[3];
    for (unsigned i = 0; i < 3; i++) {
        p[i] = made_packet(&m, false, i, 3, 1000, SEC(1));
    }
    assert_int_equal(track_input(&m.track, p[0], SEC(1)), 0);
    assert_int_equal(track_input(&m.track, p[2], SEC(1)), 0);
    assert_int_equal(drain(&s, SEC(1), out, 16), 0);
    assert_int_equal(track_input(&m.track, p[1], SEC(1)), 1);
    assert_int_equal(drain(&s, SEC(1), out, 16), 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(out[i].index, 1 + 2 + i);
        assert_int_equal(out[i].frame_end, i == 2);
        assert_int_equal(out[i].header[1] >> 7, i == 2);
    }
    made_clear(&m);
}

static void duplicates_and_late_packets_are_dropped(void **state) {
    (void)state;
    struct made m, copy;
    made_init(&m, 0);
    made_frame(&m, true, 3, SEC(1));
    copy = m;
    copy.sequence = (uint16_t)(m.sequence - 3);
    assert_int_equal(track_input(&m.track, made_packet(&copy, true, 0, 3, 1000, SEC(1)), SEC(1)),
                     -EEXIST);
    copy.sequence = (uint16_t)(m.sequence - 50);
    assert_int_equal(track_input(&m.track, made_packet(&copy, true, 0, 3, 1000, SEC(1)), SEC(1)),
                     -ESTALE);
    made_clear(&m);
}

static void a_big_frame_flows_after_three_milliseconds(void **state) {
    (void)state;
    struct made m;
    made_init(&m, 0);
    assert_int_equal(track_input(&m.track, made_packet(&m, true, 0, 5, 1000, SEC(1)), SEC(1)), 0);
    assert_int_equal(track_next_timeout(&m.track), SEC(1)); /* a receiver report is due */
    uint8_t rtcp[200];
    assert_true(track_output_rtcp(&m.track, SEC(1), (struct room){rtcp, sizeof rtcp}) > 0);
    assert_int_equal(track_next_timeout(&m.track), SEC(1) + TRACK_BATCH_WAIT);
    assert_int_equal(track_advance(&m.track, SEC(1) + TRACK_BATCH_WAIT), 1);
    assert_int_equal(track_advance(&m.track, SEC(1) + TRACK_BATCH_WAIT), 0);
    made_clear(&m);
}

static void after_an_unrepaired_loss_viewers_go_on_at_a_key_frame(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing out[16];
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    made_init(&m, 0);
    subscription_init(&s, &line, 1);
    made_frame(&m, true, 2, SEC(1));
    subscription_switch(&s, &m.track, SEC(1));
    assert_int_equal(drain(&s, SEC(1), out, 16), 2);
    packet_unref(made_packet(&m, false, 0, 2, 1000, SEC(1))); /* lost */
    track_input(&m.track, made_packet(&m, false, 1, 2, 1000, SEC(1)), SEC(1));
    made_frame(&m, false, 2, SEC(1) + MSEC(33));
    assert_int_equal(drain(&s, SEC(1) + MSEC(33), out, 16), 0);
    const usec_t late = SEC(1) + MSEC(33) + TRACK_GAP_MAX;
    assert_int_equal(track_advance(&m.track, late), 0);
    assert_int_equal(m.track.counters.frames_given_up, 1);
    assert_true(keyframe_request_output(&m.track.keyframe, late));
    made_frame(&m, false, 2, late);
    assert_int_equal(drain(&s, late, out, 16), 0);
    made_frame(&m, true, 2, late);
    assert_int_equal(drain(&s, late, out, 16), 2);
    assert_int_equal(out[0].index, 3); /* no hole in the viewer's numbers */
    assert_int_equal(out[1].index, 4);
    made_clear(&m);
}

static void lost_sound_is_a_hole_in_the_viewers_numbers(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing out[16];
    const struct media_line line = made_viewer_line(MEDIA_AUDIO, false);
    made_init_audio(&m, 0);
    subscription_init(&s, &line, 9);
    subscription_switch(&s, &m.track, SEC(1));
    assert_int_equal(made_frame(&m, true, 1, SEC(1)), 1);
    assert_int_equal(drain(&s, SEC(1), out, 16), 1);
    const uint32_t before = read_be32(out[0].header + 4);
    packet_unref(made_packet(&m, true, 0, 1, 100, SEC(1)));
    assert_int_equal(made_frame(&m, true, 1, SEC(1)), 0);
    assert_int_equal(track_advance(&m.track, SEC(1) + TRACK_AUDIO_WAIT), 1);
    assert_int_equal(drain(&s, SEC(1), out, 16), 1);
    assert_int_equal(out[0].index, 11);
    assert_int_equal(read_be32(out[0].header + 4) - before, 2 * 960);
    made_clear(&m);
}

static void a_jump_beyond_the_ring_drops_what_waited(void **state) {
    (void)state;
    struct made m;
    made_init_audio(&m, 0);
    made_frame(&m, true, 1, SEC(1));
    m.sequence++;
    made_frame(&m, true, 1, SEC(1)); /* waits for the one before */
    m.sequence = (uint16_t)(m.sequence + TRACK_AUDIO_RING);
    assert_int_equal(made_frame(&m, true, 1, SEC(1)), 0);
    assert_int_equal(track_advance(&m.track, SEC(1) + TRACK_AUDIO_WAIT), 1);
    made_clear(&m);
    made_init(&m, 0);
    made_frame(&m, true, 1, SEC(1));
    m.sequence++;
    made_frame(&m, true, 1, SEC(1));
    m.sequence = (uint16_t)(m.sequence + TRACK_VIDEO_RING);
    made_frame(&m, false, 1, SEC(1));
    assert_int_equal(m.track.counters.frames_given_up, 1);
    assert_int_equal(made_frame(&m, true, 1, SEC(1)), 1);
    made_clear(&m);
}

static void a_restarted_publisher_does_not_break_viewers(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing out[16];
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    made_init(&m, 0);
    subscription_init(&s, &line, 1);
    made_frame(&m, true, 2, SEC(1));
    subscription_switch(&s, &m.track, SEC(1));
    assert_int_equal(drain(&s, SEC(1), out, 16), 2);
    const uint32_t before = read_be32(out[1].header + 4);
    const uint16_t id = read_be16(out[1].prefix + 2);
    m.ssrc = 78;
    m.sequence = 12345;
    m.timestamp = 0x70000000;
    m.picture_id = 4000;
    const usec_t now = SEC(1) + MSEC(500);
    assert_int_equal(made_frame(&m, true, 2, now), 1);
    assert_int_equal(m.track.counters.restarts, 1);
    assert_int_equal(drain(&s, now, out, 16), 2);
    assert_int_equal(out[0].index, 3);
    assert_int_equal(read_be32(out[0].header + 8), 5000);
    assert_int_equal(read_be32(out[0].header + 4) - before, 45000); /* 0.5 s passed */
    assert_int_equal((read_be16(out[0].prefix + 2) - id) & 0x7fff, 1);
    made_clear(&m);
}

static void one_stray_packet_restarts_nothing(void **state) {
    (void)state;
    struct made m, stray;
    made_init(&m, 0);
    made_frame(&m, true, 2, SEC(1));
    stray = m;
    stray.ssrc = 99;
    assert_int_equal(track_input(&m.track, made_packet(&stray, true, 0, 1, 100, SEC(1)), SEC(1)),
                     -EAGAIN);
    assert_int_equal(made_frame(&m, false, 2, SEC(1)), 1);
    assert_int_equal(m.track.counters.restarts, 0);
    made_clear(&m);
}

static void shedding_keeps_what_is_recent_and_unreleased(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing out[16];
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    made_init(&m, 0);
    subscription_init(&s, &line, 1);
    made_frame(&m, true, 4, SEC(1));
    made_frame(&m, false, 4, SEC(1));
    struct packet *p[3];
    for (unsigned i = 0; i < 3; i++) {
        p[i] = made_packet(&m, false, i, 3, 1000, SEC(1));
    }
    track_input(&m.track, p[0], SEC(1));
    track_input(&m.track, p[2], SEC(1));
    track_shed(&m.track, 6); /* of the newest six one is still in our hands */
    assert_int_equal(packet_pool_used(m.pool), 6);
    assert_false(track_has_gop(&m.track, SEC(1)));
    track_shed(&m.track, 1); /* two wait for the third */
    assert_int_equal(packet_pool_used(m.pool), 3);
    assert_int_equal(track_input(&m.track, p[1], SEC(1)), 1);
    subscription_switch(&s, &m.track, SEC(1)); /* no start is left */
    assert_int_equal(drain(&s, SEC(1), out, 16), 0);
    made_frame(&m, true, 2, SEC(1));
    assert_int_equal(drain(&s, SEC(1), out, 16), 2);
    made_clear(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reordered_packets_leave_in_order),
        cmocka_unit_test(duplicates_and_late_packets_are_dropped),
        cmocka_unit_test(a_big_frame_flows_after_three_milliseconds),
        cmocka_unit_test(after_an_unrepaired_loss_viewers_go_on_at_a_key_frame),
        cmocka_unit_test(lost_sound_is_a_hole_in_the_viewers_numbers),
        cmocka_unit_test(a_jump_beyond_the_ring_drops_what_waited),
        cmocka_unit_test(a_restarted_publisher_does_not_break_viewers),
        cmocka_unit_test(one_stray_packet_restarts_nothing),
        cmocka_unit_test(shedding_keeps_what_is_recent_and_unreleased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
