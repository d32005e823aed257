/* live/ingest_options.h: the command line of the job ingest. */
#pragma once
#include "live/live_output.h"

enum ingest_kind {
    INGEST_TEST,
    INGEST_FILM, /* a file, or a playlist */
    INGEST_RTMP,
    INGEST_SRT,
    INGEST_RTSP
};

struct ingest_options {
    enum ingest_kind kind;
    const char *source; /* the path or the URL, without the word before it */
    bool playlist, loop;
    const char *passphrase; /* from the environment, or NULL */
    const char *hold;       /* a picture file, or NULL */
    struct live_rung rungs[FEED_RUNGS_MAX];
    size_t rung_count;
    int key;                     /* KEY_COLOUR_NONE, or as key_layout.h has it */
    unsigned width, height, fps; /* of the test source */
    int fd;
    const char *socket; /* when fd is -1 */
};

/* False: wrong usage. */
bool ingest_options_parse(int argc, char **argv, struct ingest_options *ret);

/* "h264:720,vp8:360" → rungs; the number of them, 0 when the text is no such list. */
size_t ingest_rungs_parse(const char *text, struct live_rung ret[FEED_RUNGS_MAX]);
