#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static atomic_int lowest_level = LOG_INFO;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_set_level(enum log_level level) {
    atomic_store_explicit(&lowest_level, (int)level, memory_order_relaxed);
}

void log_line(enum log_level level, const char *event, const char *format, ...) {
    if ((int)level < atomic_load_explicit(&lowest_level, memory_order_relaxed)) {
        return;
    }
    char line[LINE_MAX_BYTES];
    struct timespec t;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &t);
    gmtime_r(&t.tv_sec, &utc);
    size_t n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &utc);
    n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ %s %s ", t.tv_nsec / 1000000,
                          level_names[level], event);
    va_list ap;
    va_start(ap, format);
    int wrote = vsnprintf(line + n, sizeof(line) - n - 1, format, ap);
    va_end(ap);
    if (wrote > 0) {
        size_t rest = sizeof(line) - n - 2;
        n += (size_t)wrote < rest ? (size_t)wrote : rest;
    }
    for (size_t i = 0; i < n; i++) { /* one line, whatever came in */
        if ((unsigned char)line[i] < 0x20) {
            line[i] = ' ';
        }
    }
    line[n++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, n);
    (void)ignored;
}
