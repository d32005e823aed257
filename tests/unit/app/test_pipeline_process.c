/* Pipeline processes are started, heard, restarted and ended; none is left behind. */
#include "app/pipeline_process.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *program;
static char rooms[] = "/tmp/parlour-rooms-XXXXXX";
static sem_t woken;

static void wake(void *ctx) {
    (void)ctx;
    sem_post(&woken);
}

static struct pipelines *start_limited(struct jobs *jobs, size_t jobs_max,
                                       const struct job_limits *limits) {
    struct pipelines *p;
    const struct pipelines_config config = {
        .program = program, .rooms = rooms, .jobs_max = jobs_max, .limits = *limits, .wake = wake};
    sem_init(&woken, 0, 0);
    assert_int_equal(pipelines_new(&config, &p), 0);
    pipelines_jobs(p, jobs);
    return p;
}

static struct pipelines *start(struct jobs *jobs, size_t jobs_max) {
    const struct job_limits none = {0};
    return start_limited(jobs, jobs_max, &none);
}

static struct job_event next(struct jobs *jobs) {
    struct job_event e;
    struct timespec limit;
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 20;
    while (!jobs->next_event(jobs->ctx, &e)) {
        assert_int_equal(sem_timedwait(&woken, &limit), 0);
    }
    return e;
}

static job_id compile(struct jobs *jobs, const char *input) {
    struct job_task job = {.output = "/tmp/parlour-fake-presentation"};
    job_id id = 0;
    snprintf(job.input, sizeof(job.input), "%s", input);
    assert_int_equal(jobs->run(jobs->ctx, &job, &id), 0);
    return id;
}

static void expect(struct jobs *jobs, job_id id, enum job_event_type type) {
    struct job_event e = next(jobs);
    assert_int_equal(e.job, id);
    assert_int_equal(e.type, type);
}

static void a_film_becomes_ready(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "good");
    expect(&jobs, id, JOB_EVENT_STARTED);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_PROGRESS);
    assert_true(e.fraction == 0.5);
    e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_READY);
    assert_true(e.duration == 12.5);
    pipelines_free(p);
    rmdir("/tmp/parlour-fake-presentation");
}

static void a_failure_keeps_its_words(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "bad");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "no_video");
    assert_string_equal(e.message, "This is no film.");
    pipelines_free(p);
}

static void a_crash_is_a_failure_in_words(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "crash");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "crashed");
    pipelines_free(p);
}

/* Starts it, waits until it is over, and wants this reason. */
static void fails_with(const char *input, const struct job_limits *limits, const char *reason,
                       const char *words) {
    struct jobs jobs;
    struct job_event e;
    struct pipelines *p = start_limited(&jobs, 0, limits);
    job_id id = compile(&jobs, input);
    do {
        e = next(&jobs);
        assert_int_equal(e.job, id);
    } while (e.type == JOB_EVENT_STARTED || e.type == JOB_EVENT_PROGRESS);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, reason);
    assert_non_null(strstr(e.message, words));
    assert_int_equal(pipelines_running(p), 0);
    id = compile(&jobs, "bad"); /* and the next one has its turn */
    expect(&jobs, id, JOB_EVENT_STARTED);
    pipelines_free(p);
}

static void who_takes_too_much_memory_is_ended(void **state) {
    (void)state;
    const struct job_limits limits = {.memory = 64 << 20};
    fails_with("hungry", &limits, "too_much_memory", "64 MB");
}

static void who_hangs_is_ended(void **state) {
    (void)state;
    const struct job_limits limits = {.silence = 1};
    fails_with("stuck", &limits, "too_long", "1 second");
}

static void who_never_gets_done_is_ended(void **state) {
    (void)state;
    const struct job_limits limits = {.silence = 20, .seconds = 1};
    fails_with("chatty", &limits, "too_long", "1 second");
}

static void who_writes_too_much_is_said_so(void **state) {
    (void)state;
    const struct job_limits limits = {0};
    fails_with("big", &limits, "too_big", "larger");
}

/* No name in there but its own, so that the test needs no list. */
static void assert_empty(const char *path) {
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
}

