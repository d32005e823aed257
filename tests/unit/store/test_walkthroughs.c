/* Walkthroughs: a slug that stays, states, progress and outcome. */
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

static struct walkthrough_row row, got; /* 18 KB each */

static void make(struct database *db, const char *title) {
    memset(&row, 0, sizeof(row));
    snprintf(row.title, sizeof(row.title), "%s", title);
    snprintf(row.source, sizeof(row.source), "uploads/1");
    assert_int_equal(walkthroughs_create(db, &row), 0);
}

static void the_same_title_gets_another_slug(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    make(db, "Our Lamp");
    assert_string_equal(row.slug, "our-lamp");
    make(db, "Our lamp!");
    assert_string_equal(row.slug, "our-lamp-2");
    struct walkthrough_row *taken = &got;
    memset(taken, 0, sizeof(*taken));
    snprintf(taken->slug, sizeof(taken->slug), "our-lamp");
    assert_int_equal(walkthroughs_create(db, taken), -EEXIST);
}

static void it_is_found_by_id_and_by_slug(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    make(db, "Our Lamp");
    memset(&got, 0, sizeof(got));
    snprintf(got.slug, sizeof(got.slug), "our-lamp");
    assert_int_equal(walkthroughs_get(db, &got), 0);
    assert_string_equal(got.id, row.id);
    memset(&got, 0, sizeof(got));
    memcpy(got.id, row.id, sizeof(got.id));
    assert_int_equal(walkthroughs_get(db, &got), 0);
    assert_string_equal(got.source, "uploads/1");
    memset(&got, 0, sizeof(got));
    assert_int_equal(walkthroughs_get(db, &got), -ENOENT);
}

static void it_compiles_becomes_ready_and_is_replaced_under_the_same_slug(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    make(db, "Our Lamp");
    struct walkthrough_row *w = &got;
    *w = row;
    w->progress = 0.5;
    w->fields = WALKTHROUGH_PROGRESS;
    assert_int_equal(walkthroughs_change(db, w), 0);
    assert_true(w->progress > 0.49 && w->progress < 0.51);
    assert_int_equal(w->state, WALKTHROUGH_COMPILING);
    w->state = WALKTHROUGH_READY;
    w->duration = 61.5;
    w->progress = 1;
    snprintf(w->directory, sizeof(w->directory), "abc");
    w->fields = WALKTHROUGH_OUTCOME | WALKTHROUGH_PROGRESS;
    assert_int_equal(walkthroughs_change(db, w), 0);
    assert_int_equal(w->state, WALKTHROUGH_READY);
    assert_true(w->duration > 61);
    w->published = true;
    snprintf(w->source, sizeof(w->source), "uploads/2");
    w->fields = WALKTHROUGH_PUBLISHED | WALKTHROUGH_SOURCE;
    assert_int_equal(walkthroughs_change(db, w), 0);
    assert_int_equal(w->state, WALKTHROUGH_COMPILING);
    assert_string_equal(w->directory, "abc"); /* the old film plays on meanwhile */
    assert_string_equal(w->slug, "our-lamp");
    assert_true(w->published);
    w->state = WALKTHROUGH_FAILED;
    snprintf(w->error, sizeof(w->error), "This is no film.");
    w->fields = WALKTHROUGH_OUTCOME;
    assert_int_equal(walkthroughs_change(db, w), 0);
    assert_string_equal(w->error, "This is no film.");
}

static void finish(struct database *db, enum walkthrough_state state) {
    row.state = state;
    row.fields = WALKTHROUGH_OUTCOME;
    assert_int_equal(walkthroughs_change(db, &row), 0);
}

