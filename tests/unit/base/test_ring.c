#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/ring.h"

#define MANY 200000

static void gives_values_in_order(void **state) {
    (void)state;
    struct ring *r = ring_new(sizeof(int), 4);
    int got = -1;
    assert_non_null(r);
    assert_false(ring_take(r, &got));
    for (int round = 0, next = 0; round < 5; round++) { /* beyond its end, by turns */
        for (int i = 0; i < 3; i++) {
            int v = next + i;
            assert_int_equal(ring_post(r, &v), 0);
        }
        assert_int_equal(ring_waiting(r), 3);
        for (int i = 0; i < 3; i++, next++) {
            assert_true(ring_take(r, &got));
            assert_int_equal(got, next);
        }
    }
    ring_free(r);
    ring_free(NULL);
}

static void refuses_when_full_and_tells_its_room(void **state) {
    (void)state;
    struct ring *r = ring_new(sizeof(int), 2);
    int v = 7, got = 0;
    assert_int_equal(ring_room(r), 2);
    assert_int_equal(ring_post(r, &v), 0);
    assert_int_equal(ring_post(r, &v), 0);
    assert_int_equal(ring_room(r), 0);
    assert_int_equal(ring_post(r, &v), -ENOBUFS);
    assert_true(ring_take(r, &got));
    assert_int_equal(ring_room(r), 1);
    assert_int_equal(ring_post(r, &v), 0);
    ring_free(r);
}

/* What the writer wrote behind the pointers is seen, too. */
static void *write_many(void *ctx) {
    struct ring *r = ctx;
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t *p = malloc(sizeof(*p));
        *p = i;
        while (ring_post(r, &p) < 0) {
        }
    }
    return NULL;
}

static void two_threads_need_no_lock(void **state) {
    (void)state;
    struct ring *r = ring_new(sizeof(uint64_t *), 64);
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_many, r), 0);
    for (uint64_t i = 0; i < MANY; i++) {
        uint64_t *p;
        while (!ring_take(r, &p)) {
        }
        assert_int_equal(*p, i);
        free(p);
    }
    pthread_join(writer, NULL);
    ring_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values_in_order),
        cmocka_unit_test(refuses_when_full_and_tells_its_room),
        cmocka_unit_test(two_threads_need_no_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
