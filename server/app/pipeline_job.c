#include "app/pipeline_job.h"

#include "app/pipeline_arguments.h"
#include "app/pipeline_line.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKOFF_FIRST SEC(1)
#define BACKOFF_MOST SEC(30)
#define STEADY SEC(60) /* a process that ran this long starts over with BACKOFF_FIRST */
#define ASK_TIME SEC(2)
#define TERM_TIME SEC(1)
#define LAST_TIME SEC(2) /* from its last line to its end */

struct job *job_new(job_id id, const struct job_order *order) {
    struct job *job = calloc(1, sizeof(*job));
    if (job) {
        job->id = id;
        job->order = *order;
        job->state = JOB_WAITING;
        job->due = order->type == JOB_TASK ? USEC_NEVER : 0;
        job->child = (struct pipeline_child){.pidfd = -1, .input = -1, .output = -1};
    }
    return job;
}

void job_free(struct job *job) {
    if (job) {
        pipeline_child_clear(&job->child);
        job_room_close(&job->room);
        free(job);
    }
}

bool job_runs(const struct job *job) {
    return job->child.pid > 0;
}

/* ---- What is told ---- */

static struct job_event event_of(enum job_event_type type) {
    return (struct job_event){.type = type, .fd = -1, .delay_ms = -1, .seconds_left = -1};
}

static void tell(const struct job_house *house, const struct job *job, struct job_event event) {
    event.job = job->id;
    house->tell(house->ctx, &event);
}

static void tell_failed(const struct job_house *house, const struct job *job, const char *reason,
                        const char *message) {
    struct job_event event = event_of(JOB_EVENT_FAILED);
    snprintf(event.reason, sizeof(event.reason), "%s", reason);
    snprintf(event.message, sizeof(event.message), "%s", message);
    tell(house, job, event);
}

static void tell_not_kept(const struct job_house *house, const struct job *job, int error) {
    char why[JOB_MESSAGE_MAX];
    log_error("pipeline.not_kept", "job=%llu error=%d", (unsigned long long)job->id, -error);
    if (error == -ENOSPC || error == -EDQUOT) {
        tell_failed(house, job, "disk_full",
                    "The server's disk is full. Free some space, then try again.");
        return;
    }
    snprintf(why, sizeof(why),
             "The result cannot be saved (%s). Please tell whoever runs this server.",
             strerror(-error));
    tell_failed(house, job, "cannot_write", why);
}

/* ---- Starting ---- */

static bool has_socket(const struct job_order *order) {
    return order->type == JOB_INGEST ||
           (order->type == JOB_SERVICE && order->service.kind == JOB_RECORD);
}

static void describe(const struct job_house *house, const struct job *job,
                     struct pipeline_arguments *ret) {
    switch (job->order.type) {
    case JOB_TASK:
        pipeline_arguments_task(house->program, house->unconfined, &job->order.task, job->room.work,
                                ret);
        return;
    case JOB_INGEST:
        pipeline_arguments_ingest(house->program, house->unconfined, &job->order.ingest, ret);
        return;
    case JOB_SERVICE:
        pipeline_arguments_service(house->program, house->unconfined, &job->order.service, ret);
        return;
    }
}

static int spawn(const struct job_house *house, struct job *job, int *ret_fd) {
    struct pipeline_arguments arguments;
    int ends[2] = {-1, -1};
    describe(house, job, &arguments);
    pipeline_arguments_memory(&arguments, house->limits.memory);
    if (has_socket(&job->order) &&
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -errno;
    }
    const struct pipeline_start start = {
        .arguments = arguments.list, .variables = arguments.variables, .fd = ends[1]};
    int error = pipeline_child_start(&job->child, &start);
    if (ends[1] >= 0) {
        close(ends[1]);
    }
    if (error && ends[0] >= 0) {
        close(ends[0]);
    }
    *ret_fd = error ? -1 : ends[0];
    return error;
}

static usec_t backoff(unsigned tries) {
    usec_t pause = BACKOFF_FIRST;
    for (unsigned i = 1; i < tries && pause < BACKOFF_MOST; i++) {
        pause *= 2;
    }
    return usec_min(pause, BACKOFF_MOST);
}

