/* A viewer whose network carries less than the picture needs: what waited too long is given up, at
 * the border of a frame, up to a key frame; the sound of a film goes on. */
#include "made.h"

#include <stdlib.h>

#define LIMIT SEC(1)

static void a_live_picture_goes_on_at_the_newest_key_frame(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o;
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    usec_t now = SEC(10);
    made_init(&m, now);
    subscription_init(&s, &line, 5);
    made_frame(&m, true, 3, now);
    subscription_switch(&s, &m.track, now);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(subscription_next(&s, now, &o), 1);
    }
    made_frame(&m, false, 3, now += MSEC(33));
    assert_int_equal(subscription_next(&s, now, &o), 1); /* one of three */
    uint64_t key = 0;
    for (unsigned i = 0; i < 45; i++) {
        made_frame(&m, i == 40, 3, now += MSEC(33));
        key = i == 40 ? m.track.key_start : key;
    }
    assert_true(subscription_waits(&s));
    assert_int_equal(subscription_drop_late(&s, LIMIT, now), 0); /* the frame is finished first */
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(subscription_next(&s, now, &o), 1);
    }
    const uint64_t index = o.index;
    assert_int_equal(subscription_drop_late(&s, LIMIT, now), 3 * 40);
    assert_int_equal(s.next, key);
    assert_int_equal(subscription_next(&s, now, &o), 1);
    assert_int_equal(o.index, index + 1); /* no gap in the viewer's numbers */
    assert_int_equal(subscription_drop_late(&s, LIMIT, now), 0);
    subscription_stop(&s);
    made_clear(&m);
}

static void without_a_newer_key_frame_one_is_asked_for_and_not_too_often(void **state) {
    (void)state;
    struct made m;
    struct subscription s;
    struct outgoing o;
    const struct media_line line = made_viewer_line(MEDIA_VIDEO, true);
    usec_t now = SEC(10);
    unsigned asked = 0;
    uint8_t b[1500];
    made_init(&m, now);
    subscription_init(&s, &line, 5);
    made_frame(&m, true, 3, now);
    subscription_switch(&s, &m.track, now);
    while (subscription_next(&s, now, &o) > 0) {
    }
    for (const usec_t end = now + SEC(9); now < end;) {
        made_frame(&m, false, 3, now += MSEC(33));
        subscription_drop_late(&s, LIMIT, now);
        while (track_output_rtcp(&m.track, now, (struct room){b, sizeof b}) > 0) {
        }
        asked = (unsigned)m.track.counters.plis;
    }
    assert_int_equal(s.state, SUBSCRIPTION_WAITING);
    assert_false(subscription_waits(&s)); /* nothing to wake up for */
    assert_in_range(asked, 1, 16);        /* the track repeats what is not answered */
    made_frame(&m, true, 3, now += MSEC(33));
    assert_true(subscription_waits(&s));
    assert_int_equal(subscription_next(&s, now, &o), 1);
    subscription_stop(&s);
    made_clear(&m);
}

static void a_film_leaves_out_pictures_but_no_sound(void **state) {
    (void)state;
    struct presentation p;
    struct bytes files[3];
    struct cursor c;
    struct outgoing o;
    const struct media_line video = made_viewer_line(MEDIA_VIDEO, true);
    const struct media_line audio = made_viewer_line(MEDIA_AUDIO, false);
    usec_t now = SEC(10);
    unsigned sounds = 0, pictures = 0, left_out = 0;
    usec_t latest = 0;
    made_presentation(&p, files);
    assert_int_equal(cursor_init(&c, &p, &video, &audio, 0, 9), 0);
    cursor_play(&c, now);
    for (const usec_t end = now + SEC(9); now < end; now += MSEC(10)) {
        left_out += cursor_drop_late(&c, LIMIT, now);
        while (cursor_next(&c, MEDIA_AUDIO, now, &o) > 0) {
            sounds++;
        }
        if (now % MSEC(100) == 0 && cursor_next(&c, MEDIA_VIDEO, now, &o) > 0) {
            pictures++; /* ten packets a second: far less than the film has */
            const usec_t due = (usec_t)((int64_t)c.at + c.video.due_media - c.media);
            latest = c.video.packet > 0 && now > due && now - due > latest ? now - due : latest;
        }
    }
    assert_in_range(sounds, 440, 455);
    assert_true(pictures > 40 && left_out > 100);
    assert_true(latest < LIMIT + SEC(1)); /* and the time of a frame that had begun */
    struct cursor_position at;
    cursor_position(&c, now, &at);
    assert_true(at.t > 8.9 && at.t < 9.1);
    for (size_t i = 0; i < 3; i++) {
        free((void *)(uintptr_t)files[i].p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_picture_goes_on_at_the_newest_key_frame),
        cmocka_unit_test(without_a_newer_key_frame_one_is_asked_for_and_not_too_often),
        cmocka_unit_test(a_film_leaves_out_pictures_but_no_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