static void half_a_film_does_not_stay(void **state) {
    (void)state;
    char place[] = "/tmp/parlour-half-XXXXXX";
    struct jobs jobs;
    struct job_event e;
    assert_non_null(mkdtemp(place));
    struct pipelines *p = start(&jobs, 0);
    struct job_task job = {.input = "half"};
    job_id id;
    snprintf(job.output, sizeof(job.output), "%s/film", place);
    assert_int_equal(jobs.run(jobs.ctx, &job, &id), 0);
    do {
        e = next(&jobs);
    } while (e.type != JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "crashed");
    assert_int_equal(rmdir(place), 0); /* empty when the failure is told */
    assert_empty(rooms);
    pipelines_free(p);
}

static void a_task_has_a_directory_of_its_own(void **state) {
    (void)state;
    struct jobs jobs;
    struct stat st;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "alone");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    expect(&jobs, id, JOB_EVENT_READY);
    assert_int_equal(stat("/tmp/parlour-fake-presentation", &st), 0); /* when it is told */
    assert_empty(rooms);
    pipelines_free(p);
    rmdir("/tmp/parlour-fake-presentation");
}

static void who_says_ready_and_has_nothing_fails(void **state) {
    (void)state;
    const struct job_limits limits = {0};
    fails_with("liar", &limits, "cannot_write", "cannot be saved");
    assert_empty(rooms);
}

static void a_result_that_cannot_go_to_its_place_fails(void **state) {
    (void)state;
    struct jobs jobs;
    struct job_event e;
    struct job_task job = {.input = "good", .output = "/nowhere/presentations/film"};
    job_id id;
    struct pipelines *p = start(&jobs, 0);
    assert_int_equal(jobs.run(jobs.ctx, &job, &id), 0);
    do {
        e = next(&jobs);
    } while (e.type == JOB_EVENT_STARTED || e.type == JOB_EVENT_PROGRESS);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "cannot_write");
    assert_empty(rooms);
    pipelines_free(p);
}

static void rooms_of_a_killed_server_are_cleared(void **state) {
    (void)state;
    char path[128], file[160];
    static const char *const of[] = {"1-1", "99999999-4", "film"}; /* no server has these pids */
    for (size_t i = 0; i < 4; i++) {
        if (i < 3) {
            snprintf(path, sizeof(path), "%s/%s", rooms, of[i]);
        } else {
            snprintf(path, sizeof(path), "%s/%d-7", rooms, (int)getpid()); /* had our pid */
        }
        snprintf(file, sizeof(file), "%s/.film.7.part", path);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(mkdir(file, 0700), 0);
    }
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    assert_empty(rooms);
    pipelines_free(p);
}

static void who_says_ready_and_stays_is_ended(void **state) {
    (void)state;
    struct jobs jobs;
    struct job_event e;
    struct pipelines *p = start(&jobs, 0);
    compile(&jobs, "lingers");
    do {
        e = next(&jobs);
    } while (e.type != JOB_EVENT_READY);
    assert_int_equal(pipelines_running(p), 0);
    pipelines_free(p);
}

static job_id run_task(struct jobs *jobs, enum job_task_kind kind, uint64_t weight) {
    struct job_task job = {.kind = kind,
                           .input = "good",
                           .output = "/tmp/parlour-fake-presentation",
                           .weight = weight};
    job_id id = 0;
    assert_int_equal(jobs->run(jobs->ctx, &job, &id), 0);
    return id;
}

static void the_light_goes_before_the_heavy_and_replays_first(void **state) {
    (void)state;
    struct jobs jobs;
    struct job_event e;
    struct pipelines *p = start(&jobs, 0);
    job_id first = compile(&jobs, "wait");
    expect(&jobs, first, JOB_EVENT_STARTED);
    expect(&jobs, first, JOB_EVENT_PROGRESS);
    job_id order[3], heavy = run_task(&jobs, JOB_COMPILE, 1000),
                     light = run_task(&jobs, JOB_COMPILE, 10);
    assert_int_equal(jobs.ahead(jobs.ctx, first), 0);
    assert_int_equal(jobs.ahead(jobs.ctx, light), 1);
    assert_int_equal(jobs.ahead(jobs.ctx, heavy), 2);
    assert_int_equal(jobs.ahead(jobs.ctx, 99), 0);
    job_id replay = run_task(&jobs, JOB_ASSEMBLE, 5000); /* beside the one that runs */
    for (size_t n = 0; n < 3;) {
        e = next(&jobs);
        if (e.type == JOB_EVENT_READY) {
            order[n++] = e.job;
        }
        if (e.type == JOB_EVENT_READY && n == 1) {
            jobs.stop(jobs.ctx, first);
        }
    }
    assert_int_equal(order[0], replay);
    assert_int_equal(order[1], light);
    assert_int_equal(order[2], heavy);
    pipelines_free(p);
    rmdir("/tmp/parlour-fake-presentation");
}

