#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "media/presence.h"

/* Heard every `every` and sent to all the time, from `from` for `length`. */
static usec_t chat(struct presence *p, usec_t from, usec_t length, usec_t every) {
    usec_t now = from;
    for (; now < from + length; now += every) {
        assert_false(presence_heard(p, now));
        presence_sent(p, now + 1);
    }
    return now - every;
}

static void a_steady_peer_that_falls_silent_is_away_after_two_seconds(void **state) {
    (void)state;
    struct presence p;
    presence_init(&p, SEC(1));
    const usec_t last = chat(&p, SEC(1), SEC(5), SEC(1));
    assert_false(presence_is_away(&p, last + MSEC(1900)));
    assert_true(presence_is_away(&p, last + MSEC(2100)));
    assert_true(presence_heard(&p, last + SEC(4)));
    assert_false(presence_is_away(&p, last + SEC(4)));
}

static void a_peer_that_reports_seldom_is_given_longer(void **state) {
    (void)state;
    struct presence p;
    presence_init(&p, SEC(1));
    const usec_t last = chat(&p, SEC(1), SEC(30), SEC(5));
    assert_false(presence_is_away(&p, last + SEC(9)));
    assert_true(presence_is_away(&p, last + SEC(11)));
}

static void who_is_sent_nothing_has_nothing_to_answer(void **state) {
    (void)state;
    struct presence p;
    presence_init(&p, SEC(1));
    const usec_t last = chat(&p, SEC(1), SEC(5), SEC(1));
    assert_false(presence_heard(&p, last + SEC(1))); /* the film is paused */
    assert_false(presence_is_away(&p, last + SEC(60)));
    presence_sent(&p, last + SEC(60)); /* and goes on */
    assert_false(presence_heard(&p, last + SEC(60) + MSEC(50)));
}

static void a_new_peer_is_not_steady_yet(void **state) {
    (void)state;
    struct presence p;
    presence_init(&p, SEC(1));
    presence_sent(&p, SEC(1) + MSEC(10));
    assert_false(presence_heard(&p, SEC(4)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_steady_peer_that_falls_silent_is_away_after_two_seconds),
        cmocka_unit_test(a_peer_that_reports_seldom_is_given_longer),
        cmocka_unit_test(who_is_sent_nothing_has_nothing_to_answer),
        cmocka_unit_test(a_new_peer_is_not_steady_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
