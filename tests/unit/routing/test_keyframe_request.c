#include "made.h"

static void retries_once_a_second_until_a_key_frame_passes(void **state) {
    (void)state;
    struct keyframe_request k;
    unsigned sent = 0;
    keyframe_request_init(&k);
    keyframe_request_want(&k, MSEC(10));
    for (usec_t now; (now = keyframe_request_next_timeout(&k)) <= MSEC(2500);) {
        while (keyframe_request_output(&k, now)) {
            sent++;
        }
    }
    assert_int_equal(sent, 3); /* at 10, 1010 and 2010 ms */
}

static void a_hundred_wishes_are_one_request_a_second(void **state) {
    (void)state;
    struct keyframe_request k;
    usec_t last = 0;
    unsigned sent = 0;
    keyframe_request_init(&k);
    for (usec_t now = SEC(1); now < SEC(6); now += MSEC(10)) {
        keyframe_request_want(&k, now);
        if (keyframe_request_output(&k, now)) {
            assert_true(sent == 0 || now - last >= SEC(1));
            last = now;
            sent++;
            keyframe_request_seen(&k); /* the publisher obeys at once, somebody else comes */
        }
    }
    assert_int_equal(sent, 5);
}

static void nobody_is_asked_for_ever(void **state) {
    (void)state;
    struct keyframe_request k;
    unsigned sent = 0;
    keyframe_request_init(&k);
    keyframe_request_want(&k, 0);
    for (usec_t now; (now = keyframe_request_next_timeout(&k)) != USEC_NEVER;) {
        sent += keyframe_request_output(&k, now);
    }
    assert_int_equal(sent, KEYFRAME_REQUEST_TRIES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_once_a_second_until_a_key_frame_passes),
        cmocka_unit_test(a_hundred_wishes_are_one_request_a_second),
        cmocka_unit_test(nobody_is_asked_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
