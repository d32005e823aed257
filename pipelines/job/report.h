/* job/report.h: what a job says: one JSON object a line on standard output. */
#pragma once
#include <stdbool.h>

/* Why a job failed: a stable word for programs and a sentence for people. */
struct failure {
    char reason[32];
    char message[512];
};

/* Fills `ret`, unless it already holds an earlier reason. Always returns -1. */
__attribute__((format(printf, 3, 4))) int failure_set(struct failure *ret, const char *reason,
                                                      const char *format, ...);

/* {"event":"started"} and {"event":"ended"} */
void report_event(const char *event);
void report_progress(double fraction, const char *stage, double seconds_left);
void report_ready(double duration);
/* `video` and `audio` are codec names, or NULL for none. */
void report_streaming(const char *video, const char *audio);
/* How a live source stands: `waiting`, `connected` or `lost`; `delay_ms` from our door to the
 * server, below 0 when it is not known. */
void report_source(const char *state, int delay_ms, const char *detail);
/* The gate's port, and every 30 s what it has counted. */
void report_listening(unsigned port);
void report_gate(unsigned accepted, unsigned turned_away, unsigned published, unsigned refused,
                 unsigned broken);
void report_failed(const struct failure *failure);
/* One line of the doctor: an element, whether it is there, what it is for and its package. */
void report_element(const char *element, bool present, const char *purpose, const char *package);
/* Another line of the doctor: the ABI of Landlock (0 none), and whether there are seccomp filters.
 */
void report_confinement(unsigned landlock, bool seccomp);
