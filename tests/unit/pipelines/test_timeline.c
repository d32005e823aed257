/* A live sender's timestamps find their place on our clock and keep it; arrivals are found again.
 */
#include "harness.h"
#include "live/arrivals.h"
#include "live/timeline.h"

#define MS UINT64_C(1000000)

/* Frames every 40 ms of the sender's clock from `from`, each `late` after it was captured; the
 * place of the last. */
static bool run(struct timeline *t, uint64_t from, uint64_t now, unsigned frames, uint64_t *ret) {
    bool shown = false;
    for (unsigned i = 0; i < frames; i++) {
        shown = timeline_map(t, from + i * 40 * MS, now + i * 40 * MS, ret);
    }
    return shown;
}

static void a_bunch_at_the_start_does_not_set_the_place(void **state) {
    (void)state;
    struct timeline t = {0};
    uint64_t at = 0;
    for (unsigned i = 0; i < 20; i++) { /* 800 ms of film at once, held up before */
        assert_false(timeline_map(&t, 500000 * MS + i * 40 * MS, 10000 * MS + i * MS, &at));
    }
    assert_true(run(&t, 500800 * MS, 10040 * MS, 10, &at));
    assert_true(at == 10040 * MS + 9 * 40 * MS);
}

static void a_late_frame_keeps_its_distance(void **state) {
    (void)state;
    struct timeline t = {0};
    uint64_t at = 0;
    assert_true(run(&t, 7000 * MS, 20000 * MS, 10, &at));
    assert_true(timeline_map(&t, 7400 * MS, 20430 * MS, &at)); /* 30 ms later than its fellows */
    assert_true(at == 20400 * MS);
}

static void a_clock_that_drifts_is_followed_when_it_is_wrong(void **state) {
    (void)state;
    struct timeline t = {0};
    uint64_t at = 0;
    assert_true(run(&t, 7000 * MS, 20000 * MS, 10, &at));
    assert_true(run(&t, 7400 * MS, 20450 * MS, 40, &at)); /* 50 ms off: let be */
    assert_true(at == 20400 * MS + 39 * 40 * MS);
    assert_true(run(&t, 9000 * MS, 22100 * MS, 200, &at)); /* 100 ms off: moved */
    assert_true(at == 22100 * MS + 199 * 40 * MS);
}

static void a_sender_that_starts_over_is_placed_anew(void **state) {
    (void)state;
    struct timeline t = {0};
    uint64_t at = 0;
    assert_true(run(&t, 900000 * MS, 20000 * MS, 10, &at));
    assert_false(timeline_map(&t, 0, 21000 * MS, &at));
    assert_true(run(&t, 40 * MS, 21040 * MS, 10, &at));
    assert_true(at == 21040 * MS + 9 * 40 * MS);
}

static void a_clock_that_jumps_ahead_is_followed_at_once(void **state) {
    (void)state;
    struct timeline t = {0};
    uint64_t at = 0;
    assert_true(run(&t, 7000 * MS, 20000 * MS, 10, &at));
    assert_true(timeline_map(&t, 9000 * MS, 20400 * MS, &at));
    assert_true(at == 20400 * MS);
    assert_true(timeline_map(&t, 9000000 * MS, 20440 * MS, &at)); /* by hours */
    assert_true(at == 20440 * MS);
    assert_true(run(&t, 9000040 * MS, 20480 * MS, 10, &at));
    assert_true(at == 20480 * MS + 9 * 40 * MS);
}

static void arrivals_are_found_by_about_their_time(void **state) {
    (void)state;
    struct arrivals a = {0};
    int64_t at = 0;
    assert_false(arrivals_find(&a, 0, &at));
    for (uint64_t i = 0; i < 3 * ARRIVALS_KEPT; i++) {
        arrivals_note(&a, i * 33 * MS, (int64_t)i);
    }
    assert_true(arrivals_find(&a, (3 * ARRIVALS_KEPT - 5) * 33 * MS + MS, &at));
    assert_int_equal(at, 3 * ARRIVALS_KEPT - 5);
    assert_false(arrivals_find(&a, (3 * ARRIVALS_KEPT - 5) * 33 * MS + 10 * MS, &at));
    assert_false(arrivals_find(&a, 33 * MS, &at)); /* forgotten */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bunch_at_the_start_does_not_set_the_place),
        cmocka_unit_test(a_late_frame_keeps_its_distance),
        cmocka_unit_test(a_clock_that_drifts_is_followed_when_it_is_wrong),
        cmocka_unit_test(a_sender_that_starts_over_is_placed_anew),
        cmocka_unit_test(a_clock_that_jumps_ahead_is_followed_at_once),
        cmocka_unit_test(arrivals_are_found_by_about_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
