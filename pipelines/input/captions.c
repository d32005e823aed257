#include "input/captions.h"

#include "input/captions_text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_MAX (100 * INT64_C(3600000))
#define DEFAULT_LENGTH 2000

void captions_clear(struct captions *c) {
    for (size_t i = 0; i < c->count; i++) {
        free(c->cues[i].text);
    }
    free(c->cues);
    *c = (struct captions){0};
}

int captions_add(struct captions *c, int64_t start, int64_t end, struct bytes text) {
    char clean[CAPTIONS_TEXT_MAX];
    if (start < 0 || start >= TIME_MAX) {
        return -EINVAL;
    }
    if (captions_clean(text, clean, sizeof(clean)) == 0) {
        return 0;
    }
    if (c->count == CAPTIONS_CUES_MAX) {
        return -E2BIG;
    }
    if (c->count == c->room) {
        size_t room = c->room ? c->room * 2 : 64;
        struct cue *more = realloc(c->cues, room * sizeof(*more));
        if (!more) {
            return -ENOMEM;
        }
        c->cues = more;
        c->room = room;
    }
    char *copy = strdup(clean);
    if (!copy) {
        return -ENOMEM;
    }
    bool lasts = end > start && end < TIME_MAX;
    c->cues[c->count] = (struct cue){.start = start,
                                     .end = lasts ? end : start + DEFAULT_LENGTH,
                                     .text = copy,
                                     .number = (uint32_t)c->count};
    c->count++;
    return 0;
}

struct lines {
    const char *p, *end;
};

/* The next line without its end (CR LF, LF or CR). */
static bool next_line(struct lines *l, struct bytes *ret) {
    if (l->p >= l->end) {
        return false;
    }
    const char *start = l->p;
    while (l->p < l->end && *l->p != '\n' && *l->p != '\r') {
        l->p++;
    }
    *ret = bytes_of((const uint8_t *)start, (size_t)(l->p - start));
    if (l->p < l->end) {
        l->p += l->p[0] == '\r' && l->p + 1 < l->end && l->p[1] == '\n' ? 2 : 1;
    }
    return true;
}

static void skip_space(const char **p, const char *end) {
    while (*p < end && (**p == ' ' || **p == '\t')) {
        (*p)++;
    }
}

static bool digits(const char **p, const char *end, int most, int64_t *ret) {
    int n = 0;
    *ret = 0;
    while (*p < end && **p >= '0' && **p <= '9' && n < most) {
        *ret = *ret * 10 + (**p - '0');
        (*p)++;
        n++;
    }
    return n > 0;
}

/* [hours:]minutes:seconds[.,]fraction, as WebVTT §3.3 and SubRip write it, and a little beside. */
static bool read_time(const char **p, const char *end, int64_t *ret) {
    int64_t part[3], fraction = 0;
    int parts = 0;
    do {
        skip_space(p, end);
        if (!digits(p, end, 4, &part[parts])) {
            return false;
        }
        parts++;
        skip_space(p, end);
    } while (parts < 3 && *p < end && **p == ':' && (*p)++);
    if (parts < 2) {
        return false;
    }
    if (*p < end && (**p == '.' || **p == ',' || **p == ':')) {
        (*p)++;
        int64_t scale = 100;
        skip_space(p, end);
        for (; *p < end && **p >= '0' && **p <= '9'; (*p)++) {
            fraction += (**p - '0') * scale;
            scale /= 10;
        }
    }
    int64_t hours = parts == 3 ? part[0] : 0;
    *ret = ((hours * 60 + part[parts - 2]) * 60 + part[parts - 1]) * 1000 + fraction;
    return *ret < TIME_MAX;
}

/* Cue settings (WebVTT §4.2 "cue settings list") of names that are known, as they are. */
static void read_settings(const char *p, const char *end, char *ret) {
    static const char *const names[] = {"vertical:", "line:", "position:", "size:", "align:"};
    size_t used = 0;
    while (p < end) {
        skip_space(&p, end);
        const char *word = p;
        while (p < end && *p != ' ' && *p != '\t') {
            p++;
        }
        size_t n = (size_t)(p - word);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            size_t name = strlen(names[i]);
            bool plain = n > name && strncmp(word, names[i], name) == 0;
            for (size_t k = name; plain && k < n; k++) {
                plain = strchr("abcdefghijklmnopqrstuvwxyz0123456789-.,%", word[k]) && word[k];
            }
            if (plain && used + n + 2 < CAPTIONS_SETTINGS_MAX) {
                ret[used++] = ' ';
                memcpy(ret + used, word, n);
                used += n;
            }
        }
    }
    ret[used] = 0;
}

struct timing {
    int64_t start, end;
    char settings[CAPTIONS_SETTINGS_MAX];
};

