/* The label of captions stands where WebVTT allows a text: behind the word WEBVTT. */
#include "signal/captions.h"
#include "signal/api.h"
#include "signal/fields.h"
#include "signal/files.h"
#include "signal/presentation.h"
#include "signal/state.h"
#include "wire/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL_MAX 64
#define LANGUAGES_MAX 64 /* of one walkthrough */
#define ENDING ".vtt"

bool captions_lang_is_fine(const char *lang) {
    size_t n = strlen(lang);

    return n >= 2 && n < CAPTIONS_LANG_MAX && lang[0] != '-' &&
           strspn(lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == n;
}

static void folder_path(const struct signal *s, const char *walkthrough,
                        char ret[static STORE_PATH_MAX]) {
    snprintf(ret, STORE_PATH_MAX, "%.400s/" CAPTIONS_FOLDER "/%.23s", s->config->data_dir,
             walkthrough);
}

void captions_path(const struct signal *s, const char *walkthrough, const char *lang,
                   char ret[static STORE_PATH_MAX]) {
    char folder[STORE_PATH_MAX];

    folder_path(s, walkthrough, folder);
    snprintf(ret, STORE_PATH_MAX, "%.460s/%.35s" ENDING, folder, lang);
}

void captions_forget(const struct signal *s, const char *walkthrough) {
    directory_remove(s->config->data_dir, CAPTIONS_FOLDER, walkthrough);
}

/* ---- listing ---- */

/* What stands behind "WEBVTT " in the first line, or "". */
static void read_label(const char *path, char ret[static LABEL_MAX]) {
    char line[LABEL_MAX + 16] = "";
    FILE *file = fopen(path, "re");

    if (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    snprintf(ret, LABEL_MAX, "%.*s", LABEL_MAX - 1, strlen(line) > 7 ? line + 7 : "");
}

static void add(struct json *list, const struct walkthrough_row *w, const char *lang,
                const char *label, const char *invite) {
    struct json *o = json_new_object();
    struct text url = {0};

    text_addf(&url, "/w/%s/captions/", w->slug);
    text_add_url(&url, lang);
    text_add(&url, ENDING);
    if (invite != NULL) {
        text_add(&url, "?invite=");
        text_add_url(&url, invite);
    }
    json_put_text(o, "lang", lang);
    json_put_text(o, "label", label[0] != '\0' ? label : lang);
    json_put_text(o, "url", url.failed ? NULL : url.p);
    json_add(list, o);
    text_clear(&url);
}

static bool has(const struct json *list, const char *lang) {
    for (size_t i = 0; i < json_count(list); i++) {
        const char *other = "";
        json_get_text(json_at(list, i), "lang", &other);
        if (strcmp(lang, other) == 0) {
            return true;
        }
    }
    return false;
}

/* "en.vtt" → "en". */
static bool lang_of(const char *name, char ret[static CAPTIONS_LANG_MAX]) {
    size_t n = strlen(name), ending = strlen(ENDING);

    if (n <= ending || n - ending >= CAPTIONS_LANG_MAX || strcmp(name + n - ending, ENDING) != 0) {
        return false;
    }
    memcpy(ret, name, n - ending);
    ret[n - ending] = '\0';
    return captions_lang_is_fine(ret);
}

struct json *captions_of(const struct signal *s, const struct walkthrough_row *w,
                         const struct json *manifest, const char *invite) {
    struct json *list = json_new_list();
    const struct json *own = json_get(manifest, "captions");
    char path[STORE_PATH_MAX], lang[CAPTIONS_LANG_MAX], label[LABEL_MAX];
    struct dirent *entry;

    folder_path(s, w->id, path);
    DIR *dir = opendir(path);
    while (dir != NULL && json_count(list) < LANGUAGES_MAX && (entry = readdir(dir)) != NULL) {
        if (lang_of(entry->d_name, lang)) {
            captions_path(s, w->id, lang, path);
            read_label(path, label);
            add(list, w, lang, label, invite);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    for (size_t i = 0; i < json_count(own); i++) {
        const char *of_film = "und", *words = "";
        json_get_text(json_at(own, i), "lang", &of_film);
        json_get_text(json_at(own, i), "label", &words);
        if (!has(list, of_film)) {
            add(list, w, of_film, words, invite);
        }
    }
    return list;
}

/* ---- writing ---- */

/* Length of the UTF-8 sequence at p, 0 when it is none (RFC 3629 §4). */
static size_t sequence(const unsigned char *p, size_t n) {
    size_t length = p[0] < 0x80             ? 1
                    : (p[0] & 0xe0) == 0xc0 ? 2
                    : (p[0] & 0xf0) == 0xe0 ? 3
                    : (p[0] & 0xf8) == 0xf0 ? 4
                                            : 0;

    if (length == 0 || length > n || p[0] == 0) {
        return 0;
    }
    uint32_t code = length == 1 ? p[0] : p[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    return code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) ? 0
                                                                                        : length;
}

bool captions_are_vtt(const char *text, size_t n) {
    size_t at = n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    if (n - at < 6 || memcmp(text + at, "WEBVTT", 6) != 0 ||
        (n - at > 6 && strchr(" \t\r\n", text[at + 6]) == NULL)) {
        return false;
    }
    while (at < n) {
        size_t length = sequence((const unsigned char *)text + at, n - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

/* First line with the label, then everything behind the old first line. */
static int write_captions(const char *path, const char *label, const char *text, size_t n) {
    char half[STORE_PATH_MAX + 8];

    snprintf(half, sizeof half, "%s.part", path);
    FILE *file = fopen(half, "we");
    if (file == NULL) {
        return -errno;
    }
    size_t skip = 0;
    while (skip < n && text[skip] != '\n' && text[skip] != '\r') {
        skip++;
    }
    bool fine = fprintf(file, "WEBVTT%s%s", label[0] != '\0' ? " " : "", label) > 0 &&
                fwrite(text + skip, 1, n - skip, file) == n - skip && fflush(file) == 0 &&
                fdatasync(fileno(file)) == 0;
    fine = fclose(file) == 0 && fine;
    if (!fine || rename(half, path) < 0) {
        int error = errno;
        unlink(half);
        return error != 0 ? -error : -EIO;
    }
    return 0;
}

static bool read_label_of_query(struct exchange *x, char ret[static LABEL_MAX]) {
    const char *label = request_query(&x->request, "label");

    ret[0] = '\0';
    if (label == NULL) {
        return true;
    }
    bool fine = strlen(label) < LABEL_MAX && strstr(label, "-->") == NULL;
    for (const char *p = label; *p != '\0'; p++) {
        fine = fine && (unsigned char)*p >= 0x20;
    }
    if (!fine) {
        reply_bad_field(x, "label", "“label” may have at most %d plain characters.", LABEL_MAX - 1);
        return false;
    }
    snprintf(ret, LABEL_MAX, "%s", label);
    return true;
}

static void put_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    const char *lang = x->request.params[1];
    char folder[STORE_PATH_MAX], path[STORE_PATH_MAX], label[LABEL_MAX];

    if (!exchange_resume(x)) {
        return;
    }
    if (result < 0) {
        reply_failure(x, result, "There is no such walkthrough.");
        return;
    }
    if (!read_label_of_query(x, label)) {
        return;
    }
    snprintf(folder, sizeof folder, "%.400s/" CAPTIONS_FOLDER, x->signal->config->data_dir);
    mkdir(folder, 0700);
    folder_path(x->signal, w->id, folder);
    mkdir(folder, 0700);
    captions_path(x->signal, w->id, lang, path);
    int r = write_captions(path, label, (const char *)x->request.body.p, x->request.body.n);
    if (r < 0) {
        reply_failure(x, r, NULL);
    } else {
        reply_json(x, 200, walkthrough_json(x, w, true));
    }
}

void api_captions_put(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    if (!captions_lang_is_fine(x->request.params[1])) {
        reply_problem(x, 400, "bad-language", "The language must be a tag like en or de-AT.");
    } else if (!captions_are_vtt((const char *)x->request.body.p, x->request.body.n)) {
        reply_problem(x, 422, "bad-captions", "The body is not a WebVTT file in UTF-8.");
    } else {
        EXCHANGE_STORE(x, walkthroughs_get, &w, put_now);
    }
}

static void delete_now(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    char path[STORE_PATH_MAX];

    if (!exchange_resume(x)) {
        return;
    }
    captions_path(x->signal, result == 0 ? w->id : "", x->request.params[1], path);
    if (result < 0 || unlink(path) < 0) {
        reply_failure(x, result < 0 ? result : -errno, "There are no such captions.");
    } else {
        reply_json(x, 200, walkthrough_json(x, w, true));
    }
}

void api_captions_delete(struct exchange *x) {
    struct walkthrough_row w = {0};

    read_id(x, w.id);
    if (!captions_lang_is_fine(x->request.params[1])) {
        reply_failure(x, -ENOENT, "There are no such captions.");
    } else {
        EXCHANGE_STORE(x, walkthroughs_get, &w, delete_now);
    }
}
