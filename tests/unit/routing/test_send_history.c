#include "routing/send_history.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct send_history h;

static void a_number_names_the_packet_that_carried_it(void **state) {
    (void)state;
    usec_t sent;
    send_history_init(&h);
    assert_null(send_history_find(&h, 1, SEC(9), &sent));
    for (unsigned i = 0; i < 70000; i++) { /* over the wrap of 16 bits, and of 32 bits of µs */
        const uint16_t number = (uint16_t)h.next;
        const usec_t at = SEC(4290) + i * MSEC(1);
        send_history_add(&h, 100 + i % 900, 0, at);
        const struct sent_packet *p = send_history_find(&h, number, at + MSEC(70), &sent);
        assert_non_null(p);
        assert_int_equal(sent, at);
        assert_int_equal(p->size, 100 + i % 900);
        assert_null(send_history_find(&h, (uint16_t)(number + 1), at, &sent));
    }
    assert_null(send_history_find(&h, (uint16_t)(h.next - SEND_HISTORY - 1), SEC(4360), &sent));
    assert_non_null(send_history_find(&h, (uint16_t)(h.next - SEND_HISTORY), SEC(4360), &sent));
}

static void what_is_told_or_forgotten_is_no_longer_in_flight(void **state) {
    (void)state;
    send_history_init(&h);
    for (unsigned i = 0; i < 10; i++) {
        send_history_add(&h, 1000, 0, SEC(1));
    }
    assert_int_equal(h.in_flight, 10000);
    send_history_cover(&h, 4);
    assert_int_equal(h.in_flight, 6000);
    send_history_cover(&h, 2); /* older news */
    assert_int_equal(h.in_flight, 6000);
    send_history_cover(&h, 10);
    assert_int_equal(h.in_flight, 0);
    for (unsigned i = 0; i < 3 * SEND_HISTORY; i++) {
        send_history_add(&h, 1, 0, SEC(2));
        assert_true(h.in_flight <= SEND_HISTORY);
    }
    send_history_cover(&h, (uint16_t)(h.next - 1));
    assert_int_equal(h.in_flight, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_names_the_packet_that_carried_it),
        cmocka_unit_test(what_is_told_or_forgotten_is_no_longer_in_flight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
