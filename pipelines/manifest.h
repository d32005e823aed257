/* manifest.h: manifest.json of a presentation. The fields are in pipelines/README.md. */
#pragma once
#include "report.h"
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_RUNGS_MAX 16

struct manifest_rung {
    char file[64];
    const char *kind, *codec, *profile; /* profile NULL when there is none to name */
    uint32_t width, height;             /* 0 for audio */
    uint32_t bitrate;                   /* average, bit/s */
    uint32_t speed;                     /* percent; 0 for video */
};

struct manifest {
    const char *title;
    double duration;
    uint32_t width, height;
    bool poster;
    size_t rung_count;
    struct manifest_rung rungs[MANIFEST_RUNGS_MAX];
    const char *captions_lang, *captions_label, *captions_file; /* lang NULL: none */
    const char
        *chapters_path; /* a JSON list of {t, title}, or an object that has one as `chapters` */
};

/* True when the file at `path` can serve as manifest.chapters_path. */
bool manifest_chapters_valid(const char *path);

/* Writes DIRECTORY/manifest.json, on disk when this returns. 0 or -1. */
int manifest_write(const struct manifest *m, const char *directory);
