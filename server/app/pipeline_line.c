#include "app/pipeline_line.h"

#include "wire/json.h"
#include "wire/matte_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define DELAY_MAX 1e9
#define COUNT_MAX 1e15

static const struct {
    const char *name;
    enum job_event_type type;
} names[] = {
    {"started", JOB_EVENT_STARTED},     {"progress", JOB_EVENT_PROGRESS},
    {"streaming", JOB_EVENT_STREAMING}, {"ready", JOB_EVENT_READY},
    {"failed", JOB_EVENT_FAILED},       {"ended", JOB_EVENT_ENDED},
    {"source", JOB_EVENT_SOURCE},       {"matte_layout", JOB_EVENT_MATTE},
    {"gate", JOB_EVENT_GATE},
};

static void take_text(const struct json *object, const char *key, char *to, size_t size) {
    const char *text = "";
    json_get_text(object, key, &text);
    snprintf(to, size, "%s", text);
}

static void take_source(const struct json *object, struct job_event *ret) {
    double delay = -1;
    json_get_number(object, "delay_ms", &delay);
    ret->delay_ms = delay >= 0 && delay < DELAY_MAX ? (int)delay : -1;
    take_text(object, "state", ret->stage, sizeof(ret->stage));
    take_text(object, "detail", ret->message, sizeof(ret->message));
}

static bool take_matte(const struct json *object, struct job_event *ret) {
    char wrong[MATTE_WRONG_MAX];
    return matte_layout_read(json_get(object, "layout"), &ret->matte, wrong) == 0;
}

static void take_gate(const struct json *object, struct job_gate_counts *ret) {
    const struct {
        const char *key;
        uint64_t *to;
    } counts[] = {{"accepted", &ret->accepted},
                  {"turned_away", &ret->turned_away},
                  {"published", &ret->published},
                  {"refused", &ret->refused},
                  {"broken", &ret->broken}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        double value = 0;
        json_get_number(object, counts[i].key, &value);
        *counts[i].to = value > 0 && value < COUNT_MAX ? (uint64_t)value : 0;
    }
}

static int read_event(const struct json *object, struct job_event *ret) {
    const char *name;
    if (json_get_text(object, "event", &name) != 0) {
        return -EINVAL;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (strcmp(names[i].name, name) == 0) {
            ret->type = names[i].type;
            ret->fraction = ret->duration = 0;
            ret->seconds_left = -1;
            json_get_number(object, "fraction", &ret->fraction);
            json_get_number(object, "seconds_left", &ret->seconds_left);
            json_get_number(object, "duration", &ret->duration);
            take_text(object, "stage", ret->stage, sizeof(ret->stage));
            take_text(object, "reason", ret->reason, sizeof(ret->reason));
            take_text(object, "message", ret->message, sizeof(ret->message));
            if (ret->type == JOB_EVENT_SOURCE) {
                take_source(object, ret);
            }
            if (ret->type == JOB_EVENT_MATTE && !take_matte(object, ret)) {
                return -EINVAL;
            }
            if (ret->type == JOB_EVENT_GATE) {
                take_gate(object, &ret->gate);
            }
            ret->fraction = ret->fraction > 1 ? 1 : ret->fraction > 0 ? ret->fraction : 0;
            return 0;
        }
    }
    return -ENOENT;
}

int pipeline_line_parse(struct bytes line, struct job_event *ret) {
    struct json *object;
    if (json_parse(line, PIPELINE_LINE_MAX, &object) != 0) {
        return -EINVAL;
    }
    int error = read_event(object, ret);
    json_free(object);
    return error;
}
