/* DESIGN: the supervisor's thread sleeps in poll on its command mailbox, each process's stdout and
 * each pidfd. It alone touches `jobs`. A job is waiting, running, pausing before a restart, or
 * ending. */
#include "app/pipeline_process.h"

#include "app/pipeline_child.h"
#include "app/pipeline_line.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define JOBS_DEFAULT 64
#define JOBS_MOST 1024
#define EVENTS_PER_JOB 32
#define EVENTS_KEPT_FREE 4 /* per job, for what may not get lost; progress is dropped first */
#define BACKOFF_FIRST SEC(1)
#define BACKOFF_MOST SEC(30)
#define STEADY SEC(60) /* a process that ran this long starts over with BACKOFF_FIRST */
#define ASK_TIME SEC(2)
#define TERM_TIME SEC(1)

enum job_kind { JOB_NONE, JOB_COMPILE, JOB_INGEST };

enum job_state {
    JOB_WAITING, /* compile: its turn; ingest: its pause is over at `due` */
    JOB_RUNNING,
    JOB_ASKED,     /* to end; SIGTERM at `due` */
    JOB_TERMINATED /* SIGKILL at `due` */
};

struct job {
    enum job_kind kind;
    enum job_state state;
    job_id id;
    usec_t due, started;
    unsigned tries;
    bool stopped;              /* by the caller */
    bool told_end;             /* the process said ready, failed or ended itself */
    char why[JOB_MESSAGE_MAX]; /* an ingest's own last words */
    struct pipeline_child child;
    union {
        struct job_compile compile;
        struct job_ingest ingest;
    };
};

enum command_type { COMMAND_COMPILE, COMMAND_INGEST, COMMAND_STOP, COMMAND_QUIT };

struct command {
    enum command_type type;
    job_id id;
    union {
        struct job_compile compile;
        struct job_ingest ingest;
    };
};

struct pipelines {
    char program[JOB_PATH_MAX];
    size_t compile_jobs, jobs_max;
    void (*wake)(void *ctx);
    void *wake_ctx;
    pthread_t thread;
    bool started;
    struct mailbox *commands, *events; /* struct command *, struct job_event * */
    atomic_size_t taken, running, events_waiting;
    job_id last_id; /* control thread only */
    /* the supervisor's thread only */
    bool quit;
    struct job **jobs; /* jobs_max pointers, NULL: free */
    struct pollfd *polls;
};

/* ---- Events up ---- */

static void tell(struct pipelines *p, const struct job *job, struct job_event event) {
    event.job = job->id;
    bool may_drop = event.type == JOB_EVENT_PROGRESS;
    size_t most = p->jobs_max * EVENTS_PER_JOB;
    size_t waiting = atomic_load(&p->events_waiting);
    if (waiting >= (may_drop ? most - p->jobs_max * EVENTS_KEPT_FREE : most)) {
        if (event.fd >= 0) {
            close(event.fd);
        }
        return;
    }
    atomic_fetch_add(&p->events_waiting, 1);
    if (mailbox_post(p->events, &event) != 0) {
        atomic_fetch_sub(&p->events_waiting, 1);
        if (event.fd >= 0) {
            close(event.fd);
        }
    }
    if (p->wake) {
        p->wake(p->wake_ctx);
    }
}

static struct job_event event_of(enum job_event_type type) {
    return (struct job_event){.type = type, .fd = -1, .seconds_left = -1};
}

static void tell_failed(struct pipelines *p, const struct job *job, const char *reason,
                        const char *message) {
    struct job_event event = event_of(JOB_EVENT_FAILED);
    snprintf(event.reason, sizeof(event.reason), "%s", reason);
    snprintf(event.message, sizeof(event.message), "%s", message);
    tell(p, job, event);
}

/* ---- Starting ---- */

