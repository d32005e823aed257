#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timers.h"

static void pops_in_the_order_of_time(void **state) {
    (void)state;
    enum { N = 300 };
    static struct timer timer[N];
    struct timers t;
    timers_init(&t);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(timers_set(&t, &timer[i], (i * 7919) % 1000), 0);
    }
    for (uint64_t i = 0; i < N; i += 3) {
        timers_unset(&t, &timer[i]);
    }
    for (uint64_t i = 1; i < N; i += 3) {
        assert_int_equal(timers_set(&t, &timer[i], 2000 - i), 0);
    }
    usec_t last = 0;
    unsigned popped = 0;
    for (struct timer *next; (next = timers_pop(&t, 5000)) != NULL; popped++) {
        assert_true(next->due >= last);
        last = next->due;
    }
    assert_int_equal(popped, N - N / 3);
    assert_int_equal(timers_next(&t), USEC_NEVER);
    timers_clear(&t);
}

static void never_takes_a_timer_out(void **state) {
    (void)state;
    struct timer one = {0};
    struct timers t;
    timers_init(&t);
    timers_set(&t, &one, 5);
    assert_null(timers_pop(&t, 4));
    timers_set(&t, &one, USEC_NEVER);
    assert_null(timers_pop(&t, 1000));
    timers_clear(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pops_in_the_order_of_time),
        cmocka_unit_test(never_takes_a_timer_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
