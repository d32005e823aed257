/* Answers come on the control thread, in order, and nothing that was accepted is lost. */
#include "store/store.h"

#include <poll.h>
#include <semaphore.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_test.h"

static sem_t woken;

static void wake(void *ctx) {
    (void)ctx;
    sem_post(&woken);
}

static struct store *start(void **state, size_t waiting_max) {
    struct store_test *t = *state;
    struct store *store;
    const struct store_config config = {.dir = t->dir, .waiting_max = waiting_max, .wake = wake};
    assert_int_equal(sem_init(&woken, 0, 0), 0);
    assert_int_equal(store_new(&config, &store), 0);
    return store;
}

static void drain(struct store *store) {
    while (store_pending(store) > 0) {
        sem_wait(&woken);
        store_service(store);
    }
}

static unsigned next;

static void created(void *ctx, int result, void *argument) {
    const struct visit_row *visit = argument;
    unsigned number = *(const unsigned *)ctx;
    assert_int_equal(result, 0);
    assert_int_equal(number, next++);
    assert_int_equal(strlen(visit->id), 12);
}

static void answers_come_in_the_order_of_the_calls(void **state) {
    struct store *store = start(state, 0);
    static unsigned numbers[20];
    next = 0;
    for (unsigned i = 0; i < 20; i++) {
        struct visit_row visit = {.title = "Visit"};
        numbers[i] = i;
        assert_int_equal(store_visits_create(store, &visit, created, &numbers[i]), 0);
    }
    drain(store);
    assert_int_equal(next, 20);
    store_free(store);
}

static void listed(void *ctx, int result, void *argument) {
    const struct visit_list *list = argument;
    assert_int_equal(result, 0);
    *(size_t *)ctx = list->count;
}

static void lists_are_freed_after_the_answer(void **state) {
    struct store *store = start(state, 0);
    struct visit_row visit = {.title = "Visit"};
    const struct visit_list list = {0};
    size_t count = 0;
    assert_int_equal(store_visits_create(store, &visit, NULL, NULL), 0);
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    drain(store);
    assert_int_equal(count, 1);
    store_free(store);
}

static void too_many_at_once_are_refused(void **state) {
    struct store *store = start(state, 2);
    const struct visit_list list = {0};
    size_t count;
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    assert_int_equal(store_visits_list(store, &list, listed, &count), -ENOBUFS);
    drain(store);
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    store_free(store); /* with one on its way */
}

static void not_called(void *ctx, int result, void *argument) {
    (void)ctx;
    (void)result;
    (void)argument;
    fail();
}

static void what_was_accepted_is_written_though_the_end_comes(void **state) {
    struct store_test *t = *state;
    struct store *store = start(state, 0);
    struct visit_list list = {0};
    for (int i = 0; i < 10; i++) {
        struct visit_row visit = {.title = "Visit"};
        assert_int_equal(store_visits_create(store, &visit, not_called, NULL), 0);
    }
    store_free(store);
    assert_int_equal(visits_list(t->db, &list), 0);
    assert_int_equal(list.count, 10);
    visit_list_clear(&list);
}

static void refused(void *ctx, int result, void *argument) {
    (void)argument;
    *(int *)ctx = result;
}

static void a_password_is_hashed_beside_the_other_work(void **state) {
    struct store *store = start(state, 0);
    const struct login login = {.email = "x@example.com", .password = "guess", .address = "::1"};
    const struct visit_list list = {0};
    int result = 1;
    size_t count = 99;
    assert_int_equal(store_logins_try(store, &login, refused, &result), 0);
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    drain(store);
    assert_int_equal(result, -EACCES);
    assert_int_equal(count, 0);
    store_free(store);
}

static void another_program_may_write_meanwhile(void **state) {
    struct store_test *t = *state;
    struct store *store = start(state, 0);
    struct visit_row mine = {.title = "Mine"}, theirs = {.title = "Theirs"};
    const struct visit_list list = {0};
    size_t count = 0;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(store_visits_create(store, &mine, NULL, NULL), 0);
        assert_int_equal(visits_create(t->db, &theirs), 0);
    }
    assert_int_equal(store_visits_list(store, &list, listed, &count), 0);
    drain(store);
    assert_int_equal(count, 10);
    store_free(store);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(answers_come_in_the_order_of_the_calls),
        T(lists_are_freed_after_the_answer),
        T(too_many_at_once_are_refused),
        T(what_was_accepted_is_written_though_the_end_comes),
        T(a_password_is_hashed_beside_the_other_work),
        T(another_program_may_write_meanwhile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
