/* DESIGN: its end of a process trusts nothing that another thread may hold: no stdio, no allocation
 * of ours. What it says goes out by write(). */
#include "job/watchdog.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define STACK_SIZE (128 * 1024)
#define PATIENCE 5     /* seconds to end after it was asked to */
#define IDLE_CPU_MS 20 /* less in a second is no work: this thread, a timer that tells progress */

static struct {
    unsigned idle_most; /* seconds, 0: any */
    int wake;           /* eventfd of the job */
    atomic_bool asked;
    _Atomic(const char *) directory;
} dog = {.wake = -1};

void watchdog_expect_work(unsigned seconds) {
    dog.idle_most = seconds;
}

void watchdog_asked(void) {
    atomic_store(&dog.asked, true);
}

void watchdog_clear_away(const char *directory) {
    atomic_store(&dog.directory, directory);
}

static void signalled(int number) {
    const uint64_t one = 1;
    (void)number;
    atomic_store(&dog.asked, true);
    ssize_t ignored = write(dog.wake, &one, sizeof(one));
    (void)ignored; /* full means that it is readable */
}

static long cpu_ms(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) < 0) {
        return 0;
    }
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

/* getdents64(2) */
struct entry {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[];
};

static void remove_directory(const char *path) {
    _Alignas(struct entry) char buffer[4096];
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (long n; fd >= 0 && (n = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0;) {
        for (long at = 0; at < n;) {
            const struct entry *entry = (const void *)(buffer + at);
            unlinkat(fd, entry->name, 0);
            at += entry->size;
        }
    }
    rmdir(path);
}

static void say(int fd, const char *text) {
    ssize_t ignored = write(fd, text, strlen(text));
    (void)ignored;
}

void watchdog_end(const char *reason, const char *message) {
    const char *directory = atomic_load(&dog.directory);
    for (int i = 0; directory && i < 2; i++) { /* another thread may be making a file */
        remove_directory(directory);
    }
    say(STDOUT_FILENO, "{\"event\":\"failed\",\"reason\":\"");
    say(STDOUT_FILENO, reason);
    say(STDOUT_FILENO, "\",\"message\":\"");
    say(STDOUT_FILENO, message);
    say(STDOUT_FILENO, "\"}\n");
    say(STDERR_FILENO, "parlour-pipeline: ");
    say(STDERR_FILENO, message);
    say(STDERR_FILENO, "\n");
    _exit(1);
}

/* Seconds are counted by waking up, so that a process that was stopped for an hour is not judged
 * for it. */
static void *watch(void *unused) {
    long before = cpu_ms();
    unsigned idle = 0, since = 0;
    for (;;) {
        sleep(1);
        long now = cpu_ms();
        idle = now - before < IDLE_CPU_MS ? idle + 1 : 0;
        before = now;
        since += atomic_load(&dog.asked);
        if (since > PATIENCE) {
            watchdog_end("stopped", "The job was stopped before it was done.");
        }
        if (dog.idle_most > 0 && idle > dog.idle_most) {
            watchdog_end("stalled", "The converter got stuck and did nothing any more. Export the "
                                    "file again as mp4 and try once more.");
        }
    }
    return unused;
}

int watchdog_start(void) {
    pthread_t thread;
    pthread_attr_t attributes;
    sigset_t all, before;
    dog.wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (dog.wake < 0 || pthread_attr_init(&attributes) != 0) {
        return -1;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before); /* for the new thread */
    int error = pthread_create(&thread, &attributes, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error) {
        return -1;
    }
    struct sigaction action = {.sa_handler = signalled, .sa_flags = SA_RESTART};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return dog.wake;
}
