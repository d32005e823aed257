/* visit/stage.h: which source feeds which slot. A pure function of the sources and the rep's
 * choice; ids are the media sessions'. Slot 0 = presenter, slot 1 = shared content, 2… = customers'
 * cameras in order of arrival; sound alike. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAGE_SLOTS 8 /* the same as MEDIA_STAGE_SLOTS */

enum source_kind { SOURCE_CAMERA, SOURCE_SCREEN, SOURCE_PERSON, SOURCE_CONTENT };

/* What the stage needs to know about a source, in order of arrival. */
struct stage_source {
    uint64_t media; /* never 0 */
    enum source_kind kind;
    bool presenter_side; /* published by a rep, an encoder or a feed, not by a customer */
    bool audio, video;   /* has such a track (announced in its offer or seen) */
};

/* 0 leaves a slot dark. */
struct stage {
    uint64_t main_video, main_audio; /* for a viewer with one line of that kind */
    uint64_t video[STAGE_SLOTS], audio[STAGE_SLOTS];
};

/* `chosen` is the source of stage.set, or 0 when the rules decide: main is the most recent screen
 * or content, else the presenter. A `chosen` that is not among the sources counts as 0. The newest
 * presenter (person before camera) and the newest content win their slots. main_audio follows
 * main_video when that has sound, else the presenter, else any sound there is. */
void stage_arrange(const struct stage_source *sources, size_t count, uint64_t chosen,
                   struct stage *ret);

bool stage_equal(const struct stage *a, const struct stage *b);

const char *source_kind_name(enum source_kind kind); /* "camera", "screen", "person", "content" */
bool source_kind_parse(const char *name, enum source_kind *ret); /* false for any other word */
