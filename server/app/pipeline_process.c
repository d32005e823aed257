/* DESIGN: the supervisor's thread sleeps in poll on its command mailbox, each process's stdout and
 * each pidfd. It alone touches `jobs`. The queue of tasks has a lock, for the control thread puts
 * into it and asks for places in it. */
#include "app/pipeline_process.h"

#include "app/job_queue.h"
#include "app/pipeline_job.h"
#include "base/log.h"
#include "base/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS_DEFAULT 64
#define JOBS_MOST 1024
#define EVENTS_PER_JOB 32
#define EVENTS_KEPT_FREE 4 /* per job, for what may not get lost; progress is dropped first */
#define WATCH_EVERY MSEC(250)

enum command_type { COMMAND_BEGIN, COMMAND_STOP, COMMAND_QUIT };

struct command {
    enum command_type type;
    job_id id;
    struct job_order order; /* BEGIN */
};

struct pipelines {
    char program[JOB_PATH_MAX], rooms[JOB_PATH_MAX];
    struct job_house house;
    size_t compile_jobs, jobs_max;
    void (*wake)(void *ctx);
    void *wake_ctx;
    pthread_t thread;
    bool started;
    struct mailbox *commands, *events; /* struct command *, struct job_event * */
    atomic_size_t taken, running, events_waiting;
    job_id last_id; /* control thread only */
    pthread_mutex_t lock;
    struct job_queue queue; /* under the lock */
    size_t tasks_running;   /* written by the supervisor under the lock */
    /* the supervisor's thread only */
    bool quit;
    usec_t watched;
    struct job **jobs; /* jobs_max pointers, NULL: free */
    struct pollfd *polls;
};

/* ---- Events up ---- */

/* Before anybody hears of a change. */
static void count_running(struct pipelines *p) {
    size_t all = 0, tasks = 0;
    for (size_t i = 0; i < p->jobs_max; i++) {
        bool runs = p->jobs[i] && job_runs(p->jobs[i]);
        all += runs;
        tasks += runs && p->jobs[i]->order.type == JOB_TASK;
    }
    atomic_store(&p->running, all);
    pthread_mutex_lock(&p->lock);
    p->tasks_running = tasks;
    pthread_mutex_unlock(&p->lock);
}

static void tell(void *ctx, const struct job_event *event) {
    struct pipelines *p = ctx;
    count_running(p);
    bool may_drop = event->type == JOB_EVENT_PROGRESS || event->type == JOB_EVENT_SOURCE;
    size_t most = p->jobs_max * EVENTS_PER_JOB;
    size_t waiting = atomic_load(&p->events_waiting);
    bool full = waiting >= (may_drop ? most - p->jobs_max * EVENTS_KEPT_FREE : most);
    if (!full) {
        atomic_fetch_add(&p->events_waiting, 1);
        full = mailbox_post(p->events, event) != 0;
        if (full) {
            atomic_fetch_sub(&p->events_waiting, 1);
        }
    }
    if (full && event->fd >= 0) {
        close(event->fd);
    }
    if (p->wake) {
        p->wake(p->wake_ctx);
    }
}

/* ---- The supervisor's jobs ---- */

static void job_drop(struct pipelines *p, struct job **slot) {
    pthread_mutex_lock(&p->lock);
    job_queue_remove(&p->queue, (*slot)->id);
    pthread_mutex_unlock(&p->lock);
    job_free(*slot);
    *slot = NULL;
    atomic_fetch_sub(&p->taken, 1);
}

/* After each step of a job: it may be over. */
static void keep(struct pipelines *p, struct job **slot, bool goes_on) {
    if (!goes_on) {
        job_drop(p, slot);
    }
}

static struct job **find(struct pipelines *p, job_id id) {
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i] && p->jobs[i]->id == id) {
            return &p->jobs[i];
        }
    }
    return NULL;
}

/* The task whose turn it is, or NULL. Replays have one place more: they cost little and somebody
 * waits for them. */
static struct job **next_task(struct pipelines *p, usec_t now) {
    struct job **slot = NULL;
    pthread_mutex_lock(&p->lock);
    const struct job_queue_entry *entry = job_queue_next(&p->queue, now);
    if (entry) {
        size_t places = p->compile_jobs + (entry->kind == JOB_ASSEMBLE);
        slot = p->tasks_running < places ? find(p, entry->id) : NULL;
    }
    if (slot) { /* else its command is still on the way */
        job_queue_remove(&p->queue, (*slot)->id);
    }
    pthread_mutex_unlock(&p->lock);
    return slot;
}