static int start_compile(struct pipelines *p, struct job *job) {
    const char *arguments[16] = {p->program, "compile", job->compile.input, "--out",
                                 job->compile.output};
    size_t n = 5;
    if (job->compile.title[0]) {
        arguments[n++] = "--title";
        arguments[n++] = job->compile.title;
    }
    if (job->compile.captions[0]) {
        arguments[n++] = "--captions";
        arguments[n++] = job->compile.captions;
    }
    if (job->compile.captions_lang[0]) {
        arguments[n++] = "--lang";
        arguments[n++] = job->compile.captions_lang;
    }
    return pipeline_child_start(&job->child, arguments, -1, false);
}

static int start_ingest(struct pipelines *p, struct job *job, int *ret_fd) {
    int ends[2];
    const char *codec = job->ingest.codec == JOB_INGEST_H264 ? "h264" : "vp8";
    const char *test[] = {p->program, "ingest", "--source", "test", "--codec",
                          codec,      "--fd",   "3",        NULL};
    const char *file[] = {p->program, "ingest",  "--source", job->ingest.file,
                          "--loop",   "--codec", codec,      "--fd",
                          "3",        NULL};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -errno;
    }
    int error = pipeline_child_start(
        &job->child, job->ingest.source == JOB_INGEST_FILE ? file : test, ends[1], false);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return error;
    }
    *ret_fd = ends[0];
    return 0;
}

static void job_drop(struct pipelines *p, struct job **slot) {
    pipeline_child_clear(&(*slot)->child);
    free(*slot);
    *slot = NULL;
    atomic_fetch_sub(&p->taken, 1);
}

static usec_t backoff(unsigned tries) {
    usec_t pause = BACKOFF_FIRST;
    for (unsigned i = 1; i < tries && pause < BACKOFF_MOST; i++) {
        pause *= 2;
    }
    return usec_min(pause, BACKOFF_MOST);
}

static void restart_later(struct pipelines *p, struct job *job, usec_t now, const char *why) {
    struct job_event event = event_of(JOB_EVENT_RESTARTING);
    job->tries = now - job->started >= STEADY ? 1 : job->tries + 1;
    job->state = JOB_WAITING;
    job->due = now + backoff(job->tries);
    event.seconds_left = (double)backoff(job->tries) / 1e6;
    snprintf(event.message, sizeof(event.message), "%s", why);
    log_warn("pipeline.restarting", "job=%llu tries=%u why=\"%s\"", (unsigned long long)job->id,
             job->tries, why);
    tell(p, job, event);
}

static void job_start(struct pipelines *p, struct job **slot, usec_t now) {
    struct job *job = *slot;
    struct job_event event = event_of(JOB_EVENT_STARTED);
    int error = job->kind == JOB_COMPILE ? start_compile(p, job) : start_ingest(p, job, &event.fd);
    job->started = now;
    if (!error) {
        atomic_fetch_add(&p->running, 1);
        job->state = JOB_RUNNING;
        job->due = USEC_NEVER;
        tell(p, job, event);
        return;
    }
    char why[JOB_MESSAGE_MAX];
    snprintf(why, sizeof(why), "The media program %.150s cannot be started: %s.", p->program,
             strerror(-error));
    if (job->kind == JOB_INGEST) {
        restart_later(p, job, now, why);
        return;
    }
    log_error("pipeline.start_failed", "job=%llu error=%d", (unsigned long long)job->id, -error);
    tell_failed(p, job, "no_pipeline", why);
    job_drop(p, slot);
}

/* ---- Running ---- */

static void job_hear(struct pipelines *p, struct job *job, struct bytes line) {
    struct job_event event = event_of(JOB_EVENT_ENDED);
    int error = pipeline_line_parse(line, &event);
    if (error) {
        if (error != -ENOENT) {
            log_warn("pipeline.bad_line", "job=%llu bytes=%zu", (unsigned long long)job->id,
                     line.n);
        }
        return;
    }
    switch (event.type) {
    case JOB_EVENT_STARTED: /* was told when the process was spawned */
    case JOB_EVENT_RESTARTING:
        return;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
        tell(p, job, event);
        return;
    case JOB_EVENT_FAILED:
        if (job->kind == JOB_INGEST) { /* the process ends now and is started again */
            snprintf(job->why, sizeof(job->why), "%s", event.message);
            return;
        }
        job->told_end = true;
        tell(p, job, event);
        return;
    case JOB_EVENT_READY:
    case JOB_EVENT_ENDED:
        if (!job->told_end) {
            job->told_end = true;
            tell(p, job, event);
        }
        return;
    }
}

