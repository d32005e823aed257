#include "manifest.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CHAPTERS_MAX 200

static json_t *chapters_load(const char *path) {
    json_t *file = json_load_file(path, 0, NULL);
    json_t *list = json_is_object(file) ? json_object_get(file, "chapters") : file;
    json_t *chapters = json_array();
    size_t i;
    json_t *item;
    bool good = json_is_array(list) && json_array_size(list) <= CHAPTERS_MAX;
    json_array_foreach(list, i, item) {
        json_t *t = json_object_get(item, "t"), *title = json_object_get(item, "title");
        good = good && json_is_number(t) && json_is_string(title);
        if (good) {
            json_array_append_new(chapters, json_pack("{s:O,s:O}", "t", t, "title", title));
        }
    }
    json_decref(file);
    if (!good) {
        json_decref(chapters);
        return NULL;
    }
    return chapters;
}

bool manifest_chapters_valid(const char *path) {
    json_t *chapters = chapters_load(path);
    json_decref(chapters);
    return chapters != NULL;
}

static json_t *rung(const struct manifest_rung *r) {
    json_t *o = json_pack("{s:s,s:s,s:s,s:s*}", "file", r->file, "kind", r->kind, "codec", r->codec,
                          "profile", r->profile);
    if (r->width > 0) {
        json_object_set_new(o, "width", json_integer(r->width));
        json_object_set_new(o, "height", json_integer(r->height));
    }
    if (r->speed > 0) {
        json_object_set_new(o, "speed", json_integer(r->speed));
    }
    json_object_set_new(o, "bitrate", json_integer(r->bitrate));
    return o;
}

static json_t *build(const struct manifest *m) {
    json_t *rungs = json_array(), *captions = json_array();
    json_t *chapters = m->chapters_path ? chapters_load(m->chapters_path) : NULL;
    for (size_t i = 0; i < m->rung_count; i++) {
        json_array_append_new(rungs, rung(&m->rungs[i]));
    }
    if (m->captions_lang) {
        json_array_append_new(captions,
                              json_pack("{s:s,s:s,s:s}", "lang", m->captions_lang, "label",
                                        m->captions_label, "file", m->captions_file));
    }
    return json_pack("{s:i,s:s,s:f,s:i,s:i,s:s*,s:o,s:o,s:o}", "version", 1, "title", m->title,
                     "duration", m->duration, "width", (int)m->width, "height", (int)m->height,
                     "poster", m->poster ? "poster.jpg" : NULL, "rungs", rungs, "captions",
                     captions, "chapters", chapters ? chapters : json_array());
}

int manifest_write(const struct manifest *m, const char *directory) {
    json_t *o = build(m);
    char *path = NULL;
    int r = -1;
    if (o && asprintf(&path, "%s/manifest.json", directory) >= 0) {
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd >= 0) {
            bool written = json_dumpfd(o, fd, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) == 0 &&
                           write(fd, "\n", 1) == 1 && fsync(fd) == 0;
            r = close(fd) == 0 && written ? 0 : -1;
        }
    }
    json_decref(o);
    free(path);
    return r;
}
