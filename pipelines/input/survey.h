/* input/survey.h: the first look through a whole file: how loud it is, the captions and the
 * chapters that are in it. The picture is not decoded. */
#pragma once
#include "input/probe.h"
#include "job/stage.h"
#include "presentation/manifest.h"

struct survey {
    double lufs;    /* LOUDNESS_NONE without sound */
    double gain_db; /* what to add to the sound */
};

/* Captions of a language that the manifest has no captions of, and chapters when it has none, are
 * added to it; files go to `directory`. 0, or -1 with a failure in stage. */
int survey_file(const char *path, const struct probe *probe, const char *directory,
                struct stage *stage, struct manifest *manifest, struct survey *ret);
