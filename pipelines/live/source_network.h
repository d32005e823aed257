/* live/source_network.h: what the sources that open a connection themselves have in common: one
 * inlet at a time, opened again with back-off (0.25 to 2 s) whenever it ends. */
#pragma once
#include "live/inlet.h"
#include "live/source.h"

struct network_ops {
    /* Puts the elements into the inlet. `tries` counts since the last connection. */
    int (*build)(struct inlet *inlet, const struct ingest_options *options, unsigned tries,
                 struct failure *failure);
    const char *waiting; /* a word for people */
    gint64 patience;     /* without data until the connection counts as dead, microseconds */
};

int source_network_prepare(const struct ingest_options *options, struct confinement *ret,
                           struct failure *failure);
void *source_network_start(const struct source_context *context, const struct network_ops *ops,
                           struct failure *failure);
void source_network_stop(void *source);
