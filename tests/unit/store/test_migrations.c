/* Opening: what is there, what is new, what cannot be used. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "store/migrations.h"
#include "store_test.h"

static void the_file_is_for_this_user_only(void **state) {
    struct store_test *t = *state;
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/parlour.db", t->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    snprintf(path, sizeof(path), "%s/parlour.db-wal", t->dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void opening_again_changes_nothing(void **state) {
    struct store_test *t = *state;
    struct visit_row visit = {.title = "Visit"};
    struct database *second;
    assert_int_equal(visits_create(t->db, &visit), 0);
    assert_int_equal(database_open(t->dir, NULL, &second), 0);
    assert_int_equal(visits_get(second, &visit), 0);
    database_close(second);
}

/* SQLite's file header keeps user_version big-endian at byte 60. */
static void a_file_of_a_newer_version_is_left_alone(void **state) {
    struct store_test *t = *state;
    char path[128];
    const unsigned char future[4] = {0, 0, 3, 0xe7};
    database_close(t->db);
    t->db = NULL;
    snprintf(path, sizeof(path), "%s/parlour.db", t->dir);
    int fd = open(path, O_RDWR);
    assert_int_equal(pwrite(fd, future, 4, 60), 4);
    close(fd);
    assert_int_equal(database_open(t->dir, NULL, &t->db), -EPROTO);
    t->db = NULL;
}

static void a_file_that_is_no_database_is_refused(void **state) {
    struct store_test *t = *state;
    char path[128], garbage[8192];
    database_close(t->db);
    t->db = NULL;
    memset(garbage, 'x', sizeof(garbage));
    snprintf(path, sizeof(path), "%s/parlour.db", t->dir);
    int fd = open(path, O_RDWR | O_TRUNC);
    assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
    close(fd);
    assert_int_equal(database_open(t->dir, NULL, &t->db), -EIO);
    t->db = NULL;
}

static void a_directory_that_cannot_be_is_refused(void **state) {
    struct store_test *t = *state;
    struct database *db = NULL;
    char path[160];
    snprintf(path, sizeof(path), "%s/parlour.db/below", t->dir);
    assert_int_equal(database_open(path, NULL, &db), -ENOTDIR);
    snprintf(path, sizeof(path), "%s/a/b", t->dir);
    assert_int_equal(database_open(path, NULL, &db), -ENOENT);
    assert_null(db);
}

/* A film that plays, one whose replacement was being compiled, one that failed, one that waits. */
static const char version_1_rows[] =
    "PRAGMA user_version = 1;"
    "INSERT INTO walkthroughs(id, slug, title, state, progress, error, duration, published, source,"
    " directory, details, created_at, updated_at) VALUES"
    " ('a', 'a', 'A', 1, 1, '', 5, 1, 'uploads/a', 'a-1', '', 1, 1),"
    " ('b', 'b', 'B', 0, 0.5, '', 5, 1, 'uploads/b2', 'b-1', '', 1, 1),"
    " ('c', 'c', 'C', 2, 0, 'No film.', 0, 0, '', '', '', 1, 1),"
    " ('d', 'd', 'D', 0, 0, '', 0, 0, 'uploads/d', '', '', 1, 1);";

static struct walkthrough_row row; /* 18 KB */

static void get(struct database *db, const char *id) {
    memset(&row, 0, sizeof(row));
    snprintf(row.id, sizeof(row.id), "%s", id);
    assert_int_equal(walkthroughs_get(db, &row), 0);
}

static void a_file_of_version_1_keeps_its_films(void **state) {
    struct store_test *t = *state;
    char path[128];
    sqlite3 *handle;
    database_close(t->db);
    t->db = NULL;
    store_test_remove(t->dir);
    assert_int_equal(mkdir(t->dir, 0700), 0);
    snprintf(path, sizeof(path), "%s/parlour.db", t->dir);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, migrations[0], NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, version_1_rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_int_equal(database_open(t->dir, NULL, &t->db), 0);
    get(t->db, "a");
    assert_string_equal(row.film, "uploads/a");
    assert_int_equal(row.state, WALKTHROUGH_READY);
    assert_string_equal(row.visit, "");
    get(t->db, "b");
    assert_string_equal(row.film, ""); /* version 1 has forgotten it */
    assert_string_equal(row.source, "uploads/b2");
    get(t->db, "c");
    assert_string_equal(row.error, "No film.");
    assert_string_equal(row.reason, "");
    struct walkthrough_list list = {.compiling_only = true};
    assert_int_equal(walkthroughs_list(t->db, &list), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.rows[0].id, "b");
    walkthrough_list_clear(&list);
    struct source_row source = {.kind = INPUT_RTMP, .name = "Desk"};
    assert_int_equal(sources_create(t->db, &source), 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(the_file_is_for_this_user_only),          T(opening_again_changes_nothing),
        T(a_file_of_a_newer_version_is_left_alone), T(a_file_that_is_no_database_is_refused),
        T(a_directory_that_cannot_be_is_refused),   T(a_file_of_version_1_keeps_its_films),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
