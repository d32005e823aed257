/* Which task is next. */
#include "app/job_queue.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MOST 8

static struct job_queue_entry entries[MOST];

static struct job_queue empty(void) {
    return (struct job_queue){.max = MOST, .entries = entries};
}

static void add(struct job_queue *q, job_id id, enum job_task_kind kind, uint64_t weight,
                usec_t since) {
    const struct job_queue_entry entry = {.id = id, .kind = kind, .weight = weight, .since = since};
    assert_int_equal(job_queue_add(q, &entry), 0);
}

static job_id take(struct job_queue *q, usec_t now) {
    const struct job_queue_entry *next = job_queue_next(q, now);
    job_id id = next ? next->id : 0;
    job_queue_remove(q, id);
    return id;
}

static void the_lightest_is_next(void **state) {
    (void)state;
    struct job_queue q = empty();
    add(&q, 1, JOB_COMPILE, 4000, 0);
    add(&q, 2, JOB_COMPILE, 10, SEC(1));
    add(&q, 3, JOB_SLIDES, 200, SEC(2));
    add(&q, 4, JOB_COMPILE, 10, SEC(3));
    assert_int_equal(job_queue_ahead(&q, 1, SEC(4)), 3);
    assert_int_equal(job_queue_ahead(&q, 2, SEC(4)), 0);
    assert_int_equal(job_queue_ahead(&q, 4, SEC(4)), 1);
    assert_int_equal(take(&q, SEC(4)), 2);
    assert_int_equal(take(&q, SEC(4)), 4);
    assert_int_equal(take(&q, SEC(4)), 3);
    assert_int_equal(take(&q, SEC(4)), 1);
    assert_int_equal(take(&q, SEC(4)), 0);
}

static void a_replay_is_first_and_the_rest_of_it_last(void **state) {
    (void)state;
    struct job_queue q = empty();
    add(&q, 1, JOB_ENRICH, 1, 0);
    add(&q, 2, JOB_COMPILE, 10, 0);
    add(&q, 3, JOB_ASSEMBLE, 9000, 0);
    assert_int_equal(take(&q, SEC(1)), 3);
    assert_int_equal(take(&q, SEC(1)), 2);
    assert_int_equal(take(&q, SEC(1)), 1);
}

static void what_has_waited_ten_minutes_waits_for_no_newer_one(void **state) {
    (void)state;
    struct job_queue q = empty();
    add(&q, 1, JOB_COMPILE, UINT64_MAX, 0);
    add(&q, 2, JOB_ENRICH, 5, SEC(1));
    add(&q, 3, JOB_COMPILE, 1, SEC(590));
    assert_int_equal(job_queue_next(&q, SEC(599))->id, 3);
    assert_int_equal(job_queue_next(&q, SEC(600))->id, 1);
    add(&q, 4, JOB_ASSEMBLE, 5, SEC(600));
    assert_int_equal(take(&q, SEC(700)), 4); /* but a replay goes first even then */
    assert_int_equal(take(&q, SEC(700)), 1);
    assert_int_equal(take(&q, SEC(700)), 2);
    assert_int_equal(take(&q, SEC(700)), 3);
}

static void it_has_an_end(void **state) {
    (void)state;
    struct job_queue q = empty();
    const struct job_queue_entry more = {.id = 99};
    for (job_id id = 1; id <= MOST; id++) {
        add(&q, id, JOB_COMPILE, 1, 0);
    }
    assert_int_equal(job_queue_add(&q, &more), -ENOBUFS);
    assert_false(job_queue_has(&q, 99));
    job_queue_remove(&q, 99);
    job_queue_remove(&q, 3);
    assert_int_equal(job_queue_add(&q, &more), 0);
    assert_true(job_queue_has(&q, 99));
    assert_int_equal(job_queue_ahead(&q, 3, 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lightest_is_next),
        cmocka_unit_test(a_replay_is_first_and_the_rest_of_it_last),
        cmocka_unit_test(what_has_waited_ten_minutes_waits_for_no_newer_one),
        cmocka_unit_test(it_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
