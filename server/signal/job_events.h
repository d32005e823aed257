/* signal/job_events.h: what pipeline processes say, given to whoever asked for the job; and why
 * jobs failed, counted for /metrics. */
#pragma once

struct signal;

/* Takes what waits. */
void job_events_service(struct signal *s);

/* A job ended with this stable word. */
void signal_count_failure(struct signal *s, const char *reason);
