/* routing/presentation.h: what a walkthrough can be played from: the manifest's rungs and their
 * mapped files. Reading and mapping files is media's: parse the manifest, map each rung's file, set
 * it, then check. Immutable afterwards; shared by the cursors of one thread. */
#pragma once
#include "routing/rung_file.h"

#define PRESENTATION_RUNGS_MAX 16
#define PRESENTATION_NAME_MAX 64
#define PRESENTATION_MANIFEST_MAX 262144
#define PRESENTATION_SHORT_SIDE 720 /* pixels: what a viewer is given first */

struct presentation_rung {
    char file[PRESENTATION_NAME_MAX]; /* a plain name inside the directory */
    enum media_kind kind;
    enum media_codec codec;
    char profile[8]; /* H.264 profile-level-id, or "" */
    uint32_t speed_percent;
    bool open;
    struct rung_file rung;
};

struct presentation {
    int64_t duration_usec;
    size_t rung_count;
    struct presentation_rung rungs[PRESENTATION_RUNGS_MAX];
};

/* Reads `rungs` of a manifest.json. 0, -EBADMSG, -ENOMEM. */
int presentation_parse(struct bytes manifest, struct presentation *ret);

/* The mapped file of a rung; must agree with the manifest. 0 or -EBADMSG. */
int presentation_set_rung(struct presentation *p, size_t index, struct bytes file);

/* 0 when something can be played: every rung open, at least one video rung or one audio rung at
 * speed 100. Else -EBADMSG. */
int presentation_check(struct presentation *p);

/* The video rung for a codec (CODEC_NONE: any): the largest whose short side is at most
 * PRESENTATION_SHORT_SIDE, else the smallest; the earlier of two alike. Or the audio rung at a
 * speed. NULL: none. */
const struct presentation_rung *presentation_video(const struct presentation *p,
                                                   enum media_codec codec);
const struct presentation_rung *presentation_audio(const struct presentation *p,
                                                   uint32_t speed_percent);
