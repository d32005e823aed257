#include "signal/job_events.h"
#include "signal/compiles.h"
#include "signal/decks.h"
#include "signal/feeds.h"
#include "signal/recordings.h"
#include "signal/replays.h"
#include "signal/sources.h"
#include "signal/state.h"

#include <stdio.h>
#include <unistd.h>

void signal_count_failure(struct signal *s, const char *reason) {
    struct failure_count *f = s->counters.failures;
    size_t i = 0;

    if (reason[strspn(reason, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0') {
        reason = "odd"; /* a process that others' bytes may have led astray has said it */
    }

    while (i < FAILURE_REASONS - 1 && f[i].count > 0 && strcmp(f[i].reason, reason) != 0) {
        i++;
    }
    if (f[i].count++ == 0) { /* what is too many more goes by one name */
        snprintf(f[i].reason, sizeof f[i].reason, "%s", i < FAILURE_REASONS - 1 ? reason : "other");
    }
}

void job_events_service(struct signal *s) {
    struct job_event e;

    while (s->jobs != NULL && s->jobs->next_event(s->jobs->ctx, &e)) {
        bool taken = compiles_job_event(s, &e) || decks_job_event(s, &e) ||
                     feeds_job_event(s, &e) || sources_job_event(s, &e) ||
                     recordings_job_event(s, &e) || replays_job_event(s, &e);
        if (!taken && e.type == JOB_EVENT_STARTED && e.fd >= 0) {
            close(e.fd);
        }
    }
}