static void job_read(struct pipelines *p, struct job *job) {
    struct bytes line;
    bool closed;
    while (pipeline_child_line(&job->child, &line, &closed)) {
        job_hear(p, job, line);
    }
}

static void job_ended(struct pipelines *p, struct job **slot, int code, usec_t now) {
    struct job *job = *slot;
    char why[JOB_MESSAGE_MAX];
    job_read(p, job); /* what it said last */
    pipeline_child_clear(&job->child);
    atomic_fetch_sub(&p->running, 1);
    log_info("pipeline.ended", "job=%llu code=%d", (unsigned long long)job->id, code);
    if (job->told_end) {
        job_drop(p, slot);
        return;
    }
    if (job->stopped) {
        tell(p, job, event_of(JOB_EVENT_ENDED));
        job_drop(p, slot);
        return;
    }
    if (job->kind == JOB_COMPILE) {
        tell_failed(
            p, job, "crashed",
            "The film could not be prepared: the converter stopped unexpectedly. Please try "
            "again, or save the film in another format first.");
        job_drop(p, slot);
        return;
    }
    if (job->why[0]) {
        snprintf(why, sizeof(why), "%s", job->why);
        job->why[0] = '\0';
    } else if (code > 128) {
        snprintf(why, sizeof(why), "The live source was ended by signal %d.", code - 128);
    } else {
        snprintf(why, sizeof(why), "The live source stopped with code %d.", code);
    }
    restart_later(p, job, now, why);
}

static void job_stop(struct pipelines *p, struct job **slot, usec_t now) {
    struct job *job = *slot;
    job->stopped = true;
    switch (job->state) {
    case JOB_WAITING:
        tell(p, job, event_of(JOB_EVENT_ENDED));
        job_drop(p, slot);
        return;
    case JOB_RUNNING:
        pipeline_child_ask(&job->child);
        job->state = JOB_ASKED;
        job->due = now + ASK_TIME;
        return;
    case JOB_ASKED:
    case JOB_TERMINATED:
        return;
    }
}

static size_t compiles_running(const struct pipelines *p) {
    size_t n = 0;
    for (size_t i = 0; i < p->jobs_max; i++) {
        const struct job *job = p->jobs[i];
        n += job && job->kind == JOB_COMPILE && job->state != JOB_WAITING;
    }
    return n;
}

/* The compile job that has waited longest, or NULL. */
static struct job **next_compile(struct pipelines *p) {
    struct job **best = NULL;
    for (size_t i = 0; i < p->jobs_max; i++) {
        struct job *job = p->jobs[i];
        if (job && job->kind == JOB_COMPILE && job->state == JOB_WAITING &&
            (!best || job->id < (*best)->id)) {
            best = &p->jobs[i];
        }
    }
    return best;
}

static void job_due(struct pipelines *p, struct job **slot, usec_t now) {
    struct job *job = *slot;
    switch (job->state) {
    case JOB_WAITING:
        if (job->kind == JOB_INGEST) {
            job_start(p, slot, now);
        }
        return;
    case JOB_RUNNING:
        return;
    case JOB_ASKED:
        pipeline_child_signal(&job->child, SIGTERM);
        job->state = JOB_TERMINATED;
        job->due = now + TERM_TIME;
        return;
    case JOB_TERMINATED:
        pipeline_child_signal(&job->child, SIGKILL);
        job->due = now + TERM_TIME;
        return;
    }
}

