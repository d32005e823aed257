/* input/captions_file.h: captions into a presentation: captions-LANG.vtt and its line in the
 * manifest. */
#pragma once
#include "input/captions.h"
#include "job/report.h"
#include "presentation/manifest.h"

/* True for a plain language tag (letters, digits, hyphens; RFC 5646 §4.4.1: at most 35). */
bool captions_lang_valid(const char *lang);

/* Reads WebVTT or SubRip from `path`. `label` NULL: the language's own name. 0, or -1 with
 * `no_file`, `bad_captions`, `cannot_write`. */
int captions_import(const char *path, const char *lang, const char *label, const char *directory,
                    struct manifest *manifest, struct failure *failure);

/* Writes `c` as the captions of `lang`, unless the manifest has some of that language already or
 * there is nothing in it. 0, or -1 with `cannot_write`. */
int captions_save(struct captions *c, const char *lang, const char *label, const char *directory,
                  struct manifest *manifest, struct failure *failure);