static void unfinished_ones_are_found_in_the_order_of_their_queue(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    make(db, "One");
    finish(db, WALKTHROUGH_READY);
    struct walkthrough_row *one = &got;
    *one = row;
    make(db, "Two");
    finish(db, WALKTHROUGH_READY);
    make(db, "Three");
    one->fields = WALKTHROUGH_SOURCE; /* replaced: it queues behind what came later */
    snprintf(one->source, sizeof(one->source), "uploads/new");
    assert_int_equal(walkthroughs_change(db, one), 0);
    make(db, "Four");
    struct walkthrough_list list = {.compiling_only = true};
    assert_int_equal(walkthroughs_list(db, &list), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.rows[0].title, "Three");
    assert_string_equal(list.rows[1].title, "One");
    assert_string_equal(list.rows[2].title, "Four");
    walkthrough_list_clear(&list);
}

static void a_failed_replacement_keeps_both_files(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    make(db, "One");
    row.state = WALKTHROUGH_READY;
    snprintf(row.directory, sizeof(row.directory), "one-1");
    snprintf(row.film, sizeof(row.film), "uploads/1");
    row.fields = WALKTHROUGH_OUTCOME;
    assert_int_equal(walkthroughs_change(db, &row), 0);
    snprintf(row.source, sizeof(row.source), "uploads/2");
    snprintf(row.key, sizeof(row.key), "auto");
    row.fields = WALKTHROUGH_SOURCE | WALKTHROUGH_KEY;
    assert_int_equal(walkthroughs_change(db, &row), 0);
    assert_string_equal(row.film, "uploads/1");
    row.state = WALKTHROUGH_FAILED;
    snprintf(row.reason, sizeof(row.reason), "not_media");
    row.fields = WALKTHROUGH_OUTCOME;
    assert_int_equal(walkthroughs_change(db, &row), 0);
    assert_string_equal(row.source, "uploads/2");
    assert_string_equal(row.film, "uploads/1");
    assert_string_equal(row.directory, "one-1");
    assert_string_equal(row.reason, "not_media");
    assert_string_equal(row.key, "auto");
    row.fields = WALKTHROUGH_SOURCE; /* once more */
    assert_int_equal(walkthroughs_change(db, &row), 0);
    assert_int_equal(row.state, WALKTHROUGH_COMPILING);
    assert_string_equal(row.reason, "");
}

static void a_visit_has_one_replay(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = {.title = "Visit"};
    struct walkthrough_row *w = &got;
    assert_int_equal(visits_create(db, &visit), 0);
    memset(w, 0, sizeof(*w));
    memcpy(w->visit, visit.id, sizeof(w->visit));
    assert_int_equal(walkthroughs_get(db, w), -ENOENT);
    snprintf(w->title, sizeof(w->title), "Visit (replay)");
    assert_int_equal(walkthroughs_create(db, w), 0);
    row = *w;
    row.slug[0] = '\0';
    assert_int_equal(walkthroughs_create(db, &row), -EEXIST);
    char id[ID_MAX];
    memcpy(id, w->id, sizeof(id));
    memset(w, 0, sizeof(*w));
    memcpy(w->visit, visit.id, sizeof(w->visit));
    assert_int_equal(walkthroughs_get(db, w), 0);
    assert_string_equal(w->id, id);
    make(db, "An upload");
    assert_string_equal(row.visit, "");
    struct row_id gone = {0};
    memcpy(gone.id, visit.id, sizeof(gone.id));
    assert_int_equal(visits_delete(db, &gone), 0);
    assert_int_equal(walkthroughs_get(db, w), 0); /* stays, and is nobody's */
    assert_string_equal(w->visit, "");
}

static void deleting_tells_what_was_there(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct walkthrough_row gone = {0};
    make(db, "One");
    memcpy(gone.id, row.id, sizeof(gone.id));
    assert_int_equal(walkthroughs_delete(db, &gone), 0);
    assert_string_equal(gone.title, "One");
    assert_int_equal(walkthroughs_delete(db, &gone), -ENOENT);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(the_same_title_gets_another_slug),
        T(it_is_found_by_id_and_by_slug),
        T(it_compiles_becomes_ready_and_is_replaced_under_the_same_slug),
        T(unfinished_ones_are_found_in_the_order_of_their_queue),
        T(a_failed_replacement_keeps_both_files),
        T(a_visit_has_one_replay),
        T(deleting_tells_what_was_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
