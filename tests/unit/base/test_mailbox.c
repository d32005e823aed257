#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mailbox.h"

static bool readable(const struct mailbox *m) {
    struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void gives_values_in_order_and_wakes_the_reader(void **state) {
    (void)state;
    struct mailbox *m = mailbox_new(sizeof(int), 4);
    assert_non_null(m);
    assert_false(readable(m));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mailbox_post(m, &i), 0);
    }
    assert_true(readable(m));
    mailbox_drained(m);
    for (int i = 0, got = -1; i < 3; i++) {
        assert_true(mailbox_take(m, &got));
        assert_int_equal(got, i);
    }
    int none;
    assert_false(mailbox_take(m, &none));
    assert_false(readable(m));
    mailbox_free(m);
}

static void refuses_when_full_and_keeps_what_it_has(void **state) {
    (void)state;
    struct mailbox *m = mailbox_new(sizeof(int), 2);
    int v = 7, got = 0;
    assert_int_equal(mailbox_post(m, &v), 0);
    assert_int_equal(mailbox_post(m, &v), 0);
    assert_int_equal(mailbox_post(m, &v), -ENOBUFS);
    assert_true(mailbox_take(m, &got));
    assert_int_equal(mailbox_post(m, &v), 0);
    mailbox_free(m);
    mailbox_free(NULL);
}

static void keeps_room_for_what_may_not_be_refused(void **state) {
    (void)state;
    struct mailbox *m = mailbox_new(sizeof(int), 4);
    int v = 1;
    assert_int_equal(mailbox_post_keeping(m, &v, 2), 0);
    assert_int_equal(mailbox_post_keeping(m, &v, 2), 0);
    assert_int_equal(mailbox_post_keeping(m, &v, 2), -ENOBUFS);
    assert_int_equal(mailbox_post(m, &v), 0);
    assert_int_equal(mailbox_post(m, &v), 0);
    assert_int_equal(mailbox_post(m, &v), -ENOBUFS);
    mailbox_free(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values_in_order_and_wakes_the_reader),
        cmocka_unit_test(refuses_when_full_and_keeps_what_it_has),
        cmocka_unit_test(keeps_room_for_what_may_not_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
