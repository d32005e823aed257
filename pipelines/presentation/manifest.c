#include "presentation/manifest.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIME_MAX (100.0 * 3600)

/* Length of the UTF-8 sequence (RFC 3629 §4) at `s`, 0 when there is none. */
static size_t sequence(const char *s) {
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] < 0x80   ? 1
               : p[0] < 0xc2 ? 0
               : p[0] < 0xe0 ? 2
               : p[0] < 0xf0 ? 3
               : p[0] < 0xf5 ? 4
                             : 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool wrong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
                 (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
    return wrong ? 0 : n;
}

bool manifest_add_chapter(struct manifest *m, double t, const char *title) {
    if (m->chapter_count == MANIFEST_CHAPTERS_MAX || !(t >= 0 && t < TIME_MAX)) {
        return false;
    }
    struct manifest_chapter *chapter = &m->chapters[m->chapter_count++];
    *chapter = (struct manifest_chapter){.t = t};
    size_t used = 0;
    while (*title) {
        size_t n = sequence(title);
        bool control = n < 2 && ((unsigned char)*title < 0x20 || *title == 0x7f);
        if (used + (n ? n : 1) >= MANIFEST_TITLE_MAX) {
            break;
        }
        if (n == 0 || control) {
            chapter->title[used++] = control ? ' ' : '?';
            title++;
            continue;
        }
        memcpy(chapter->title + used, title, n);
        used += n;
        title += n;
    }
    return true;
}

bool manifest_load_chapters(struct manifest *m, const char *path) {
    json_t *file = json_load_file(path, 0, NULL);
    json_t *list = json_is_object(file) ? json_object_get(file, "chapters") : file;
    size_t i;
    json_t *item;
    bool good = json_is_array(list) && json_array_size(list) <= MANIFEST_CHAPTERS_MAX;
    json_array_foreach(list, i, item) {
        json_t *t = json_object_get(item, "t"), *title = json_object_get(item, "title");
        good = good && json_is_number(t) && json_is_string(title) && json_number_value(t) >= 0 &&
               json_number_value(t) < TIME_MAX;
    }
    if (good) {
        m->chapter_count = 0;
        json_array_foreach(list, i, item) {
            manifest_add_chapter(m, json_number_value(json_object_get(item, "t")),
                                 json_string_value(json_object_get(item, "title")));
        }
    }
    json_decref(file);
    return good;
}

static int by_time(const void *a, const void *b) {
    const struct manifest_chapter *x = a, *y = b;
    return (x->t > y->t) - (x->t < y->t);
}

void manifest_settle_chapters(struct manifest *m, double duration) {
    qsort(m->chapters, m->chapter_count, sizeof(m->chapters[0]), by_time);
    while (m->chapter_count > 0 && m->chapters[m->chapter_count - 1].t >= duration) {
        m->chapter_count--;
    }
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

static void set_text(json_t *o, const char *name, const char *value) {
    json_t *text = value && value[0] ? json_string(value) : NULL; /* NULL when not UTF-8 */
    if (text) {
        json_object_set_new(o, name, text);
    }
}

static json_t *source(const struct manifest_source *s) {
    json_t *o = json_object();
    set_text(o, "container", s->container);
    set_text(o, "video_codec", s->video_codec);
    set_text(o, "audio_codec", s->audio_codec);
    if (s->width > 0) {
        json_object_set_new(o, "width", json_integer(s->width));
        json_object_set_new(o, "height", json_integer(s->height));
    }
    if (s->fps > 0) {
        json_object_set_new(o, "fps", json_real(s->fps));
    }
    json_object_set_new(o, "hdr", json_boolean(s->hdr));
    json_object_set_new(o, "interlaced", json_boolean(s->interlaced));
    json_object_set_new(o, "rotated", json_boolean(s->rotated));
    return o;
}

static json_t *rectangle(const struct manifest_rectangle *r) {
    return json_pack("{s:f,s:f,s:f,s:f}", "x", r->x, "y", r->y, "w", r->w, "h", r->h);
}

static json_t *matte(const struct manifest_matte *m) {
    return json_pack("{s:i,s:i,s:o,s:o,s:o,s:{s:o,s:o}}", "width", (int)m->width, "height",
                     (int)m->height, "colour", rectangle(&m->colour), "matte", rectangle(&m->matte),
                     "guard", rectangle(&m->guard), "patches", "black", rectangle(&m->black),
                     "white", rectangle(&m->white));
}

void manifest_report_matte(const struct manifest_matte *m) {
    json_t *line = json_pack("{s:s,s:o}", "event", "matte_layout", "layout", matte(m));
    if (line && json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9)) == 0) {
        putchar('\n');
        fflush(stdout);
    }
    json_decref(line);
}

static json_t *lists(const struct manifest *m, json_t *o) {
    json_t *rungs = json_array(), *captions = json_array(), *chapters = json_array();
    for (size_t i = 0; i < m->rung_count; i++) {
        json_array_append_new(rungs, rung(&m->rungs[i]));
    }
    for (size_t i = 0; i < m->captions_count; i++) {
        const struct manifest_captions *c = &m->captions[i];
        json_array_append_new(captions, json_pack("{s:s,s:s,s:s}", "lang", c->lang, "label",
                                                  c->label, "file", c->file));
    }
    for (size_t i = 0; i < m->chapter_count; i++) {
        json_array_append_new(
            chapters, json_pack("{s:f,s:s}", "t", m->chapters[i].t, "title", m->chapters[i].title));
    }
    json_object_set_new(o, "rungs", rungs);
    json_object_set_new(o, "captions", captions);
    json_object_set_new(o, "chapters", chapters);
    return o;
}

static json_t *build(const struct manifest *m) {
    json_t *o = json_pack("{s:i,s:s,s:f,s:i,s:i,s:s*}", "version", 1, "title", m->title, "duration",
                          m->duration, "width", (int)m->width, "height", (int)m->height, "poster",
                          m->poster ? "poster.jpg" : NULL);
    if (!o) {
        return NULL;
    }
    set_text(o, "hls", m->hls);
    set_text(o, "mp4", m->mp4);
    set_text(o, "storyboard", m->storyboard);
    if (m->has_loudness) {
        json_object_set_new(o, "loudness",
                            json_pack("{s:f,s:f}", "measured_lufs",
                                      round(m->measured_lufs * 100) / 100, "gain_db",
                                      round(m->gain_db * 100) / 100));
    }
    if (m->has_source) {
        json_object_set_new(o, "source", source(&m->source));
    }
    if (m->matte) {
        json_object_set_new(o, "matte_layout", matte(m->matte));
    }
    return lists(m, o);
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
