#include "app/pipeline_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define CHILD_FD 3
#define PARENT "PARLOUR_PARENT=" /* see pipelines/control.h */

static void close_fd(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Our environment with more in it, and our pid, by which the child knows when it has no parent.
 * NULL without memory. */
static const char **environment_with(const char *const variables[], const char *parent) {
    size_t own = 0, more = 0, n = 0;
    while (environ[own]) {
        own++;
    }
    while (variables && variables[more]) {
        more++;
    }
    const char **all = calloc(own + more + 2, sizeof(*all));
    for (size_t i = 0; all && i < more; i++) { /* of two with one name the first counts */
        all[n++] = variables[i];
    }
    for (size_t i = 0; all && i < own; i++) {
        if (strncmp(environ[i], PARENT, sizeof(PARENT) - 1) != 0) {
            all[n++] = environ[i];
        }
    }
    if (all) {
        all[n] = parent;
    }
    return all;
}

static int spawn(struct pipeline_child *child, const struct pipeline_start *start, int input,
                 int output, int fd) {
    char parent[64];
    snprintf(parent, sizeof(parent), PARENT "%d", (int)getpid());
    const char **variables = environment_with(start->variables, parent);
    if (!variables) {
        return -ENOMEM;
    }
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGHUP);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    /* Ours are ≥ 10 and close on exec, so no dup2 here overwrites the source of another. */
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (fd >= 0) {
        posix_spawn_file_actions_adddup2(&actions, fd, CHILD_FD);
    }
    if (start->quiet) {
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    }
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    int error = posix_spawn(&child->pid, start->arguments[0], &actions, &attributes,
                            (char *const *)(uintptr_t)start->arguments,
                            (char *const *)(uintptr_t)variables);
    free(variables);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error) {
        child->pid = 0;
    }
    return -error;
}

/* A pipe whose ends are ≥ 10 and close on exec. */
static int make_pipe(int ends[2]) {
    int low[2];
    if (pipe2(low, O_CLOEXEC) != 0) {
        return -errno;
    }
    ends[0] = fcntl(low[0], F_DUPFD_CLOEXEC, 10);
    ends[1] = fcntl(low[1], F_DUPFD_CLOEXEC, 10);
    int error = ends[0] < 0 || ends[1] < 0 ? -errno : 0;
    close(low[0]);
    close(low[1]);
    return error;
}

int pipeline_child_start(struct pipeline_child *child, const struct pipeline_start *start) {
    int input[2] = {-1, -1}, output[2] = {-1, -1}, high = -1;
    *child = (struct pipeline_child){.pidfd = -1, .input = -1, .output = -1};
    int error = make_pipe(input);
    error = error ? error : make_pipe(output);
    if (!error && start->fd >= 0) {
        high = fcntl(start->fd, F_DUPFD_CLOEXEC, 10);
        error = high < 0 ? -errno : 0;
    }
    if (!error) {
        error = spawn(child, start, input[0], output[1], high);
    }
    close_fd(&high);
    close_fd(&input[0]);
    close_fd(&output[1]);
    child->input = input[1];
    child->output = output[0];
    if (!error) {
        child->pidfd = (int)syscall(SYS_pidfd_open, child->pid, 0);
        if (child->pidfd < 0 || fcntl(child->output, F_SETFL, O_NONBLOCK) != 0 ||
            fcntl(child->input, F_SETFL, O_NONBLOCK) != 0) {
            error = -errno;
        }
    }
    if (error) {
        pipeline_child_clear(child);
    }
    return error;
}

/* Cuts the first line out of the buffer's start; its bytes are valid until the next call. */
static bool cut_line(struct pipeline_child *child, size_t *consumed, struct bytes *ret_line) {
    const char *end = memchr(child->line, '\n', child->used);
    if (!end) {
        return false;
    }
    *ret_line = bytes_of(child->line, (size_t)(end - child->line));
    *consumed = ret_line->n + 1;
    return true;
}

bool pipeline_child_line(struct pipeline_child *child, struct bytes *ret_line, bool *ret_closed) {
    *ret_closed = child->output < 0;
    if (child->consumed) { /* the line given before */
        memmove(child->line, child->line + child->consumed, child->used - child->consumed);
        child->used -= child->consumed;
        child->consumed = 0;
    }
    for (;;) {
        if (cut_line(child, &child->consumed, ret_line)) {
            if (!child->overlong) {
                return true;
            }
            child->overlong = false; /* the end of one that was dropped */
            memmove(child->line, child->line + child->consumed, child->used - child->consumed);
            child->used -= child->consumed;
            child->consumed = 0;
            continue;
        }
        if (child->used == sizeof(child->line)) {
            child->used = 0;
            child->overlong = true;
        }
        if (child->output < 0) {
            return false;
        }
        ssize_t n =
            read(child->output, child->line + child->used, sizeof(child->line) - child->used);
        if (n > 0) {
            child->used += (size_t)n;
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_fd(&child->output);
            *ret_closed = true;
        } else if (errno == EAGAIN) {
            return false;
        }
    }
}

void pipeline_child_ask(struct pipeline_child *child) {
    close_fd(&child->input); /* a word could bring SIGPIPE, from one that is gone */
}

void pipeline_child_signal(const struct pipeline_child *child, int signal) {
    if (child->pid > 0) {
        kill(-child->pid, signal);
    }
}

bool pipeline_child_reap(struct pipeline_child *child, int *ret_code) {
    siginfo_t info = {0};
    int status;
    if (child->pid <= 0 ||
        waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || !info.si_pid) {
        return false;
    }
    /* What it left behind in its group (a plug-in scanner) ends with it; not yet reaped, the pid is
     * still its own. */
    kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR) {
    }
    *ret_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    child->pid = 0;
    close_fd(&child->pidfd);
    return true;
}

void pipeline_child_clear(struct pipeline_child *child) {
    if (child->pid > 0) {
        kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
        child->pid = 0;
    }
    if (child->pidfd > 0) {
        close_fd(&child->pidfd);
    }
    if (child->input > 0) {
        close_fd(&child->input);
    }
    if (child->output > 0) {
        close_fd(&child->output);
    }
}
