/* A job becomes a command line; secrets do not. */
#include "app/pipeline_arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *joined(const struct pipeline_arguments *a) {
    static char line[4096];
    size_t n = 0;
    for (size_t i = 0; a->list[i]; i++) {
        n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s", i ? "|" : "", a->list[i]);
    }
    assert_null(a->list[a->count]);
    return line;
}

static void tasks(void **state) {
    (void)state;
    struct pipeline_arguments a;
    struct job_task task = {.kind = JOB_COMPILE,
                            .input = "in.mov",
                            .output = "d/out",
                            .title = "--title",
                            .captions = "c.srt",
                            .captions_lang = "de",
                            .poster = "p.jpg",
                            .key = "auto"};
    pipeline_arguments_task("pp", false, &task, "room/out", &a);
    assert_string_equal(joined(&a), "pp|compile|in.mov|--out|room/out|--title|--title|--captions|"
                                    "c.srt|--lang|de|--poster|p.jpg|--key|auto");
    task = (struct job_task){.kind = JOB_ASSEMBLE, .input = "r", .output = "o", .key = "auto"};
    pipeline_arguments_task("pp", true, &task, "o", &a);
    assert_string_equal(joined(&a), "pp|--unconfined|assemble|r|--out|o");
    task = (struct job_task){.kind = JOB_ENRICH, .input = "d/x", .title = "T"};
    pipeline_arguments_task("pp", false, &task, "", &a);
    assert_string_equal(joined(&a), "pp|enrich|d/x");
    task = (struct job_task){.kind = JOB_SLIDES, .input = "s.pdf", .output = "d/s", .title = "T"};
    pipeline_arguments_task("pp", false, &task, "d/s", &a);
    assert_string_equal(joined(&a), "pp|slides|s.pdf|--out|d/s|--title|T");
}

static void live_sources(void **state) {
    (void)state;
    struct pipeline_arguments a;
    struct job_ingest job = {.source = JOB_INGEST_FILE, .file = "a.mp4"};
    pipeline_arguments_ingest("pp", false, &job, &a);
    assert_string_equal(joined(&a), "pp|ingest|--source|a.mp4|--loop|--codec|vp8|--fd|3");
    assert_null(a.variables[0]);
    job = (struct job_ingest){.source = JOB_INGEST_RTMP,
                              .codec = JOB_INGEST_H264,
                              .file = "gate/k.sock",
                              .rungs = "h264:720,h264:360",
                              .key = "00ff00"};
    pipeline_arguments_ingest("pp", false, &job, &a);
    assert_string_equal(joined(&a), "pp|ingest|--source-env|PARLOUR_SOURCE_URL|--codec|h264|"
                                    "--rungs|h264:720,h264:360|--key|00ff00|--fd|3");
    assert_string_equal(a.variables[0], "PARLOUR_SOURCE_URL=rtmp:gate/k.sock"); /* k is secret */
    assert_null(a.variables[1]);
    job = (struct job_ingest){.source = JOB_INGEST_PLAYLIST, .file = "list"};
    pipeline_arguments_ingest("pp", false, &job, &a);
    assert_string_equal(joined(&a), "pp|ingest|--source|playlist:list|--loop|--codec|vp8|--fd|3");
    job = (struct job_ingest){.source = JOB_INGEST_SRT_LISTEN,
                              .file = "srt://:9003?mode=listener",
                              .passphrase = "very secret words"};
    pipeline_arguments_ingest("pp", false, &job, &a);
    assert_null(strstr(joined(&a), "secret"));
    assert_null(strstr(joined(&a), "srt"));
    assert_non_null(strstr(joined(&a), "--passphrase-env|PARLOUR_PASSPHRASE"));
    assert_string_equal(a.variables[0], "PARLOUR_SOURCE_URL=srt://:9003?mode=listener");
    assert_string_equal(a.variables[1], "PARLOUR_PASSPHRASE=very secret words");
    assert_null(a.variables[2]);
    pipeline_arguments_memory(&a, 1 << 20);
    assert_string_equal(a.variables[2], "PARLOUR_MEMORY=1048576");
    assert_null(a.variables[3]);
}

static void services(void **state) {
    (void)state;
    struct pipeline_arguments a;
    struct job_service service = {
        .kind = JOB_GATE, .listen = "127.0.0.1:1935", .directory = "d/gate"};
    pipeline_arguments_service("pp", false, &service, &a);
    assert_string_equal(joined(&a), "pp|gate|--listen|127.0.0.1:1935|--dir|d/gate");
    service = (struct job_service){.kind = JOB_RECORD, .directory = "d/tracks"};
    pipeline_arguments_service("pp", false, &service, &a);
    assert_string_equal(joined(&a), "pp|record|--fd|3|--out|d/tracks");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks),
        cmocka_unit_test(live_sources),
        cmocka_unit_test(services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
