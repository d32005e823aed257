/* Bytes as log.jsonl. */
#include "replay/visit_log.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct visit_log log;
    if (visit_log_parse(bytes_of(data, size), &log) < 0) {
        return 0;
    }
    assert(log.run_count > 0);
    for (size_t i = 0; i < log.stage_count; i++) {
        assert(log.stages[i].run < log.run_count);
        (void)visit_log_unix(&log, log.stages[i].run, log.stages[i].t);
    }
    for (size_t i = 0; i < log.source_count; i++) {
        const struct log_source *s = &log.sources[i];
        assert(visit_log_source(&log, s->run, s->media));
        (void)visit_log_may_keep(&log, s->credential);
    }
    assert(visit_log_run(&log, "0a1b2c3d", 5) < log.run_count);
    visit_log_clear(&log);
    return 0;
}
