#include "app/job_words.h"

#include <signal.h>
#include <stdio.h>

const char *job_verdict_reason(enum job_verdict verdict) {
    static const char *const reasons[] = {[VERDICT_CRASHED] = "crashed",
                                          [VERDICT_TOO_MUCH_MEMORY] = "too_much_memory",
                                          [VERDICT_SILENT] = "too_long",
                                          [VERDICT_TOO_LONG] = "too_long",
                                          [VERDICT_TOO_BIG] = "too_big"};
    return reasons[verdict];
}

/* What was done to what, and what helps. */
static const struct {
    const char *doing, *remedy;
} tasks[] = {
    [JOB_COMPILE] = {"reading this file", "Save it as an mp4 with H.264, then upload that."},
    [JOB_SLIDES] = {"reading these slides", "Save them as a PDF once more, then upload that."},
    [JOB_ASSEMBLE] = {"putting the replay together", "The recording is kept; try once more."},
    [JOB_ENRICH] = {"adding speeds and previews", "The film can be watched without them."},
};

void job_verdict_message(enum job_verdict verdict, enum job_task_kind kind,
                         const struct job_limits *limits, char ret[static JOB_MESSAGE_MAX]) {
    const char *doing = tasks[kind].doing, *remedy = tasks[kind].remedy;
    switch (verdict) {
    case VERDICT_CRASHED:
        snprintf(ret, JOB_MESSAGE_MAX, "The converter stopped unexpectedly while %s. %s", doing,
                 remedy);
        return;
    case VERDICT_TOO_MUCH_MEMORY:
        snprintf(ret, JOB_MESSAGE_MAX,
                 "The converter needed more memory (over %llu MB) than it may have while %s. %s",
                 (unsigned long long)(limits->memory >> 20), doing, remedy);
        return;
    case VERDICT_SILENT:
        snprintf(ret, JOB_MESSAGE_MAX,
                 "The converter got stuck while %s: nothing happened for %u seconds. %s", doing,
                 limits->silence, remedy);
        return;
    case VERDICT_TOO_LONG:
        snprintf(ret, JOB_MESSAGE_MAX, "The converter was not done with %s after %u %s. %s", doing,
                 limits->seconds < 7200 ? limits->seconds : limits->seconds / 3600,
                 limits->seconds < 7200 ? "seconds" : "hours", remedy);
        return;
    case VERDICT_TOO_BIG:
        snprintf(ret, JOB_MESSAGE_MAX,
                 "The converter would have written a larger file than it may while %s. %s", doing,
                 remedy);
        return;
    }
}

enum job_verdict job_verdict_of(int code, uint64_t memory, const struct job_limits *limits) {
    int by = code > 128 ? code - 128 : 0;
    if (by == SIGXCPU) {
        return VERDICT_TOO_LONG;
    }
    if (by == SIGXFSZ) {
        return VERDICT_TOO_BIG;
    }
    /* An allocation that is refused ends in abort or a trap, one that the kernel cannot give in
     * SIGKILL. */
    bool starved = by == SIGABRT || by == SIGTRAP || by == SIGSEGV || by == SIGKILL;
    return starved && limits->memory > 0 && memory > limits->memory / 2 ? VERDICT_TOO_MUCH_MEMORY
                                                                        : VERDICT_CRASHED;
}
