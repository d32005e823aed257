/* presentation/manifest.h: manifest.json of a presentation. What its members mean is in
 * manifest.schema.json. */
#pragma once
#include "job/report.h"
#include <stddef.h>
#include <stdint.h>

#define MANIFEST_RUNGS_MAX 16
#define MANIFEST_CAPTIONS_MAX 16
#define MANIFEST_CHAPTERS_MAX 200
#define MANIFEST_TITLE_MAX 256 /* bytes of a chapter's title, with its end */

struct manifest_rung {
    char file[64];
    const char *kind, *codec, *profile; /* profile NULL when there is none to name */
    uint32_t width, height;             /* 0 for audio */
    uint32_t bitrate;                   /* average, bit/s */
    uint32_t speed;                     /* percent; 0 for video */
};

struct manifest_captions {
    char lang[36], label[64], file[64];
};

struct manifest_chapter {
    double t; /* seconds */
    char title[MANIFEST_TITLE_MAX];
};

/* What the input was. Empty names are left out. */
struct manifest_source {
    char container[32], video_codec[32], audio_codec[32];
    uint32_t width, height; /* as coded; 0 without a picture */
    double fps;             /* 0 unknown */
    bool hdr, interlaced, rotated;
};

struct manifest_rectangle {
    double x, y, w, h; /* 0 to 1 of the coded picture */
};

/* The stacked picture of a keyed film: colour above, matte below. */
struct manifest_matte {
    uint32_t width, height;
    struct manifest_rectangle colour, matte, guard, black, white;
};

struct manifest {
    const char *title;
    double duration;
    uint32_t width, height;
    bool poster;
    const char *hls, *mp4, *storyboard; /* names of files, or NULL */
    size_t rung_count;
    struct manifest_rung rungs[MANIFEST_RUNGS_MAX];
    size_t captions_count;
    struct manifest_captions captions[MANIFEST_CAPTIONS_MAX];
    size_t chapter_count;
    struct manifest_chapter chapters[MANIFEST_CHAPTERS_MAX];
    bool has_loudness;
    double measured_lufs, gain_db; /* of the source, and what was added to it */
    bool has_source;
    struct manifest_source source;
    const struct manifest_matte *matte; /* NULL: not keyed */
};

/* Adds a chapter, its title made fit for a list (UTF-8, one line, cut when long). False when there
 * are too many, or `t` is no time. */
bool manifest_add_chapter(struct manifest *m, double t, const char *title);

/* Reads chapters from a JSON list of {t, title}, or an object that has one as `chapters`, in place
 * of those that are there. False, and nothing changed, when the file is no such list. */
bool manifest_load_chapters(struct manifest *m, const char *path);

/* Puts the chapters in order of time and drops those that start at or behind `duration`. */
void manifest_settle_chapters(struct manifest *m, double duration);

/* Tells the layout of live stacked pictures on standard output:
 * {"event":"matte_layout","layout":{…}}, as in the manifest. */
void manifest_report_matte(const struct manifest_matte *m);

/* Writes DIRECTORY/manifest.json, on disk when this returns. 0 or -1. */
int manifest_write(const struct manifest *m, const char *directory);