static void start_tasks(struct pipelines *p, usec_t now) {
    struct job **slot;
    count_running(p);
    while (!p->quit && (slot = next_task(p, now))) {
        keep(p, slot, job_start(&p->house, *slot, now)); /* counts it */
    }
}

static void timeouts(struct pipelines *p, usec_t now) {
    bool watch = now - p->watched >= WATCH_EVERY;
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i] && watch) {
            job_watch(&p->house, p->jobs[i], now);
        }
        if (p->jobs[i] && now >= p->jobs[i]->due) {
            keep(p, &p->jobs[i], job_due(&p->house, p->jobs[i], now));
        }
    }
    p->watched = watch ? now : p->watched;
    start_tasks(p, now);
}

static int poll_timeout(const struct pipelines *p, usec_t now) {
    usec_t due = USEC_NEVER;
    for (size_t i = 0; i < p->jobs_max; i++) {
        if (p->jobs[i]) {
            due = usec_min(due, p->jobs[i]->due);
            due = job_runs(p->jobs[i]) ? usec_min(due, p->watched + WATCH_EVERY) : due;
        }
    }
    if (due == USEC_NEVER) {
        return -1;
    }
    return due <= now ? 0 : (int)((due - now) / 1000 + 1);
}

static void look(struct pipelines *p, usec_t now) {
    for (size_t i = 0; i < p->jobs_max; i++) {
        int code;
        if (p->jobs[i] && p->jobs[i]->child.pid > 0) {
            job_read(&p->house, p->jobs[i], now);
            if (pipeline_child_reap(&p->jobs[i]->child, &code)) {
                keep(p, &p->jobs[i], job_ended(&p->house, p->jobs[i], code, now));
            }
        }
    }
}

/* ---- Commands down ---- */

static void begin_job(struct pipelines *p, const struct command *command) {
    struct job **slot = p->jobs;
    while (*slot) { /* there is one: `taken` was checked before the command was sent */
        slot++;
    }
    *slot = job_new(command->id, &command->order);
    if (*slot) {
        return;
    }
    struct job_event event = {.type = JOB_EVENT_FAILED,
                              .job = command->id,
                              .fd = -1,
                              .reason = "no_memory",
                              .message = "The server is out of memory."};
    tell(p, &event);
    pthread_mutex_lock(&p->lock);
    job_queue_remove(&p->queue, command->id);
    pthread_mutex_unlock(&p->lock);
    atomic_fetch_sub(&p->taken, 1);
}

