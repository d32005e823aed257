/* Pipeline processes are started, heard, restarted and ended; none is left behind. */
#include "app/pipeline_process.h"

#include <semaphore.h>
#include <signal.h>
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
static sem_t woken;

static void wake(void *ctx) {
    (void)ctx;
    sem_post(&woken);
}

static struct pipelines *start(struct jobs *jobs, size_t jobs_max) {
    struct pipelines *p;
    const struct pipelines_config config = {.program = program, .jobs_max = jobs_max, .wake = wake};
    sem_init(&woken, 0, 0);
    assert_int_equal(pipelines_new(&config, &p), 0);
    pipelines_jobs(p, jobs);
    return p;
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

static void babble_is_skipped(void **state) {
    (void)state;
    struct jobs jobs;
    struct pipelines *p = start(&jobs, 0);
    job_id id = compile(&jobs, "babble");
    expect(&jobs, id, JOB_EVENT_STARTED);
    expect(&jobs, id, JOB_EVENT_PROGRESS);
    expect(&jobs, id, JOB_EVENT_READY);
    pipelines_free(p);
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
        cmocka_unit_test(babble_is_skipped),
        cmocka_unit_test(compile_jobs_wait_for_their_turn_and_may_be_stopped),
        cmocka_unit_test(who_does_not_listen_is_killed),
        cmocka_unit_test(an_ingest_brings_a_socket_and_ends_when_asked),
        cmocka_unit_test(an_ingest_that_dies_is_started_again),
        cmocka_unit_test(too_many_jobs_are_refused),
        cmocka_unit_test(a_missing_program_is_said),
    };
    if (argc < 2) {
        return 2;
    }
    program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
