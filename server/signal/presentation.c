#include "signal/presentation.h"
#include "signal/files.h"
#include "signal/negotiation.h"
#include "wire/json.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define MANIFEST_MAX (1u * 1024 * 1024)

int presentation_path(const char *data_dir, const struct walkthrough_row *row, char *ret,
                      size_t n) {
    if (row->directory[0] == '\0') {
        return -ENOENT;
    }
    int length = row->directory[0] == '/'
                     ? snprintf(ret, n, "%s", row->directory)
                     : snprintf(ret, n, "%s/presentations/%s", data_dir, row->directory);
    return length < 0 || (size_t)length >= n ? -ENAMETOOLONG : 0;
}

int presentation_manifest(const char *path, struct json **ret) {
    char name[600];
    char *text = NULL;
    size_t n = 0;

    snprintf(name, sizeof name, "%s/manifest.json", path);
    int r = file_read(name, MANIFEST_MAX, &text, &n);
    if (r == 0) {
        r = json_parse(bytes_of(text, n), MANIFEST_MAX, ret);
    }
    free(text);
    return r;
}

int presentation_codecs(const char *path, uint32_t *ret) {
    struct json *manifest = NULL;
    uint32_t codecs = 0;
    int r = presentation_manifest(path, &manifest);

    if (r < 0) {
        return r;
    }
    const struct json *rungs = json_get(manifest, "rungs");
    for (size_t i = 0; i < json_count(rungs); i++) {
        const char *name = "";
        json_get_text(json_at(rungs, i), "codec", &name);
        for (int codec = CODEC_OPUS; codec < CODEC_COUNT; codec++) {
            if (strcasecmp(name, media_codec_name((enum media_codec)codec)) == 0) {
                codecs |= NEGOTIATION_CODEC(codec);
            }
        }
    }
    json_free(manifest);
    if (codecs == 0) {
        return -EINVAL;
    }
    *ret = codecs;
    return 0;
}

bool presentation_may_know(const struct actor *actor, const struct walkthrough_row *row) {
    return row->published || permission_allows(actor, PERMISSION_WALKTHROUGHS_READ, NULL) ||
           (row->visit[0] != '\0' && permission_allows(actor, PERMISSION_VISIT_WATCH, row->visit));
}

bool presentation_visible(const struct actor *actor, const struct walkthrough_row *row) {
    return row->directory[0] != '\0' && presentation_may_know(actor, row);
}

/* "hls" or "hls-SOMETHING", with one of the endings. */
static bool is_of_family(const char *file, const char *family, const char *ending,
                         const char *other_ending) {
    size_t n = strlen(family);

    if (strncmp(file, family, n) != 0 || (file[n] != '-' && file[n] != '.')) {
        return false;
    }
    n += strspn(file + n, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return strcmp(file + n, ending) == 0 || strcmp(file + n, other_ending) == 0;
}

bool presentation_serves(const struct json *manifest, const char *file) {
    const char *hls = NULL, *mp4 = NULL, *storyboard = NULL;

    json_get_text(manifest, "hls", &hls);
    json_get_text(manifest, "mp4", &mp4);
    json_get_text(manifest, "storyboard", &storyboard);
    return presentation_file_name(file) &&
           ((mp4 != NULL && strcmp(file, mp4) == 0 && presentation_file_ends(file, ".mp4")) ||
            (hls != NULL && is_of_family(file, "hls", ".m3u8", ".mp4")) ||
            (storyboard != NULL && is_of_family(file, "storyboard", ".vtt", ".jpg")));
}

const char *presentation_version(const struct walkthrough_row *row) {
    const char *slash = strrchr(row->directory, '/');
    const char *name = slash != NULL ? slash + 1 : row->directory;
    const char *dash = strrchr(name, '-');

    return dash != NULL ? dash + 1 : name;
}

int presentation_url(const struct walkthrough_row *row, const struct json *manifest,
                     const char *member, char *ret, size_t n) {
    const char *file = NULL;

    if (manifest == NULL || json_get_text(manifest, member, &file) != 0 || file == NULL ||
        !presentation_file_name(file)) {
        return -ENOENT;
    }
    int length = snprintf(ret, n, "/w/%s/files/%s/%s", row->slug, presentation_version(row), file);
    return length < 0 || (size_t)length >= n ? -ENAMETOOLONG : 0;
}

/* Inside of the picture and not empty, in shares of it. */
static bool rectangle_is_fine(const struct json *r) {
    double x = -1, y = -1, w = -1, h = -1;

    json_get_number(r, "x", &x);
    json_get_number(r, "y", &y);
    json_get_number(r, "w", &w);
    json_get_number(r, "h", &h);
    return x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 1 + 1e-6 && y + h <= 1 + 1e-6;
}

const struct json *presentation_matte(const struct json *manifest) {
    const struct json *layout = json_get(manifest, "matte_layout");
    const struct json *patches = json_get(layout, "patches");
    int64_t width = 0, height = 0;

    json_get_int(layout, "width", &width);
    json_get_int(layout, "height", &height);
    return width > 0 && height > 0 && rectangle_is_fine(json_get(layout, "colour")) &&
                   rectangle_is_fine(json_get(layout, "matte")) &&
                   rectangle_is_fine(json_get(layout, "guard")) &&
                   rectangle_is_fine(json_get(patches, "black")) &&
                   rectangle_is_fine(json_get(patches, "white"))
               ? layout
               : NULL;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void directory_remove(const char *data_dir, const char *folder, const char *directory) {
    char path[1024];

    if (directory[0] != '\0' && strchr(directory, '/') == NULL && strcmp(directory, ".") != 0 &&
        strcmp(directory, "..") != 0 &&
        snprintf(path, sizeof path, "%s/%s/%s", data_dir, folder, directory) < (int)sizeof path) {
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    }
}

void presentation_remove(const char *data_dir, const char *directory) {
    directory_remove(data_dir, "presentations", directory);
}

bool presentation_file_name(const char *name) {
    return name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL;
}

bool presentation_file_ends(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);

    return n > m && strcmp(name + n - m, ending) == 0;
}