static void timeouts(struct pipelines *p, usec_t now) {
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i] && now >= p->jobs[i]->due) {
            job_due(p, &p->jobs[i], now);
        }
    }
    struct job **next;
    while (!p->quit && compiles_running(p) < p->compile_jobs && (next = next_compile(p))) {
        job_start(p, next, now);
    }
}

static int poll_timeout(const struct pipelines *p, usec_t now) {
    usec_t due = USEC_NEVER;
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i]) {
            due = usec_min(due, p->jobs[i]->due);
        }
    }
    if (due == USEC_NEVER) {
        return -1;
    }
    return due <= now ? 0 : (int)((due - now) / 1000 + 1);
}

/* ---- Commands down ---- */

static void add(struct pipelines *p, const struct command *command) {
    struct job **slot = p->jobs;
    while (*slot) { /* there is one: `taken` was checked before the command was sent */
        slot++;
    }
    struct job *job = calloc(1, sizeof(*job));
    if (!job) {
        struct job missing = {.id = command->id};
        tell_failed(p, &missing, "no_memory", "The server is out of memory.");
        atomic_fetch_sub(&p->taken, 1);
        return;
    }
    job->id = command->id;
    job->state = JOB_WAITING;
    job->child = (struct pipeline_child){.pidfd = -1, .input = -1, .output = -1};
    if (command->type == COMMAND_COMPILE) {
        job->kind = JOB_COMPILE;
        job->compile = command->compile;
        job->due = USEC_NEVER;
    } else {
        job->kind = JOB_INGEST;
        job->ingest = command->ingest;
    }
    *slot = job;
}

static void stop_all(struct pipelines *p, usec_t now) {
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i]) {
            job_stop(p, &p->jobs[i], now);
        }
    }
}

static void obey(struct pipelines *p, const struct command *command, usec_t now) {
    switch (command->type) {
    case COMMAND_COMPILE:
    case COMMAND_INGEST:
        add(p, command);
        return;
    case COMMAND_STOP:
        for (size_t i = 0; i < p->jobs_max; i++) {
            if (p->jobs[i] && p->jobs[i]->id == command->id) {
                job_stop(p, &p->jobs[i], now);
            }
        }
        return;
    case COMMAND_QUIT:
        p->quit = true;
        stop_all(p, now);
        return;
    }
}

static void look(struct pipelines *p, usec_t now) {
    for (size_t i = 0; i < p->jobs_max; i++) {
        int code;
        if (p->jobs[i] && p->jobs[i]->child.pid > 0) {
            job_read(p, p->jobs[i]);
            if (pipeline_child_reap(&p->jobs[i]->child, &code)) {
                job_ended(p, &p->jobs[i], code, now);
            }
        }
    }
}

static void wait_for_something(struct pipelines *p) {
    size_t n = 0;
    p->polls[n++] = (struct pollfd){.fd = mailbox_fd(p->commands), .events = POLLIN};
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i] && p->jobs[i]->child.pid > 0) {
            p->polls[n++] = (struct pollfd){.fd = p->jobs[i]->child.output, .events = POLLIN};
            p->polls[n++] = (struct pollfd){.fd = p->jobs[i]->child.pidfd, .events = POLLIN};
        }
    }
    poll(p->polls, n, poll_timeout(p, clock_now()));
}

static void *run(void *ctx) {
    struct pipelines *p = ctx;
    while (!p->quit || atomic_load(&p->taken) > 0) {
        struct command *command;
        wait_for_something(p);
        mailbox_drained(p->commands);
        while (mailbox_take(p->commands, &command)) {
            obey(p, command, clock_now());
            free(command);
        }
        look(p, clock_now());
        timeouts(p, clock_now());
    }
    return NULL;
}

/* ---- The control thread's side ---- */

