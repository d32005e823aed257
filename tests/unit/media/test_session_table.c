#include <setjmp.h>
#include <stdarg.h>

#include "media/session.h"
#include "media/session_table.h"

#include <cmocka.h>

static struct path path_number(uint16_t n) {
    struct path path = {.remote = {.family = 4, .port = n}, .local = {.family = 4, .port = 1}};
    return path;
}

/* As ICE does after a check: the path in a place of its list. */
static void check_on(struct session_table *t, struct session *s, size_t place, uint16_t n) {
    const struct path path = path_number(n);
    s->ice.paths[place].path = path;
    assert_int_equal(session_table_add_path(t, s, &path), 0);
}

/* A host with many addresses is checked on more paths than are remembered. */
static void paths_that_ice_holds_are_found(void **state) {
    (void)state;
    static struct session s = {.id = 1};
    struct session_table t;
    session_table_init(&t, 42);
    check_on(&t, &s, 0, 1000); /* the nominated one: ICE keeps it */
    for (uint16_t n = 1; n <= 50; n++) {
        const size_t place = 1 + n % (ICE_PATHS_MAX - 1);
        const struct path former = s.ice.paths[place].path;
        check_on(&t, &s, place, n);
        for (size_t i = 0; i < ICE_PATHS_MAX; i++) {
            if (s.ice.paths[i].path.remote.family != 0) {
                assert_ptr_equal(session_by_path(&t, &s.ice.paths[i].path), &s);
            }
        }
        assert_null(session_by_path(&t, &former));
    }
    session_table_remove(&t, &s);
    assert_int_equal(t.paths.used, 0);
    session_table_clear(&t);
}

static void a_path_that_changed_hands_and_back_stays(void **state) {
    (void)state;
    static struct session a = {.id = 1}, b = {.id = 2};
    struct session_table t;
    session_table_init(&t, 42);
    check_on(&t, &a, 0, 1);
    check_on(&t, &b, 0, 1);
    check_on(&t, &a, 0, 1);
    for (uint16_t n = 2; n <= 1 + SESSION_PATHS; n++) {
        check_on(&t, &a, 1 + n % (ICE_PATHS_MAX - 1), n);
    }
    session_table_remove(&t, &b);
    const struct path path = path_number(1);
    assert_ptr_equal(session_by_path(&t, &path), &a);
    session_table_remove(&t, &a);
    assert_int_equal(t.paths.used, 0);
    session_table_clear(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_ice_holds_are_found),
        cmocka_unit_test(a_path_that_changed_hands_and_back_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
