/* presentation/rung_sink.h: from an appsink to a rung file: each encoded frame is cut and written,
 * with its time counted from the start of the presentation. */
#pragma once
#include "job/stage.h"
#include "presentation/cmaf.h"
#include "presentation/rung_writer.h"

struct rung_sink {
    struct rung_format format;
    struct packetiser cut;
    struct rung_writer *writer;
    struct cmaf *cmaf; /* gets the same frames; NULL: nobody else does */
    unsigned keys;     /* so far */
    struct stage *stage;
    bool counted; /* audio: frame n is at n × frame_ticks, whatever the buffer says */
    uint64_t frame_ticks;
    uint64_t end; /* ticks, of the last frame's end */
    uint64_t last_time;
};

/* 0 or -1 with a failure in stage. `element` names an appsink of stage's pipeline. */
int rung_sink_open(struct rung_sink *sink, const char *directory, const char *file,
                   const struct rung_format *format, struct stage *stage, const char *element);

/* H.264: the same frames go into DIRECTORY/FILE as well, as fragmented mp4 with a segment for each
 * two key frames. 0 or -1 with a failure. */
int rung_sink_add_cmaf(struct rung_sink *sink, const char *directory, const char *file);

/* Writes the files. `duration` in ticks. 0 or -1 with a failure. */
int rung_sink_finish(struct rung_sink *sink, uint64_t duration);

void rung_sink_clear(struct rung_sink *sink);
