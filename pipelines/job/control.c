#include "job/control.h"

#include "job/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <jansson.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_SIZE 4096

static struct {
    void (*stopped)(void *ctx);
    void *ctx;
    char line[LINE_MAX_SIZE];
    size_t size;
    bool told;
} control;

static void tell(void) {
    watchdog_asked();
    if (!control.told) {
        control.told = true;
        control.stopped(control.ctx);
    }
}

static bool is_stop(const char *text, size_t n) {
    json_t *line = json_loadb(text, n, 0, NULL);
    const char *command = json_string_value(json_object_get(line, "command"));
    bool stop = command && strcmp(command, "stop") == 0;
    json_decref(line);
    return stop;
}

static void take_lines(void) {
    char *end;
    while ((end = memchr(control.line, '\n', control.size))) {
        size_t n = (size_t)(end - control.line);
        if (is_stop(control.line, n)) {
            tell();
        }
        control.size -= n + 1;
        memmove(control.line, end + 1, control.size);
    }
    if (control.size == LINE_MAX_SIZE) {
        control.size = 0; /* no command is that long */
    }
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data) {
    (void)condition;
    (void)data;
    ssize_t n = read(fd, control.line + control.size, LINE_MAX_SIZE - control.size);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0) {
        tell();
        return G_SOURCE_REMOVE;
    }
    control.size += (size_t)n;
    take_lines();
    return G_SOURCE_CONTINUE;
}

static gboolean signalled(gint fd, GIOCondition condition, gpointer data) {
    uint64_t count;
    (void)condition;
    (void)data;
    ssize_t ignored = read(fd, &count, sizeof(count));
    (void)ignored; /* empties it */
    tell();
    return G_SOURCE_CONTINUE;
}

void control_watch(void (*stopped)(void *ctx), void *ctx) {
    control.stopped = stopped;
    control.ctx = ctx;
    int signals = watchdog_start();
    if (signals >= 0) {
        g_unix_fd_add(signals, G_IO_IN, signalled, NULL);
    }
    struct stat st;
    if (fstat(STDIN_FILENO, &st) == 0 &&
        (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(STDIN_FILENO))) {
        g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, NULL);
    }
}

/* When memory is short, the kernel shall take a converter and not the server or a visit. */
static void offer_to_be_killed(void) {
    static const char score[] = "500";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t ignored = write(fd, score, sizeof(score) - 1);
        (void)ignored; /* a favour, no duty */
        close(fd);
    }
}

bool control_follow_parent(void) {
    const char *parent = getenv("PARLOUR_PARENT");
    if (!parent) {
        return true;
    }
    offer_to_be_killed();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    bool there = getppid() == atoi(parent);
    unsetenv("PARLOUR_PARENT"); /* not for the plug-in scanner */
    return there;
}