static void restart_later(const struct job_house *house, struct job *job, usec_t now,
                          const char *why) {
    struct job_event event = event_of(JOB_EVENT_RESTARTING);
    job->tries = now - job->started >= STEADY ? 1 : job->tries + 1;
    job->state = JOB_WAITING;
    job->due = now + backoff(job->tries);
    job->has_last = job->judged = false;
    event.seconds_left = (double)backoff(job->tries) / 1e6;
    snprintf(event.message, sizeof(event.message), "%s", why);
    log_warn("pipeline.restarting", "job=%llu tries=%u why=\"%s\"", (unsigned long long)job->id,
             job->tries, why);
    tell(house, job, event);
}

bool job_start(const struct job_house *house, struct job *job, usec_t now) {
    struct job_event event = event_of(JOB_EVENT_STARTED);
    const bool makes = job->order.type == JOB_TASK && job->order.task.output[0];
    int error =
        makes ? job_room_open(&job->room, house->rooms, job->id, job->order.task.output) : 0;
    if (error) {
        tell_not_kept(house, job, error);
        return false;
    }
    error = spawn(house, job, &event.fd);
    job->started = job->heard = now;
    job->memory = 0;
    if (!error) {
        job->state = JOB_RUNNING;
        job->due = USEC_NEVER;
        tell(house, job, event);
        return true;
    }
    char why[JOB_MESSAGE_MAX];
    snprintf(why, sizeof(why), "The media program %.150s cannot be started: %s.", house->program,
             strerror(-error));
    if (job->order.type != JOB_TASK) {
        restart_later(house, job, now, why);
        return true;
    }
    log_error("pipeline.start_failed", "job=%llu error=%d", (unsigned long long)job->id, -error);
    tell_failed(house, job, "no_pipeline", why);
    return false;
}

/* ---- Running ---- */

static void hear(const struct job_house *house, struct job *job, struct bytes line, usec_t now) {
    struct job_event event = event_of(JOB_EVENT_ENDED);
    int error = pipeline_line_parse(line, &event);
    if (error) {
        if (error != -ENOENT) {
            log_warn("pipeline.bad_line", "job=%llu bytes=%zu", (unsigned long long)job->id,
                     line.n);
        }
        return;
    }
    job->heard = now;
    switch (event.type) {
    case JOB_EVENT_STARTED: /* was told when the process was spawned */
    case JOB_EVENT_RESTARTING:
        return;
    case JOB_EVENT_PROGRESS:
    case JOB_EVENT_STREAMING:
    case JOB_EVENT_SOURCE:
    case JOB_EVENT_MATTE:
    case JOB_EVENT_GATE:
        if (!job->has_last) {
            tell(house, job, event);
        }
        return;
    case JOB_EVENT_FAILED:
    case JOB_EVENT_READY:
    case JOB_EVENT_ENDED:
        if (!job->has_last) {
            job->has_last = true;
            job->last = event;
            job->due = usec_min(job->due, now + LAST_TIME);
        }
        return;
    }
}

void job_read(const struct job_house *house, struct job *job, usec_t now) {
    struct bytes line;
    bool closed;
    while (pipeline_child_line(&job->child, &line, &closed)) {
        hear(house, job, line, now);
    }
}

