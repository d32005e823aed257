#include "job/report.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *ret, const char *reason, const char *format, ...) {
    if (ret->reason[0]) {
        return -1;
    }
    va_list args;
    va_start(args, format);
    snprintf(ret->reason, sizeof(ret->reason), "%s", reason);
    vsnprintf(ret->message, sizeof(ret->message), format, args);
    va_end(args);
    return -1;
}

/* Prints and frees `line`. */
static void print(json_t *line) {
    if (line && json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0) {
        putchar('\n');
        fflush(stdout);
    }
    json_decref(line);
}

void report_event(const char *event) {
    print(json_pack("{s:s}", "event", event));
}

void report_progress(double fraction, const char *stage, double seconds_left) {
    print(json_pack("{s:s,s:f,s:s,s:f}", "event", "progress", "fraction", fraction, "stage", stage,
                    "seconds_left", seconds_left));
}

void report_ready(double duration) {
    print(json_pack("{s:s,s:f}", "event", "ready", "duration", duration));
}

void report_streaming(const char *video, const char *audio) {
    print(json_pack("{s:s,s:s?,s:s?}", "event", "streaming", "video", video, "audio", audio));
}

void report_source(const char *state, int delay_ms, const char *detail) {
    json_t *delay = delay_ms < 0 ? json_null() : json_integer(delay_ms);
    print(json_pack("{s:s,s:s,s:o,s:s}", "event", "source", "state", state, "delay_ms", delay,
                    "detail", detail));
}

void report_listening(unsigned port) {
    print(json_pack("{s:s,s:i}", "event", "listening", "port", (int)port));
}

void report_gate(unsigned accepted, unsigned turned_away, unsigned published, unsigned refused,
                 unsigned broken) {
    print(json_pack("{s:s,s:I,s:I,s:I,s:I,s:I}", "event", "gate", "accepted", (json_int_t)accepted,
                    "turned_away", (json_int_t)turned_away, "published", (json_int_t)published,
                    "refused", (json_int_t)refused, "broken", (json_int_t)broken));
}

void report_failed(const struct failure *failure) {
    print(json_pack("{s:s,s:s,s:s}", "event", "failed", "reason", failure->reason, "message",
                    failure->message));
}

void report_element(const char *element, bool present, const char *purpose, const char *package) {
    print(json_pack("{s:s,s:b,s:s,s:s}", "element", element, "present", present, "purpose", purpose,
                    "package", package));
}

void report_confinement(unsigned landlock, bool seccomp) {
    print(json_pack("{s:i,s:b}", "landlock", (int)landlock, "seccomp", seccomp));
}
