/* A track and its copy side by side: viewers of both must see the same. */
#include "made.h"
#include "routing/track_copy.h"

struct side {
    struct capture_clock clock;
    struct track track;
    struct media_line line;
    struct subscription s;
};

struct pair {
    struct made m;
    struct side here, there; /* of `here` the track is m's */
    uint64_t given;
};

static void begin(struct pair *p) {
    made_init(&p->m, 0);
    capture_clock_init(&p->there.clock);
    assert_int_equal(track_init(&p->there.track, &p->m.line, &p->m.track.payload, &p->there.clock,
                                p->m.track.own_ssrc, 0),
                     0);
    p->here.line = p->there.line = made_viewer_line(MEDIA_VIDEO, true);
    subscription_init(&p->here.s, &p->here.line, 0x1234567800000001u);
    subscription_init(&p->there.s, &p->there.line, 0x1234567800000001u);
    p->given = p->m.track.released;
}

static void end(struct pair *p) {
    track_clear(&p->there.track);
    made_clear(&p->m);
}

/* What was released goes to the copy, unless it is `left_out`. */
static void follow(struct pair *p, bool left_out, usec_t now) {
    struct track_dating dating;
    track_dating_read(&p->m.track, &dating);
    track_dating_apply(&p->there.track, &dating);
    for (; p->given < p->m.track.released; p->given++) {
        struct packet *packet = left_out ? NULL : track_share(&p->m.track, p->given);
        if (packet) {
            track_copy_input(&p->there.track, packet, now);
        }
    }
}

static void frame(struct pair *p, bool key, unsigned parts, usec_t now) {
    made_frame(&p->m, key, parts, now);
    follow(p, false, now);
}

static unsigned same_packets(struct pair *p, usec_t now) {
    struct outgoing a, b;
    uint8_t text_a[1500], text_b[1500];
    unsigned n = 0;
    for (int more;; n++) {
        more = subscription_next(&p->here.s, now, &a);
        assert_int_equal(subscription_next(&p->there.s, now, &b), more);
        if (more <= 0) {
            return n;
        }
        const size_t size = made_plaintext(&a, text_a);
        assert_int_equal(made_plaintext(&b, text_b), size);
        assert_memory_equal(text_a, text_b, size);
        assert_int_equal(a.index, b.index);
    }
}

static void viewers_of_both_get_the_same_bytes(void **state) {
    (void)state;
    struct pair p;
    begin(&p);
    for (unsigned i = 0; i < 40; i++) {
        frame(&p, i % 20 == 0, 1 + i % 4, SEC(1) + MSEC(33) * i);
        if (i == 30) { /* in the middle of a group of pictures */
            assert_int_equal(subscription_switch(&p.here.s, &p.m.track, SEC(2)), 0);
            assert_int_equal(subscription_switch(&p.there.s, &p.there.track, SEC(2)), 0);
        }
        same_packets(&p, SEC(1) + MSEC(33) * i);
    }
    assert_true(p.there.s.stream.packets >= 50);
    uint8_t rtcp_a[200], rtcp_b[200];
    const struct bytes cname = {(const uint8_t *)"c", 1};
    const int a = subscription_sender_report(&p.here.s, SEC(99), SEC(3), cname,
                                             (struct room){rtcp_a, sizeof rtcp_a});
    const int b = subscription_sender_report(&p.there.s, SEC(99), SEC(3), cname,
                                             (struct room){rtcp_b, sizeof rtcp_b});
    assert_true(a > 0);
    assert_int_equal(a, b);
    assert_memory_equal(rtcp_a, rtcp_b, (size_t)a); /* lips are in sync there, too */
    end(&p);
}

static void what_was_left_out_is_skipped_up_to_a_key_frame_without_a_hole(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    begin(&p);
    frame(&p, true, 2, SEC(1));
    assert_int_equal(subscription_switch(&p.there.s, &p.there.track, SEC(1)), 0);
    uint64_t next = 1;
    while (subscription_next(&p.there.s, SEC(1), &o) > 0) {
        assert_int_equal(o.index, next++);
    }
    made_frame(&p.m, false, 3, SEC(1) + MSEC(33));
    follow(&p, true, SEC(1) + MSEC(33));
    assert_int_equal(subscription_next(&p.there.s, SEC(1) + MSEC(33), &o), 0);
    frame(&p, true, 2, SEC(1) + MSEC(66));
    while (subscription_next(&p.there.s, SEC(1) + MSEC(66), &o) > 0) {
        assert_int_equal(o.index, next++);
    }
    assert_int_equal(next, 5);
    assert_true(track_has_gop(&p.there.track, SEC(2)));
    end(&p);
}

static void a_viewer_of_the_copy_can_ask_again(void **state) {
    (void)state;
    struct pair p;
    struct outgoing o;
    uint8_t text[1500];
    begin(&p);
    frame(&p, true, 3, SEC(1));
    subscription_switch(&p.there.s, &p.there.track, SEC(1));
    while (subscription_next(&p.there.s, SEC(1), &o) > 0) {
    }
    assert_int_equal(subscription_nack(&p.there.s, (uint16_t)(o.index - 1), SEC(1)), 0);
    assert_int_equal(subscription_next_retransmission(&p.there.s, &o), 1);
    assert_true(made_plaintext(&o, text) > 12);
    end(&p);
}

static void a_new_stream_of_the_publisher_goes_on_in_the_copy(void **state) {
    (void)state;
    struct pair p;
    begin(&p);
    frame(&p, true, 1, SEC(1));
    subscription_switch(&p.here.s, &p.m.track, SEC(1));
    subscription_switch(&p.there.s, &p.there.track, SEC(1));
    same_packets(&p, SEC(1));
    p.m.ssrc++;
    p.m.sequence = (uint16_t)(p.m.sequence + 20000);
    for (unsigned i = 0; i < 6; i++) {
        frame(&p, i % 3 == 0, 2, SEC(2) + MSEC(33) * i);
        same_packets(&p, SEC(2) + MSEC(33) * i);
    }
    assert_int_equal(p.there.track.epoch, 1);
    assert_true(p.there.s.stream.packets > 6);
    end(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewers_of_both_get_the_same_bytes),
        cmocka_unit_test(what_was_left_out_is_skipped_up_to_a_key_frame_without_a_hole),
        cmocka_unit_test(a_viewer_of_the_copy_can_ask_again),
        cmocka_unit_test(a_new_stream_of_the_publisher_goes_on_in_the_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