int pipelines_new(const struct pipelines_config *config, struct pipelines **ret) {
    struct pipelines *p = calloc(1, sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    int error = -ENOMEM;
    p->compile_jobs = config->compile_jobs ? config->compile_jobs : 1;
    p->jobs_max = config->jobs_max ? config->jobs_max : JOBS_DEFAULT;
    p->jobs_max = p->jobs_max > JOBS_MOST ? JOBS_MOST : p->jobs_max;
    p->wake = config->wake;
    p->wake_ctx = config->wake_ctx;
    p->jobs = calloc(p->jobs_max, sizeof(*p->jobs));
    p->polls = calloc(1 + 2 * p->jobs_max, sizeof(*p->polls));
    p->commands = mailbox_new(sizeof(struct command *), 4 * p->jobs_max + 4);
    p->events = mailbox_new(sizeof(struct job_event), p->jobs_max * EVENTS_PER_JOB);
    if (!p->jobs || !p->polls || !p->commands || !p->events) {
        goto fail;
    }
    if ((size_t)snprintf(p->program, sizeof(p->program), "%s", config->program) >=
        sizeof(p->program)) {
        error = -ENAMETOOLONG;
        goto fail;
    }
    error = -pthread_create(&p->thread, NULL, run, p);
    if (error) {
        goto fail;
    }
    p->started = true;
    *ret = p;
    return 0;
fail:
    pipelines_free(p);
    return error;
}

static int command_send(struct pipelines *p, const struct command *command) {
    struct command *copy = malloc(sizeof(*copy));
    if (!copy) {
        return -ENOMEM;
    }
    *copy = *command;
    int error = mailbox_post(p->commands, &copy);
    if (error) {
        free(copy);
    }
    return error;
}

void pipelines_free(struct pipelines *p) {
    if (!p) {
        return;
    }
    if (p->started) {
        struct command quit = {.type = COMMAND_QUIT};
        while (command_send(p, &quit) != 0) { /* full or no memory: the thread is taking commands */
            usleep(1000);
        }
        pthread_join(p->thread, NULL);
    }
    struct job_event event;
    while (p->events && mailbox_take(p->events, &event)) {
        if (event.fd >= 0) {
            close(event.fd);
        }
    }
    mailbox_free(p->commands);
    mailbox_free(p->events);
    free(p->polls);
    free(p->jobs);
    free(p);
}

static int begin(struct pipelines *p, struct command *command, job_id *ret_job) {
    if (atomic_fetch_add(&p->taken, 1) >= p->jobs_max) {
        atomic_fetch_sub(&p->taken, 1);
        return -ENOBUFS;
    }
    command->id = ++p->last_id;
    int error = command_send(p, command);
    if (error) {
        atomic_fetch_sub(&p->taken, 1);
        return error;
    }
    *ret_job = command->id;
    return 0;
}

static int compile(void *ctx, const struct job_compile *job, job_id *ret_job) {
    struct command command = {.type = COMMAND_COMPILE, .compile = *job};
    return begin(ctx, &command, ret_job);
}

static int ingest(void *ctx, const struct job_ingest *job, job_id *ret_job) {
    struct command command = {.type = COMMAND_INGEST, .ingest = *job};
    return begin(ctx, &command, ret_job);
}

static void stop(void *ctx, job_id job) {
    struct command command = {.type = COMMAND_STOP, .id = job};
    if (command_send(ctx, &command) != 0) {
        log_error("pipeline.stop_failed", "job=%llu", (unsigned long long)job);
    }
}

static bool next_event(void *ctx, struct job_event *ret) {
    struct pipelines *p = ctx;
    mailbox_drained(p->events);
    if (!mailbox_take(p->events, ret)) {
        return false;
    }
    atomic_fetch_sub(&p->events_waiting, 1);
    return true;
}

void pipelines_jobs(struct pipelines *p, struct jobs *ret) {
    *ret = (struct jobs){
        .ctx = p, .compile = compile, .ingest = ingest, .stop = stop, .next_event = next_event};
}

size_t pipelines_running(const struct pipelines *p) {
    return atomic_load(&p->running);
}
