/* The command line writes and leaves while the server runs: the server's connections see it, and
 * what the server writes afterwards is not lost. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_test.h"

#define ROUNDS 3

static void make_visit(struct database *db, char id[static ID_MAX]) {
    struct visit_row visit = {.title = "Visit", .recording = RECORDING_OFF};
    if (visits_create(db, &visit) != 0) {
        abort();
    }
    memcpy(id, visit.id, sizeof(visit.id));
}

/* What this program does when it is run with a directory: what a command does. */
static int be_a_command(const char *dir) {
    struct database *db;
    char id[ID_MAX] = "";
    if (database_open(dir, NULL, &db) != 0) {
        return 1;
    }
    make_visit(db, id);
    database_close(db);
    return write(STDOUT_FILENO, id, ID_MAX) == ID_MAX ? 0 : 1;
}

/* In a process of its own, not just a fork: SQLite's knowledge of locks would come along. */
static void make_visit_elsewhere(const char *dir, char id[static ID_MAX]) {
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl("/proc/self/exe", "command", dir, (char *)NULL);
        _exit(1);
    }
    assert_int_equal(read(ends[0], id, ID_MAX), ID_MAX);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(ends[0]);
    close(ends[1]);
}

static void assert_sees(struct database *db, const char *id) {
    struct visit_row visit = {0};
    strcpy(visit.id, id);
    assert_int_equal(visits_get(db, &visit), 0);
}

static void both_see_what_the_other_wrote(void **state) {
    struct store_test *t = *state;
    struct database *second;
    char theirs[ID_MAX], ours[ID_MAX];
    assert_int_equal(database_open(t->dir, NULL, &second), 0); /* the server has two */
    for (int round = 0; round < ROUNDS; round++) {
        make_visit_elsewhere(t->dir, theirs);
        assert_sees(t->db, theirs);
        assert_sees(second, theirs);
        make_visit(t->db, ours);
        assert_sees(second, ours);
    }
    database_close(second);
    struct database *later;
    assert_int_equal(database_open(t->dir, NULL, &later), 0);
    assert_sees(later, ours);
    database_close(later);
}

int main(int argc, char **argv) {
    if (argc == 2) {
        return be_a_command(argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_see_what_the_other_wrote, store_test_setup,
                                        store_test_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
