/* tests/sim/test_switches.c: twenty switches between two sources with clocks of their own: numbers
 * without a break, lips in sync, few key-frame requests. */
#include "model.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void twenty_switches_keep_numbers_and_lips(void **state) {
    (void)state;
    static struct publisher p[2];
    struct viewer v;
    publisher_init(&p[0], 1, 0.02, 99, SEC(10));
    publisher_init(&p[1], 2, 0.02, 77, SEC(10));
    viewer_init(&v, true, 0.02, 5);
    usec_t now = SEC(10);
    unsigned switches = 0;
    for (; now < SEC(40); now += MODEL_TICK) {
        if (now >= SEC(12) && (now - SEC(12)) % MSEC(1230) == 0 && switches <= 20) {
            viewer_switch(&v, &p[switches % 2], now);
            switches++;
        }
        publisher_run(&p[0], now);
        publisher_run(&p[1], now);
        viewer_run(&v, now);
    }
    assert_int_equal(switches, 21);
    for (int i = 0; i < MODEL_STREAMS; i++) {
        struct viewer_stream *s = &v.streams[i];
        assert_int_equal(s->sent_time_breaks, 0);
        assert_int_equal(s->different_repeats, 0);
    }
    assert_int_equal(v.streams[MODEL_VIDEO].sent_sequence_breaks, 0);
    assert_true(v.skew_samples > 1000);
    assert_in_range(v.skew_worst, 0, MSEC(40));
    assert_in_range(p[0].plis + p[1].plis, 1, 2 * 30);
    uint64_t frames, gaps;
    viewer_frames(&v.streams[MODEL_VIDEO], 1, &frames, &gaps);
    assert_true(frames > 250);
    viewer_clear(&v);
    publisher_clear(&p[0]);
    publisher_clear(&p[1]);
}

static void a_join_shows_the_cached_picture_at_once_and_in_sync(void **state) {
    (void)state;
    static struct publisher p;
    struct viewer v;
    publisher_init(&p, 3, 0, 1, SEC(10));
    viewer_init(&v, true, 0, 2);
    for (usec_t now = SEC(10); now < SEC(16); now += MODEL_TICK) {
        if (now == SEC(12)) { /* the key frame is 2 s old */
            viewer_switch(&v, &p, now);
        }
        publisher_run(&p, now);
        viewer_run(&v, now);
    }
    const struct viewer_stream *video = &v.streams[MODEL_VIDEO];
    assert_true(video->log[0].key);
    assert_in_range(video->first_arrival, SEC(12) + MSEC(30), SEC(12) + MSEC(35));
    assert_int_equal(p.plis, 0);
    assert_int_equal(video->sent_time_breaks, 0);
    assert_true(v.skew_samples > 300);
    assert_in_range(v.skew_worst, 0, MSEC(40));
    viewer_clear(&v);
    publisher_clear(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twenty_switches_keep_numbers_and_lips),
        cmocka_unit_test(a_join_shows_the_cached_picture_at_once_and_in_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