static void babble_is_skipped(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "babble");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    expect(&jobs, id, JOB_EVENT_READY);
    pipelines_free(p);
    rmdir("/tmp/parlour-fake-presentation");
}

static void compile_jobs_wait_for_their_turn_and_may_be_stopped(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id first = compile(&jobs, "wait"), second = compile(&jobs, "good"),
           third = compile(&jobs, "good");
    expect(&jobs, first, JOB_EVENT_STARTED);
    expect(&jobs, first, JOB_EVENT_PROGRESS);
    assert_int_equal(pipelines_running(p), 1);
    jobs.stop(jobs.ctx, second);
    expect(&jobs, second, JOB_EVENT_ENDED);
    jobs.stop(jobs.ctx, first);
    expect(&jobs, first, JOB_EVENT_ENDED);
    expect(&jobs, third, JOB_EVENT_STARTED);
    expect(&jobs, third, JOB_EVENT_PROGRESS);
    expect(&jobs, third, JOB_EVENT_READY);
    pipelines_free(p);
    rmdir("/tmp/parlour-fake-presentation");
}

static void who_does_not_listen_is_killed(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "deaf");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    jobs.stop(jobs.ctx, id);
    expect(&jobs, id, JOB_EVENT_ENDED);
    assert_int_equal(pipelines_running(p), 0);
    pipelines_free(p);
}

static void an_ingest_brings_a_socket_and_ends_when_asked(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    const struct job_ingest job = {.source = JOB_INGEST_TEST, .codec = JOB_INGEST_VP8};
    char packet[16];
    job_id id;
    assert_int_equal(jobs.ingest(jobs.ctx, &job, &id), 0);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_STARTED);
    assert_true(e.fd >= 0);
    assert_int_equal(read(e.fd, packet, sizeof(packet)), 6);
    expect(&jobs, id, JOB_EVENT_STREAMING);
    jobs.stop(jobs.ctx, id);
    expect(&jobs, id, JOB_EVENT_ENDED);
    assert_int_equal(read(e.fd, packet, sizeof(packet)), 0); /* its end is closed everywhere */
    close(e.fd);
    pipelines_free(p);
}

static void an_ingest_that_dies_is_started_again(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    const struct job_ingest job = {.source = JOB_INGEST_FILE, .file = "gone.mp4"};
    job_id id;
    assert_int_equal(jobs.ingest(jobs.ctx, &job, &id), 0);
    for (int i = 0; i < 2; i++) {
        struct job_event e = next(&jobs);
        assert_int_equal(e.type, JOB_EVENT_STARTED);
        close(e.fd);
        e = next(&jobs);
        assert_int_equal(e.type, JOB_EVENT_RESTARTING);
        assert_true(e.seconds_left == 1 << i);
        assert_non_null(strstr(e.message, "code 3"));
    }
    jobs.stop(jobs.ctx, id);
    expect(&jobs, id, JOB_EVENT_ENDED);
    pipelines_free(p);
}

static void a_passphrase_goes_by_the_environment(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    const struct job_ingest job = {.source = JOB_INGEST_SRT_CALL,
                                   .file = "srt://127.0.0.1:9000?mode=caller",
                                   .passphrase = "open sesame"};
    job_id id;
    assert_int_equal(jobs.ingest(jobs.ctx, &job, &id), 0);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_STARTED);
    close(e.fd);
    e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_SOURCE);
    assert_string_equal(e.stage, "connected");
    assert_int_equal(e.delay_ms, 120);
    assert_string_equal(e.message, "open sesame");
    pipelines_free(p);
}