/* Bytes that are the process's alone (proc(5), statm), or 0. */
static uint64_t memory_of(pid_t pid) {
    char path[64], text[128];
    unsigned long long size, resident, shared;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return 0;
    }
    text[n] = '\0';
    if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3 || shared > resident) {
        return 0;
    }
    return (resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void judge(struct job *job, enum job_verdict verdict, usec_t now) {
    log_warn("pipeline.killed", "job=%llu reason=%s memory=%llu", (unsigned long long)job->id,
             job_verdict_reason(verdict), (unsigned long long)job->memory);
    job->judged = true;
    job->verdict = verdict;
    pipeline_child_signal(&job->child, SIGKILL);
    job->state = JOB_TERMINATED;
    job->due = now + TERM_TIME;
}

void job_watch(const struct job_house *house, struct job *job, usec_t now) {
    const struct job_limits *limits = &house->limits;
    if (!job_runs(job) || job->judged) {
        return;
    }
    uint64_t memory = memory_of(job->child.pid);
    job->memory = memory > job->memory ? memory : job->memory;
    if (limits->memory > 0 && memory > limits->memory) {
        judge(job, VERDICT_TOO_MUCH_MEMORY, now);
    } else if (job->order.type != JOB_TASK || job->state != JOB_RUNNING) {
        return; /* a live source is silent for good reasons */
    } else if (limits->silence > 0 && now - job->heard > SEC(limits->silence)) {
        judge(job, VERDICT_SILENT, now);
    } else if (limits->seconds > 0 && now - job->started > SEC(limits->seconds)) {
        judge(job, VERDICT_TOO_LONG, now);
    }
}

/* ---- Ending ---- */

bool job_stop(const struct job_house *house, struct job *job, usec_t now) {
    job->stopped = true;
    switch (job->state) {
    case JOB_WAITING:
        tell(house, job, event_of(JOB_EVENT_ENDED));
        return false;
    case JOB_RUNNING:
        pipeline_child_ask(&job->child);
        job->state = JOB_ASKED;
        job->due = now + ASK_TIME;
        return true;
    case JOB_ASKED:
    case JOB_TERMINATED:
        return true;
    }
    return true;
}

bool job_due(const struct job_house *house, struct job *job, usec_t now) {
    switch (job->state) {
    case JOB_WAITING:
        return job_start(house, job, now);
    case JOB_RUNNING: /* it has said its last word but does not go */
        pipeline_child_ask(&job->child);
        job->state = JOB_ASKED;
        job->due = now + ASK_TIME;
        return true;
    case JOB_ASKED:
        pipeline_child_signal(&job->child, SIGTERM);
        job->state = JOB_TERMINATED;
        job->due = now + TERM_TIME;
        return true;
    case JOB_TERMINATED:
        pipeline_child_signal(&job->child, SIGKILL);
        job->due = now + TERM_TIME;
        return true;
    }
    return true;
}

static void task_ended(const struct job_house *house, struct job *job, enum job_verdict verdict) {
    char why[JOB_MESSAGE_MAX];
    const bool ready = job->has_last && job->last.type == JOB_EVENT_READY;
    int error = ready && job->room.directory[0] ? job_room_deliver(&job->room) : 0;
    job_room_close(&job->room); /* before anybody hears of the end */
    if (error) {
        tell_not_kept(house, job, error);
    } else if (job->has_last) {
        tell(house, job, job->last);
    } else if (job->stopped) {
        tell(house, job, event_of(JOB_EVENT_ENDED));
    } else {
        job_verdict_message(verdict, job->order.task.kind, &house->limits, why);
        tell_failed(house, job, job_verdict_reason(verdict), why);
    }
}

static void say_why(const struct job_house *house, const struct job *job, int code,
                    enum job_verdict verdict, char why[static JOB_MESSAGE_MAX]) {
    const char *what = job->order.type == JOB_INGEST         ? "The live source"
                       : job->order.service.kind == JOB_GATE ? "The RTMP door"
                                                             : "The recorder";
    if (job->has_last) {
        snprintf(why, JOB_MESSAGE_MAX, "%s", job->last.message);
    } else if (verdict == VERDICT_TOO_MUCH_MEMORY) {
        snprintf(why, JOB_MESSAGE_MAX, "%s needed more memory than it may have (%llu MB).", what,
                 (unsigned long long)(house->limits.memory >> 20));
    } else if (code > 128) {
        snprintf(why, JOB_MESSAGE_MAX, "%s was ended by signal %d.", what, code - 128);
    } else {
        snprintf(why, JOB_MESSAGE_MAX, "%s stopped with code %d.", what, code);
    }
}

bool job_ended(const struct job_house *house, struct job *job, int code, usec_t now) {
    char why[JOB_MESSAGE_MAX];
    job_read(house, job, now); /* what it said last */
    pipeline_child_clear(&job->child);
    log_info("pipeline.ended", "job=%llu code=%d memory=%lluM", (unsigned long long)job->id, code,
             (unsigned long long)(job->memory >> 20));
    enum job_verdict verdict =
        job->judged ? job->verdict : job_verdict_of(code, job->memory, &house->limits);
    if (job->order.type == JOB_TASK) {
        task_ended(house, job, verdict);
        return false;
    }
    bool failed = job->has_last && job->last.type == JOB_EVENT_FAILED;
    if (job->stopped || (job->has_last && !failed)) {
        tell(house, job, job->has_last && !failed ? job->last : event_of(JOB_EVENT_ENDED));
        return false;
    }
    say_why(house, job, code, verdict, why);
    restart_later(house, job, now, why);
    return true;
}
