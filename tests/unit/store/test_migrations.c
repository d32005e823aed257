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

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(the_file_is_for_this_user_only),          T(opening_again_changes_nothing),
        T(a_file_of_a_newer_version_is_left_alone), T(a_file_that_is_no_database_is_refused),
        T(a_directory_that_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