static void a_service_is_started_again_with_its_reason(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    const struct job_service job = {.kind = JOB_GATE, .listen = "taken", .directory = "/tmp"};
    job_id id;
    assert_int_equal(jobs.serve(jobs.ctx, &job, &id), 0);
    for (int i = 0; i < 2; i++) {
        expect(&jobs, id, JOB_EVENT_STARTED);
        struct job_event e = next(&jobs);
        assert_int_equal(e.type, JOB_EVENT_RESTARTING);
        assert_string_equal(e.message, "The port is taken.");
    }
    jobs.stop(jobs.ctx, id);
    expect(&jobs, id, JOB_EVENT_ENDED);
    pipelines_free(p);
}

static void a_recorder_gets_a_new_socket_after_a_crash(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    const struct job_service job = {.kind = JOB_RECORD, .directory = "/tmp"};
    job_id id;
    assert_int_equal(jobs.serve(jobs.ctx, &job, &id), 0);
    struct job_event e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_STARTED);
    assert_true(e.fd >= 0);
    assert_int_equal(write(e.fd, "!", 1), 1);
    expect(&jobs, id, JOB_EVENT_RESTARTING);
    close(e.fd);
    e = next(&jobs);
    assert_int_equal(e.type, JOB_EVENT_STARTED);
    assert_true(e.fd >= 0);
    jobs.stop(jobs.ctx, id);
    close(e.fd); /* the end of its socket ends it too */
    expect(&jobs, id, JOB_EVENT_ENDED);
    pipelines_free(p);
}

static void too_many_jobs_are_refused(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 2);
    const struct job_task job = {.input = "wait"};
    job_id id;
    compile(&jobs, "wait");
    compile(&jobs, "wait");
    assert_int_equal(jobs.run(jobs.ctx, &job, &id), -ENOBUFS);
    pipelines_free(p); /* ends both, one running and one waiting */
}

static void a_missing_program_is_said(void **state) {
    (void)state;
    struct jobs jobs;
    const char *kept = program;
    program = "/nowhere/parlour-pipeline";
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "good");
    struct job_event e = next(&jobs);
    assert_int_equal(e.job, id);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "no_pipeline");
    pipelines_free(p);
    program = kept;
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_becomes_ready),
        cmocka_unit_test(a_failure_keeps_its_words),
        cmocka_unit_test(a_crash_is_a_failure_in_words),
        cmocka_unit_test(who_takes_too_much_memory_is_ended),
        cmocka_unit_test(who_hangs_is_ended),
        cmocka_unit_test(who_never_gets_done_is_ended),
        cmocka_unit_test(who_writes_too_much_is_said_so),
        cmocka_unit_test(half_a_film_does_not_stay),
        cmocka_unit_test(a_task_has_a_directory_of_its_own),
        cmocka_unit_test(who_says_ready_and_has_nothing_fails),
        cmocka_unit_test(a_result_that_cannot_go_to_its_place_fails),
        cmocka_unit_test(rooms_of_a_killed_server_are_cleared),
        cmocka_unit_test(who_says_ready_and_stays_is_ended),
        cmocka_unit_test(the_light_goes_before_the_heavy_and_replays_first),
        cmocka_unit_test(babble_is_skipped),
        cmocka_unit_test(compile_jobs_wait_for_their_turn_and_may_be_stopped),
        cmocka_unit_test(who_does_not_listen_is_killed),
        cmocka_unit_test(an_ingest_brings_a_socket_and_ends_when_asked),
        cmocka_unit_test(an_ingest_that_dies_is_started_again),
        cmocka_unit_test(a_passphrase_goes_by_the_environment),
        cmocka_unit_test(a_service_is_started_again_with_its_reason),
        cmocka_unit_test(a_recorder_gets_a_new_socket_after_a_crash),
        cmocka_unit_test(too_many_jobs_are_refused),
        cmocka_unit_test(a_missing_program_is_said),
    };
    if (argc < 2) {
        return 2;
    }
    program = argv[1];
    if (!mkdtemp(rooms)) {
        return 1;
    }
    int r = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(rooms);
    return r;
}
