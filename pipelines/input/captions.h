/* input/captions.h: captions of any common make become WebVTT (W3C Candidate Recommendation 4 April
 * 2019), kept in time. Sans-IO. Read are WebVTT and SubRip, told apart by content, in UTF-8, UTF-16
 * or an old 8-bit encoding; wrong numbering, missing blank lines and tags of other worlds do no
 * harm. */
#pragma once
#include "base/spans.h"
#include <stdbool.h>
#include <stdint.h>

#define CAPTIONS_FILE_MAX (4 * 1024 * 1024)
#define CAPTIONS_CUES_MAX 50000
#define CAPTIONS_TEXT_MAX 2048 /* bytes of one cue as WebVTT; longer ones are cut */
#define CAPTIONS_SETTINGS_MAX 64

struct cue {
    int64_t start, end; /* ms; start < end */
    char settings[CAPTIONS_SETTINGS_MAX];
    char *text;      /* owned; lines of WebVTT cue text without an empty one among them */
    uint32_t number; /* keeps cues of one start in their order */
};

struct captions { /* zeroed is empty */
    struct cue *cues;
    size_t count, room;
};

void captions_clear(struct captions *c);

/* Adds a cue. `text` is UTF-8 with tags of SubRip, WebVTT, ASS or Pango: what WebVTT knows of them
 * is kept, the rest is left out. Without an end after its start it lasts two seconds. A cue without
 * words is not added. 0, -EINVAL (no time), -E2BIG (too many), -ENOMEM. */
int captions_add(struct captions *c, int64_t start_ms, int64_t end_ms, struct bytes text);

/* Adds all cues of a file. `lang` (as in RFC 5646, may be "") tells which old encoding to expect.
 * 0, -EBADMSG (neither WebVTT nor SubRip), -E2BIG, -ENOMEM. */
int captions_parse(struct captions *c, struct bytes file, const char *lang);

/* The WebVTT file, in order of time; free with free(). NULL without memory. */
char *captions_format(struct captions *c, size_t *ret_size);
