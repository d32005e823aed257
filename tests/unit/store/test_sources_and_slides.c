/* Live sources with their keys and ports, and decks of slides. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store_test.h"

static struct source_row make(struct database *db, enum input_kind kind, int expected) {
    struct source_row s = {.kind = kind, .name = "Desk", .port_first = 9000, .port_last = 9001};
    assert_int_equal(sources_create(db, &s), expected);
    return s;
}

static void each_source_has_a_key_of_its_own_that_can_be_rolled(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct source_row a = make(db, INPUT_RTMP, 0), b = make(db, INPUT_RTMP, 0), before = a;
    assert_int_equal(strlen(a.stream_key), 32);
    assert_string_not_equal(a.stream_key, b.stream_key);
    assert_int_equal(a.port, 0);
    a.fields = SOURCE_STREAM_KEY;
    assert_int_equal(sources_change(db, &a), 0);
    assert_int_equal(strlen(a.stream_key), 32);
    assert_string_not_equal(a.stream_key, before.stream_key);
    assert_string_equal(a.name, "Desk");
}

static void listeners_get_ports_of_the_range_until_none_is_left(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct source_row a = make(db, INPUT_SRT, 0), b = make(db, INPUT_SRT, 0);
    assert_int_equal(a.port, 9000);
    assert_int_equal(b.port, 9001);
    make(db, INPUT_SRT, -ENOSPC);
    assert_int_equal(sources_delete(db, &a), 0);
    assert_string_equal(a.name, "Desk");
    assert_int_equal(sources_delete(db, &a), -ENOENT);
    assert_int_equal(make(db, INPUT_SRT, 0).port, 9000);
}

static void a_playlist_keeps_its_order(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct source_row s = {.kind = INPUT_PLAYLIST, .walkthrough_count = 3};
    strcpy(s.walkthroughs[0], "film-c");
    strcpy(s.walkthroughs[1], "film-a");
    strcpy(s.walkthroughs[2], "film-c");
    assert_int_equal(sources_create(db, &s), 0);
    assert_int_equal(sources_get(db, &s), 0);
    assert_int_equal(s.walkthrough_count, 3);
    assert_string_equal(s.walkthroughs[1], "film-a");
    assert_string_equal(s.walkthroughs[2], "film-c");
    s.walkthrough_count = 0;
    s.fields = SOURCE_WALKTHROUGHS;
    assert_int_equal(sources_change(db, &s), 0);
    assert_int_equal(s.walkthrough_count, 0);
}

static void the_number_of_sources_is_limited(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    for (int i = 0; i < 4; i++) {
        make(db, INPUT_TEST, 0);
    }
    make(db, INPUT_TEST, -ENOSPC);
    struct source_list list = {.limit = 3};
    assert_int_equal(sources_list(db, &list), 0);
    assert_int_equal(list.count, 3);
    source_list_clear(&list);
}

static void slides_become_ready(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct slides_row a = {.title = "Deck", .source = "uploads/a"}, b = {.title = "Other"};
    assert_int_equal(slides_create(db, &a), 0);
    assert_int_equal(slides_create(db, &b), 0);
    struct slides_list list = {.compiling_only = true};
    assert_int_equal(slides_list(db, &list), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.rows[0].id, a.id);
    slides_list_clear(&list);
    a.state = WALKTHROUGH_READY;
    strcpy(a.directory, "deck-1");
    a.fields = SLIDES_OUTCOME;
    assert_int_equal(slides_change(db, &a), 0);
    assert_int_equal(slides_get(db, &a), 0);
    assert_string_equal(a.directory, "deck-1");
    assert_string_equal(a.source, "uploads/a");
    assert_int_equal(slides_delete(db, &a), 0);
    assert_int_equal(slides_get(db, &a), -ENOENT);
    assert_int_equal(slides_change(db, &a), -ENOENT);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(each_source_has_a_key_of_its_own_that_can_be_rolled),
        T(listeners_get_ports_of_the_range_until_none_is_left),
        T(a_playlist_keeps_its_order),
        T(the_number_of_sources_is_limited),
        T(slides_become_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