static bool read_timing(struct bytes line, struct timing *ret) {
    const char *p = (const char *)line.p, *end = p + line.n;
    if (!read_time(&p, end, &ret->start)) {
        return false;
    }
    skip_space(&p, end);
    const char *arrow = p;
    while (p < end && *p == '-') {
        p++;
    }
    if (p == arrow || p >= end || *p != '>') {
        return false;
    }
    p++;
    if (!read_time(&p, end, &ret->end)) {
        ret->end = ret->start; /* captions_add gives it a length */
    }
    read_settings(p, end, ret->settings);
    return true;
}

static bool is_number(struct bytes line) {
    const char *p = (const char *)line.p, *end = p + line.n;
    int64_t value;
    skip_space(&p, end);
    bool number = digits(&p, end, 9, &value);
    skip_space(&p, end);
    return number && p == end;
}

static bool is_blank(struct bytes line) {
    const char *p = (const char *)line.p, *end = p + line.n;
    skip_space(&p, end);
    return p == end;
}

struct reader {
    struct captions *captions;
    bool webvtt;
    bool in_cue, ended; /* a timing was seen; WebVTT: its cue has ended */
    struct timing timing;
    const char *text, *last, *text_end; /* of the cue; its last line; behind that */
    size_t timings;
};

static int finish(struct reader *r, bool before_timing) {
    if (!r->in_cue) {
        return 0;
    }
    const char *end = r->text_end;
    /* the number of the next cue is no word of this one */
    if (before_timing && !r->webvtt && r->last &&
        is_number(bytes_of((const uint8_t *)r->last, (size_t)(r->text_end - r->last)))) {
        end = r->last;
    }
    size_t n = r->text && end > r->text ? (size_t)(end - r->text) : 0;
    size_t count = r->captions->count;
    int result = captions_add(r->captions, r->timing.start, r->timing.end,
                              bytes_of((const uint8_t *)(n ? r->text : ""), n));
    if (r->captions->count > count) {
        memcpy(r->captions->cues[count].settings, r->timing.settings, CAPTIONS_SETTINGS_MAX);
    }
    r->in_cue = false;
    r->text = r->last = NULL;
    return result;
}

static int take_line(struct reader *r, struct bytes line) {
    struct timing timing = {0};
    if (read_timing(line, &timing)) {
        int result = finish(r, true);
        r->timing = timing;
        r->in_cue = true;
        r->ended = false;
        r->timings++;
        return result;
    }
    if (!r->in_cue || r->ended) {
        return 0;
    }
    if (is_blank(line)) {
        r->ended = r->webvtt; /* notes and styles follow; SubRip has blank lines inside, at times */
        return 0;
    }
    r->last = (const char *)line.p;
    r->text = r->text ? r->text : r->last;
    r->text_end = r->last + line.n;
    return 0;
}

static int parse_text(struct captions *c, const char *text, size_t size) {
    struct lines lines = {.p = text, .end = text + size};
    struct reader r = {.captions = c,
                       .webvtt = size >= 6 && memcmp(text, "WEBVTT", 6) == 0 &&
                                 (size == 6 || strchr(" \t\r\n", text[6]))};
    struct bytes line;
    int result = 0;
    while (result == 0 && next_line(&lines, &line)) {
        result = take_line(&r, line);
    }
    result = result < 0 ? result : finish(&r, false);
    return result < 0 ? result : r.timings > 0 || r.webvtt ? 0 : -EBADMSG;
}

int captions_parse(struct captions *c, struct bytes file, const char *lang) {
    if (file.n > CAPTIONS_FILE_MAX) {
        return -E2BIG;
    }
    size_t size;
    char *text = captions_to_utf8(file, lang, &size);
    if (!text) {
        return -ENOMEM;
    }
    int r = parse_text(c, text, size);
    free(text);
    return r;
}

static int by_time(const void *a, const void *b) {
    const struct cue *x = a, *y = b;
    if (x->start != y->start) {
        return x->start < y->start ? -1 : 1;
    }
    return x->number < y->number ? -1 : x->number > y->number;
}

static void put_time(FILE *out, int64_t ms) {
    fprintf(out, "%02" PRId64 ":%02d:%02d.%03d", ms / 3600000, (int)(ms / 60000 % 60),
            (int)(ms / 1000 % 60), (int)(ms % 1000));
}

char *captions_format(struct captions *c, size_t *ret_size) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        return NULL;
    }
    if (c->count > 0) {
        qsort(c->cues, c->count, sizeof(c->cues[0]), by_time);
    }
    fputs("WEBVTT\n", out);
    for (size_t i = 0; i < c->count; i++) {
        const struct cue *cue = &c->cues[i];
        fputc('\n', out);
        put_time(out, cue->start);
        fputs(" --> ", out);
        put_time(out, cue->end);
        fprintf(out, "%s\n%s\n", cue->settings, cue->text);
    }
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(text);
        return NULL;
    }
    *ret_size = size;
    return text;
}
