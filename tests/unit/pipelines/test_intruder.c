/* A converter that a film has taken over cannot reach another film: this program is the supervisor,
 * and started by it the converter too, which tries. The same attempts without confinement succeed,
 * or this test would prove nothing. */
#include "app/pipeline_process.h"
#include "job/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char data[] = "/tmp/parlour-intruder-XXXXXX";
static sem_t woken;

static const char *in(const char *directory, const char *name) {
    static char path[4][512];
    static unsigned turn;
    char *to = path[turn++ % 4];
    snprintf(to, 512, "%.200s/%.200s", directory, name);
    return to;
}

/* ---- The converter ---- */

static bool opens(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

/* Each that works is a letter. The last ones spoil what those before need. */
static void reach_for_others(const char *place, const char *output, char ret[static 16]) {
    size_t n = 0;
    const bool reached[] = {
        opens(in(place, "presentations/other/video.rung"), O_RDONLY),
        opens(in(place, "presentations/other/video.rung"), O_WRONLY),
        opens(in(place, "presentations/other/more"), O_WRONLY | O_CREAT),
        opens(in(place, "jobs/0-other/part"), O_WRONLY | O_CREAT),
        mkdir(in(place, "presentations/new"), 0700) == 0,
        rename(output, in(place, "presentations/moved")) == 0,
        rename(in(place, "presentations/other"), in(place, "presentations/gone")) == 0,
        opens(in(place, "parlour.db"), O_RDONLY),
    };
    for (size_t i = 0; i < sizeof(reached) / sizeof(*reached); i++) {
        if (reached[i]) {
            ret[n++] = (char)('a' + i);
        }
    }
    ret[n] = '\0';
}

/* compile DATA/uploads/film --out DIR */
static int converter(int argc, char **argv) {
    char parent[512], reached[16];
    struct failure failure = {0};
    if (strcmp(argv[1], "--unconfined") == 0) {
        confine_off();
        argc--;
        argv++;
    }
    if (argc < 5) {
        return 2;
    }
    snprintf(parent, sizeof(parent), "%.*s", (int)(strrchr(argv[4], '/') - argv[4]), argv[4]);
    const struct confinement confinement = {.read = {argv[2]}, .write = parent};
    if (confine(&confinement, &failure) < 0) {
        printf("{\"event\":\"failed\",\"reason\":\"%s\",\"message\":\"%s\"}\n", failure.reason,
               failure.message);
        return 1;
    }
    char *place = strdup(argv[2]);
    *strstr(place, "/uploads/") = '\0';
    mkdir(argv[4], 0700);
    reach_for_others(place, argv[4], reached);
    if (reached[0]) {
        printf("{\"event\":\"failed\",\"reason\":\"reached\",\"message\":\"%s\"}\n", reached);
    } else if (!opens(argv[2], O_RDONLY) || !opens(in(argv[4], "video.rung"), O_WRONLY | O_CREAT)) {
        printf("{\"event\":\"failed\",\"reason\":\"helpless\",\"message\":\"x\"}\n");
    } else {
        printf("{\"event\":\"ready\",\"duration\":1}\n");
    }
    free(place);
    return 0;
}

/* ---- The supervisor ---- */

static void wake(void *ctx) {
    (void)ctx;
    sem_post(&woken);
}

static struct job_event outcome(bool unconfined) {
    char program[512] = "", rooms[512];
    struct job_event e;
    struct jobs jobs;
    struct pipelines *p;
    struct job_task task = {.title = "T"};
    struct timespec limit;
    job_id id;
    assert_true(readlink("/proc/self/exe", program, sizeof(program) - 1) > 0);
    snprintf(rooms, sizeof(rooms), "%s/jobs", data);
    snprintf(task.input, sizeof(task.input), "%s/uploads/film", data);
    snprintf(task.output, sizeof(task.output), "%s/presentations/film", data);
    sem_init(&woken, 0, 0);
    const struct pipelines_config config = {
        .program = program, .rooms = rooms, .unconfined = unconfined, .wake = wake};
    assert_int_equal(pipelines_new(&config, &p), 0);
    assert_int_equal(mkdir(in(data, "jobs/0-other"), 0700), 0); /* of another job */
    pipelines_jobs(p, &jobs);
    assert_int_equal(jobs.run(jobs.ctx, &task, &id), 0);
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    do {
        while (!jobs.next_event(jobs.ctx, &e)) {
            assert_int_equal(sem_timedwait(&woken, &limit), 0);
        }
    } while (e.type == JOB_EVENT_STARTED);
    pipelines_free(p);
    return e;
}

static void confined_it_reaches_nothing(void **state) {
    (void)state;
    struct job_event e = outcome(false);
    if (e.type != JOB_EVENT_READY) {
        fail_msg("%s: %s", e.reason, e.message);
    }
    assert_true(opens(in(data, "presentations/film/video.rung"), O_RDONLY));
    assert_true(opens(in(data, "presentations/other/video.rung"), O_RDONLY));
}

static void unconfined_it_would_reach_everything(void **state) {
    (void)state;
    struct job_event e = outcome(true);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "reached");
    assert_string_equal(e.message, "abcdefgh");
}

/* ---- The place ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

static int make_place(void **state) {
    static const char *const directories[] = {"uploads", "presentations", "presentations/other",
                                              "jobs"};
    static const char *const files[] = {"uploads/film", "presentations/other/video.rung",
                                        "parlour.db"};
    (void)state;
    if (!mkdtemp(strcpy(data, "/tmp/parlour-intruder-XXXXXX"))) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
        if (mkdir(in(data, directories[i]), 0700) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        if (!opens(in(data, files[i]), O_WRONLY | O_CREAT)) {
            return -1;
        }
    }
    return 0;
}

static int clear_place(void **state) {
    (void)state;
    return nftw(data, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(confined_it_reaches_nothing, make_place, clear_place),
        cmocka_unit_test_setup_teardown(unconfined_it_would_reach_everything, make_place,
                                        clear_place),
    };
    if (argc > 1) {
        return converter(argc, argv);
    }
    if (!confine_landlock() || !confine_seccomp()) {
        fputs("skipped: this kernel has no Landlock or no seccomp\n", stderr);
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
