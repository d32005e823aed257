#include "app/pipeline_arguments.h"

#include <assert.h>
#include <stdio.h>

static void add(struct pipeline_arguments *a, const char *word) {
    assert(a->count < PIPELINE_ARGUMENTS_MAX - 1);
    a->list[a->count++] = word;
}

static void add_option(struct pipeline_arguments *a, const char *option, const char *value) {
    if (value[0]) {
        add(a, option);
        add(a, value);
    }
}

static void begin(struct pipeline_arguments *a, const char *program, bool unconfined,
                  const char *job) {
    *a = (struct pipeline_arguments){0};
    add(a, program);
    if (unconfined) {
        add(a, "--unconfined");
    }
    add(a, job);
}

void pipeline_arguments_task(const char *program, bool unconfined, const struct job_task *task,
                             const char *output, struct pipeline_arguments *ret) {
    static const char *const names[] = {[JOB_COMPILE] = "compile",
                                        [JOB_SLIDES] = "slides",
                                        [JOB_ASSEMBLE] = "assemble",
                                        [JOB_ENRICH] = "enrich"};
    begin(ret, program, unconfined, names[task->kind]);
    add(ret, task->input);
    if (task->kind == JOB_ENRICH) {
        return;
    }
    add_option(ret, "--out", output);
    add_option(ret, "--title", task->title);
    if (task->kind == JOB_COMPILE) {
        add_option(ret, "--captions", task->captions);
        add_option(ret, "--lang", task->captions_lang);
        add_option(ret, "--poster", task->poster);
        add_option(ret, "--key", task->key);
    }
}

static void add_variable(struct pipeline_arguments *a, const char *variable) {
    assert(a->variable_count < PIPELINE_VARIABLES_MAX - 1);
    a->variables[a->variable_count++] = variable;
}

/* Addresses hold passwords and stream keys. */
static void add_source(struct pipeline_arguments *a, const struct job_ingest *job) {
    switch (job->source) {
    case JOB_INGEST_TEST:
        add_option(a, "--source", "test");
        return;
    case JOB_INGEST_FILE:
        add_option(a, "--source", job->file);
        return;
    case JOB_INGEST_PLAYLIST:
        snprintf(a->words, sizeof(a->words), "playlist:%s", job->file);
        add_option(a, "--source", a->words);
        return;
    case JOB_INGEST_RTMP:
    case JOB_INGEST_SRT_LISTEN:
    case JOB_INGEST_SRT_CALL:
    case JOB_INGEST_RTSP:
        snprintf(a->words, sizeof(a->words), "PARLOUR_SOURCE_URL=%s%s",
                 job->source == JOB_INGEST_RTMP ? "rtmp:" : "", job->file);
        add_variable(a, a->words);
        add_option(a, "--source-env", "PARLOUR_SOURCE_URL");
        return;
    }
}

void pipeline_arguments_ingest(const char *program, bool unconfined, const struct job_ingest *job,
                               struct pipeline_arguments *ret) {
    begin(ret, program, unconfined, "ingest");
    add_source(ret, job);
    if (job->source == JOB_INGEST_FILE || job->source == JOB_INGEST_PLAYLIST) {
        add(ret, "--loop");
    }
    add_option(ret, "--codec", job->codec == JOB_INGEST_H264 ? "h264" : "vp8");
    add_option(ret, "--rungs", job->rungs);
    add_option(ret, "--key", job->key);
    if (job->passphrase[0]) {
        snprintf(ret->passphrase, sizeof(ret->passphrase), "PARLOUR_PASSPHRASE=%s",
                 job->passphrase);
        add_variable(ret, ret->passphrase);
        add_option(ret, "--passphrase-env", "PARLOUR_PASSPHRASE");
    }
    add_option(ret, "--fd", PIPELINE_FD);
}

void pipeline_arguments_service(const char *program, bool unconfined,
                                const struct job_service *service, struct pipeline_arguments *ret) {
    switch (service->kind) {
    case JOB_GATE:
        begin(ret, program, unconfined, "gate");
        add_option(ret, "--listen", service->listen);
        add_option(ret, "--dir", service->directory);
        return;
    case JOB_RECORD:
        begin(ret, program, unconfined, "record");
        add_option(ret, "--fd", PIPELINE_FD);
        add_option(ret, "--out", service->directory);
        return;
    }
}

void pipeline_arguments_memory(struct pipeline_arguments *a, uint64_t memory) {
    if (memory > 0) {
        snprintf(a->memory, sizeof(a->memory), "PARLOUR_MEMORY=%llu", (unsigned long long)memory);
        add_variable(a, a->memory);
    }
}
