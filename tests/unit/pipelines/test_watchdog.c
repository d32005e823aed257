/* A job that hangs is ended, in words, and leaves nothing behind. */
#include "job/watchdog.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char place[] = "/tmp/parlour-watchdog-XXXXXX";

struct child {
    pid_t pid;
    int said;
};

/* A process with half a film on the disk, which then waits for ever. */
static struct child hang(unsigned idle_most) {
    char file[64];
    int ends[2];
    struct child child;
    assert_non_null(mkdtemp(strcpy(place, "/tmp/parlour-watchdog-XXXXXX")));
    snprintf(file, sizeof(file), "%s/video.rung", place);
    assert_int_equal(pipe(ends), 0);
    child.pid = fork();
    if (child.pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        watchdog_expect_work(idle_most);
        int wake = watchdog_start();
        fclose(fopen(file, "w"));
        watchdog_clear_away(place);
        if (wake < 0 || write(STDOUT_FILENO, "!", 1) != 1) {
            _exit(9);
        }
        for (;;) {
            pause();
        }
    }
    close(ends[1]);
    child.said = ends[0];
    char byte;
    assert_int_equal(read(child.said, &byte, 1), 1);
    return child;
}

static void ends(struct child child, const char *reason) {
    char text[512] = "", expected[64];
    int status;
    ssize_t n;
    for (size_t at = 0; (n = read(child.said, text + at, sizeof(text) - 1 - at)) > 0;) {
        at += (size_t)n;
    }
    close(child.said);
    assert_int_equal(waitpid(child.pid, &status, 0), child.pid);
    assert_int_equal(status, 1 << 8);
    snprintf(expected, sizeof(expected), "{\"event\":\"failed\",\"reason\":\"%s\",\"message\":\"",
             reason);
    assert_int_equal(strncmp(text, expected, strlen(expected)), 0);
    assert_non_null(strstr(text, ".\"}\n"));
    assert_int_equal(access(place, F_OK), -1);
}

static void who_does_not_end_when_asked_is_ended(void **state) {
    (void)state;
    struct child child = hang(0);
    kill(child.pid, SIGTERM);
    ends(child, "stopped");
}

static void who_does_nothing_is_ended(void **state) {
    (void)state;
    ends(hang(1), "stalled");
}

static void who_may_wait_is_left_alone(void **state) {
    (void)state;
    struct child child = hang(0);
    const struct timespec pause = {.tv_sec = 3};
    nanosleep(&pause, NULL);
    assert_int_equal(waitpid(child.pid, NULL, WNOHANG), 0);
    kill(child.pid, SIGTERM);
    ends(child, "stopped");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_does_not_end_when_asked_is_ended),
        cmocka_unit_test(who_does_nothing_is_ended),
        cmocka_unit_test(who_may_wait_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
