/* A client that comes back receives what it missed, or learns that it is too late. */
#include "visit/event_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct event_log *fresh(uint64_t first_seq, unsigned events) {
    struct event_log *log = calloc(1, sizeof(*log));
    assert_non_null(log);
    event_log_init(log, first_seq);
    for (unsigned i = 0; i < events; i++) {
        event_log_add(log, VISIT_EVENT_VISIT);
    }
    return log;
}

static void events_come_in_order_without_gaps(void **state) {
    (void)state;
    struct event_log *log = fresh(100, 3);
    uint64_t seq = 99;
    unsigned n = 0;
    for (const struct visit_event *e; (e = event_log_after(log, seq)); n++) {
        assert_int_equal(e->seq, seq + 1);
        seq = e->seq;
    }
    assert_int_equal(n, 3);
    assert_null(event_log_after(log, 102));
    assert_null(event_log_after(log, 5000));
    free(log);
}

static void a_client_resumes_anywhere_in_the_log(void **state) {
    (void)state;
    struct event_log *log = fresh(100, 3);
    for (uint64_t seq = 99; seq <= 102; seq++) {
        assert_true(event_log_reaches(log, seq));
    }
    free(log);
}

static void an_overwritten_event_makes_it_too_late(void **state) {
    (void)state;
    struct event_log *log = fresh(1, VISIT_LOG_MAX + 10);
    assert_false(event_log_reaches(log, 9));
    assert_true(event_log_reaches(log, 10));
    assert_int_equal(event_log_after(log, 0)->seq, 11);
    free(log);
}

static void a_number_of_another_run_is_never_resumed(void **state) {
    (void)state;
    struct event_log *log = fresh(1000, 2);
    assert_false(event_log_reaches(log, 900));
    assert_false(event_log_reaches(log, 1002)); /* not given yet */
    assert_false(event_log_reaches(log, UINT64_MAX));
    free(log);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_without_gaps),
        cmocka_unit_test(a_client_resumes_anywhere_in_the_log),
        cmocka_unit_test(an_overwritten_event_makes_it_too_late),
        cmocka_unit_test(a_number_of_another_run_is_never_resumed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
