#include "input/captions_file.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const labels[][2] = {
    {"en", "English"},    {"de", "Deutsch"},    {"fr", "Français"},     {"es", "Español"},
    {"it", "Italiano"},   {"nl", "Nederlands"}, {"sv", "Svenska"},      {"pt", "Português"},
    {"pl", "Polski"},     {"da", "Dansk"},      {"ja", "日本語"},       {"zh", "中文"},
    {"fi", "Suomi"},      {"no", "Norsk"},      {"nb", "Norsk bokmål"}, {"cs", "Čeština"},
    {"hu", "Magyar"},     {"ro", "Română"},     {"tr", "Türkçe"},       {"ru", "Русский"},
    {"uk", "Українська"}, {"el", "Ελληνικά"},   {"ko", "한국어"},       {"ar", "العربية"},
    {"he", "עברית"},      {"hi", "हिन्दी"},
};

bool captions_lang_valid(const char *lang) {
    return lang[0] && strlen(lang) <= 35 &&
           strspn(lang, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") ==
               strlen(lang);
}

static const char *label_of(const char *lang) {
    for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
        if (g_ascii_strncasecmp(lang, labels[i][0], 2) == 0 && (lang[2] == 0 || lang[2] == '-')) {
            return labels[i][1];
        }
    }
    return lang;
}

int captions_save(struct captions *c, const char *lang, const char *label, const char *directory,
                  struct manifest *manifest, struct failure *failure) {
    for (size_t i = 0; i < manifest->captions_count; i++) {
        if (g_ascii_strcasecmp(manifest->captions[i].lang, lang) == 0) {
            return 0;
        }
    }
    if (manifest->captions_count == MANIFEST_CAPTIONS_MAX) {
        return 0;
    }
    struct manifest_captions entry = {0};
    g_strlcpy(entry.lang, lang, sizeof(entry.lang));
    char *valid = g_utf8_make_valid(label && label[0] ? label : label_of(lang), -1);
    const char *end = g_utf8_find_prev_char(valid, valid + MIN(strlen(valid), 60));
    g_strlcpy(entry.label, valid, sizeof(entry.label));
    if (strlen(valid) >= sizeof(entry.label) && end) {
        entry.label[end - valid] = 0;
    }
    g_free(valid);
    snprintf(entry.file, sizeof(entry.file), "captions-%s.vtt", lang);
    size_t size;
    char *text = captions_format(c, &size);
    char *path = g_build_filename(directory, entry.file, NULL);
    bool written = text && g_file_set_contents(path, text, (gssize)size, NULL);
    g_free(path);
    free(text);
    if (!written) {
        return failure_set(failure, "cannot_write", "The captions cannot be written.");
    }
    manifest->captions[manifest->captions_count++] = entry;
    return 0;
}

int captions_import(const char *path, const char *lang, const char *label, const char *directory,
                    struct manifest *manifest, struct failure *failure) {
    char *text = NULL;
    gsize size = 0;
    struct stat st;
    bool there = stat(path, &st) == 0 && S_ISREG(st.st_mode);
    if (there && st.st_size > CAPTIONS_FILE_MAX) {
        return failure_set(failure, "bad_captions", "The captions file is too large (over 4 MB).");
    }
    if (!there || !g_file_get_contents(path, &text, &size, NULL)) {
        return failure_set(failure, "no_file", "The captions file %s cannot be read.", path);
    }
    struct captions captions = {0};
    int r = captions_parse(&captions, bytes_of(text, size), lang);
    g_free(text);
    r = r < 0 ? failure_set(failure, "bad_captions",
                            "The captions are no WebVTT or SubRip (.srt) file with times in it.")
              : captions_save(&captions, lang, label, directory, manifest, failure);
    captions_clear(&captions);
    return r;
}
