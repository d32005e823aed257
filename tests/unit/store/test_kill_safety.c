/* A killed server comes back with every visit and invite that it had acknowledged. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store_test.h"

#define ROUNDS 3
#define TOKEN_SIZE 32

struct acknowledged {
    char visit[ID_MAX];
    char token[TOKEN_SIZE + 1];
};

/* Makes visits and invites without end, and names each on the pipe after it was committed. */
static void serve_until_killed(const char *dir, int out) {
    struct database *db;
    if (database_open(dir, NULL, &db) != 0) {
        _exit(1);
    }
    for (;;) {
        struct visit_row visit = {.title = "Visit", .recording = RECORDING_ASK};
        struct invite_row invite = {.name = "Sam"};
        struct acknowledged a;
        if (visits_create(db, &visit) != 0) {
            _exit(1);
        }
        memcpy(invite.visit, visit.id, sizeof(invite.visit));
        if (invites_create(db, &invite) != 0) {
            _exit(1);
        }
        struct visit_progress live = {.state = VISIT_LIVE};
        memcpy(live.id, visit.id, sizeof(live.id));
        if (visits_progress(db, &live) != 0) {
            _exit(1);
        }
        memcpy(a.visit, visit.id, sizeof(a.visit));
        memcpy(a.token, invite.token, sizeof(a.token));
        if (write(out, &a, sizeof(a)) != sizeof(a)) {
            _exit(1);
        }
    }
}

static void check(struct database *db, const struct acknowledged *a) {
    struct invite_open open = {0};
    memcpy(open.token, a->token, sizeof(a->token));
    assert_int_equal(invites_open(db, &open), 0);
    assert_string_equal(open.visit.id, a->visit);
    assert_string_equal(open.invite.name, "Sam");
    assert_int_equal(open.visit.state, VISIT_LIVE);
    assert_int_equal(open.visit.recording, RECORDING_ASK);
}

static void what_was_acknowledged_survives_sigkill(void **state) {
    struct store_test *t = *state;
    static struct acknowledged seen[4096];
    size_t n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ends[0]);
            serve_until_killed(t->dir, ends[1]);
        }
        close(ends[1]);
        size_t enough = n + 20;
        while (read(ends[0], &seen[n], sizeof(*seen)) == sizeof(*seen) && n < 4000) {
            if (++n == enough) {
                kill(pid, SIGKILL); /* somewhere in the middle of the next one */
            }
        }
        close(ends[0]);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
    }
    database_close(t->db);
    t->db = NULL;
    assert_int_equal(database_open(t->dir, NULL, &t->db), 0);
    assert_true(n >= 20 * ROUNDS);
    for (size_t i = 0; i < n; i++) {
        check(t->db, &seen[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_acknowledged_survives_sigkill, store_test_setup,
                                        store_test_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