static void obey(struct pipelines *p, const struct command *command, usec_t now) {
    struct job **slot;
    switch (command->type) {
    case COMMAND_BEGIN:
        begin_job(p, command);
        return;
    case COMMAND_STOP:
        if ((slot = find(p, command->id))) {
            keep(p, slot, job_stop(&p->house, *slot, now));
        }
        return;
    case COMMAND_QUIT:
        p->quit = true;
        for (size_t i = 0; i < p->jobs_max; i++) {
            if (p->jobs[i]) {
                keep(p, &p->jobs[i], job_stop(&p->house, p->jobs[i], now));
            }
        }
        return;
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

static void *run_supervisor(void *ctx) {
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

static int allocate(struct pipelines *p) {
    p->jobs = calloc(p->jobs_max, sizeof(*p->jobs));
    p->polls = calloc(1 + 2 * p->jobs_max, sizeof(*p->polls));
    p->queue.entries = calloc(p->jobs_max, sizeof(*p->queue.entries));
    p->queue.max = p->jobs_max;
    p->commands = mailbox_new(sizeof(struct command *), 4 * p->jobs_max + 4);
    p->events = mailbox_new(sizeof(struct job_event), p->jobs_max * EVENTS_PER_JOB);
    return p->jobs && p->polls && p->queue.entries && p->commands && p->events ? 0 : -ENOMEM;
}

int pipelines_new(const struct pipelines_config *config, struct pipelines **ret) {
    struct pipelines *p = calloc(1, sizeof(*p));
    if (!p) {
        return -ENOMEM;
    }
    pthread_mutex_init(&p->lock, NULL);
    p->compile_jobs = config->compile_jobs ? config->compile_jobs : 1;
    p->jobs_max = config->jobs_max ? config->jobs_max : JOBS_DEFAULT;
    p->jobs_max = p->jobs_max > JOBS_MOST ? JOBS_MOST : p->jobs_max;
    p->wake = config->wake;
    p->wake_ctx = config->wake_ctx;
    p->house = (struct job_house){.program = p->program,
                                  .rooms = p->rooms,
                                  .unconfined = config->unconfined,
                                  .limits = config->limits,
                                  .tell = tell,
                                  .ctx = p};
    int error = allocate(p);
    if (!error && (size_t)snprintf(p->program, sizeof(p->program), "%s", config->program) >=
                      sizeof(p->program)) {
        error = -ENAMETOOLONG;
    }
    if (!error &&
        (size_t)snprintf(p->rooms, sizeof(p->rooms), "%s", config->rooms) >= sizeof(p->rooms)) {
        error = -ENAMETOOLONG;
    }
    if (!error) {
        job_rooms_sweep(p->rooms);
    }
    error = error ? error : -pthread_create(&p->thread, NULL, run_supervisor, p);
    if (error) {
        pipelines_free(p);
        return error;
    }
    p->started = true;
    *ret = p;
    return 0;
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
    pthread_mutex_destroy(&p->lock);
    free(p->queue.entries);
    free(p->polls);
    free(p->jobs);
    free(p);
}

static int begin(struct pipelines *p, struct command *command, job_id *ret_job) {
    bool task = command->order.type == JOB_TASK;
    int error = 0;
    if (atomic_fetch_add(&p->taken, 1) >= p->jobs_max) {
        atomic_fetch_sub(&p->taken, 1);
        return -ENOBUFS;
    }
    command->id = ++p->last_id;
    if (task) {
        const struct job_queue_entry entry = {.id = command->id,
                                              .kind = command->order.task.kind,
                                              .weight = command->order.task.weight,
                                              .since = clock_now()};
        pthread_mutex_lock(&p->lock);
        error = job_queue_add(&p->queue, &entry);
        pthread_mutex_unlock(&p->lock);
    }
    error = error ? error : command_send(p, command);
    if (!error) {
        *ret_job = command->id;
        return 0;
    }
    pthread_mutex_lock(&p->lock);
    job_queue_remove(&p->queue, command->id);
    pthread_mutex_unlock(&p->lock);
    atomic_fetch_sub(&p->taken, 1);
    return error;
}

static int run(void *ctx, const struct job_task *task, job_id *ret_job) {
    struct command command = {.type = COMMAND_BEGIN, .order = {.type = JOB_TASK, .task = *task}};
    return begin(ctx, &command, ret_job);
}

static int ingest(void *ctx, const struct job_ingest *job, job_id *ret_job) {
    struct command command = {.type = COMMAND_BEGIN, .order = {.type = JOB_INGEST, .ingest = *job}};
    return begin(ctx, &command, ret_job);
}

static int serve(void *ctx, const struct job_service *service, job_id *ret_job) {
    struct command command = {.type = COMMAND_BEGIN,
                              .order = {.type = JOB_SERVICE, .service = *service}};
    return begin(ctx, &command, ret_job);
}

static void stop(void *ctx, job_id job) {
    struct command command = {.type = COMMAND_STOP, .id = job};
    if (command_send(ctx, &command) != 0) {
        log_error("pipeline.stop_failed", "job=%llu", (unsigned long long)job);
    }
}

static size_t ahead(void *ctx, job_id job) {
    struct pipelines *p = ctx;
    pthread_mutex_lock(&p->lock);
    bool waits = job_queue_has(&p->queue, job);
    size_t n = waits ? p->tasks_running + job_queue_ahead(&p->queue, job, clock_now()) : 0;
    pthread_mutex_unlock(&p->lock);
    return n;
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
    *ret = (struct jobs){.ctx = p,
                         .run = run,
                         .ingest = ingest,
                         .serve = serve,
                         .stop = stop,
                         .ahead = ahead,
                         .next_event = next_event};
}

size_t pipelines_running(const struct pipelines *p) {
    return atomic_load(&p->running);
}
