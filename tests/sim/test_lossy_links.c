/* tests/sim/test_lossy_links.c: 5 % loss on every link costs no frame. */
#include "model.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void run(bool rtx) {
    struct publisher p;
    struct viewer v;
    publisher_init(&p, 1, 0.05, 4711, SEC(10));
    viewer_init(&v, rtx, 0.05, 815);
    usec_t now = SEC(10);
    for (; now < SEC(40); now += MODEL_TICK) {
        if (now == SEC(11)) {
            viewer_switch(&v, &p, now);
        }
        publisher_run(&p, now);
        viewer_run(&v, now);
    }
    struct viewer_stream *video = &v.streams[MODEL_VIDEO], *audio = &v.streams[MODEL_AUDIO];
    assert_int_equal(p.tracks[MODEL_VIDEO].counters.frames_given_up, 0);
    assert_true(p.tracks[MODEL_VIDEO].counters.repaired > 100);
    assert_int_equal(video->sent_sequence_breaks, 0);
    assert_int_equal(video->sent_time_breaks, 0);
    assert_int_equal(audio->sent_time_breaks, 0);
    assert_int_equal(video->different_repeats, 0);
    assert_int_equal(viewer_missing(video, now - SEC(1)), 0);
    assert_int_equal(viewer_missing(audio, now - SEC(1)) > 120, 0); /* lost before the server */
    uint64_t frames, gaps;
    viewer_frames(video, 1, &frames, &gaps);
    assert_true(frames > 29 * 28);
    assert_int_equal(gaps, 0);
    assert_true(video->subscription.stream.retransmitted > 100);
    viewer_clear(&v);
    publisher_clear(&p);
}

static void every_frame_arrives_by_rtx(void **state) {
    (void)state;
    run(true);
}

static void every_frame_arrives_by_equal_repetition_without_rtx(void **state) {
    (void)state;
    run(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_frame_arrives_by_rtx),
        cmocka_unit_test(every_frame_arrives_by_equal_repetition_without_rtx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
