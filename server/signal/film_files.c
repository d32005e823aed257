/* Files of a presentation: poster, captions, and what players without WebRTC fetch. The database is
 * asked each time, so what is unpublished is gone at once for whoever may not see it. */
#include "signal/api.h"
#include "signal/captions.h"
#include "signal/files.h"
#include "signal/presentation.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_MAX (4u * 1024 * 1024) /* a playlist or a storyboard's list */

static void get(struct exchange *x, store_done *done) {
    struct walkthrough_row w = {0};

    snprintf(w.slug, sizeof w.slug, "%.*s", (int)sizeof w.slug - 1, x->request.params[0]);
    EXCHANGE_STORE(x, walkthroughs_get, &w, done);
}

/* Found, and for this visitor? False: answered. */
static bool found(struct exchange *x, int result, const struct walkthrough_row *w) {
    if (result < 0 || !presentation_visible(&x->actor, w)) {
        reply_failure(x, result < 0 ? result : -ENOENT, "There is no such walkthrough.");
        return false;
    }
    return true;
}

/* Caches that others share may keep only what everybody may see; of a replay they keep nothing, for
 * whoever is in it may take back a word at any time. */
static const char *cache_word(const struct walkthrough_row *w, bool for_ever) {
    return !w->published || w->visit[0] != '\0' ? "private, no-cache"
           : for_ever                           ? "public, max-age=86400, immutable"
                                                : "public, max-age=60";
}

static void reply_film_file(struct exchange *x, const struct walkthrough_row *w, const char *name,
                            bool for_ever) {
    char path[STORE_PATH_MAX], file[2 * STORE_PATH_MAX];

    if (name == NULL || !presentation_file_name(name) ||
        presentation_path(x->signal->config->data_dir, w, path, sizeof path) < 0) {
        reply_problem(x, 404, "not-found", "There is no such file.");
        return;
    }
    snprintf(file, sizeof file, "%s/%s", path, name);
    file_reply(x, file, cache_word(w, for_ever));
}

static struct json *manifest_of(const struct exchange *x, const struct walkthrough_row *w) {
    struct json *manifest = NULL;
    char path[STORE_PATH_MAX];

    if (presentation_path(x->signal->config->data_dir, w, path, sizeof path) == 0) {
        presentation_manifest(path, &manifest);
    }
    return manifest;
}

/* ---- poster and captions ---- */

static void poster_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x) && found(x, result, argument)) {
        reply_film_file(x, argument, "poster.jpg", false);
    }
}

void film_poster(struct exchange *x) {
    get(x, poster_found);
}

static void captions_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;
    const char *lang = x->request.params[1], *file = NULL;
    char own[STORE_PATH_MAX];

    if (!exchange_resume(x) || !found(x, result, w)) {
        return;
    }
    if (captions_lang_is_fine(lang)) {
        captions_path(x->signal, w->id, lang, own);
        if (access(own, R_OK) == 0) {
            file_reply(x, own, cache_word(w, false));
            return;
        }
    }
    struct json *manifest = manifest_of(x, w);
    const struct json *captions = json_get(manifest, "captions");
    for (size_t i = 0; i < json_count(captions); i++) {
        const char *other = "";
        json_get_text(json_at(captions, i), "lang", &other);
        if (strcmp(lang, other) == 0) {
            json_get_text(json_at(captions, i), "file", &file);
        }
    }
    reply_film_file(x, w, file != NULL && presentation_file_ends(file, ".vtt") ? file : NULL,
                    false);
    json_free(manifest);
}

void film_captions(struct exchange *x) {
    get(x, captions_found);
}

/* ---- playlists, films, storyboards ---- */

/* One line of a list with the invite behind each address in it: a player that fetches by itself
 * (HLS of the system, pictures of a storyboard) sends no header. */
static void add_line(struct text *t, const char *line, size_t n, const char *invite) {
    const char *uri = n > 0 && line[0] == '#' ? strstr(line, "URI=\"") : NULL;
    size_t at = n; /* the address ends here */

    if (uri != NULL && uri < line + n) {
        at = (size_t)(uri - line) + 5;
        at += strcspn(line + at, "\"\n");
    } else if (n > 0 && line[0] != '#' && memchr(line, '#', n) != NULL) {
        at = (size_t)((const char *)memchr(line, '#', n) - line);
    } else if (n == 0 || line[0] == '#' || strncmp(line, "WEBVTT", 6) == 0 ||
               memchr(line, '.', n) == NULL || memmem(line, n, "-->", 3) != NULL) {
        text_add_bytes(t, line, n); /* no address in it */
        return;
    }
    text_add_bytes(t, line, at);
    text_add(t, "?invite=");
    text_add_url(t, invite);
    text_add_bytes(t, line + at, n - at);
}

static void reply_list(struct exchange *x, const struct walkthrough_row *w, const char *name,
                       const char *invite) {
    char path[STORE_PATH_MAX], file[2 * STORE_PATH_MAX], *list = NULL;
    struct text t = {0};
    size_t n = 0;

    presentation_path(x->signal->config->data_dir, w, path, sizeof path);
    snprintf(file, sizeof file, "%s/%s", path, name);
    if (file_read(file, LIST_MAX, &list, &n) < 0) {
        reply_problem(x, 404, "not-found", "There is no such file.");
        return;
    }
    for (const char *line = list; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        add_line(&t, line, length, invite);
        line += length;
        length = strspn(line, "\r\n");
        text_add_bytes(&t, line, length);
        line += length;
    }
    free(list);
    reply_header(x, "cache-control", "private, no-store");
    reply_bytes(x, 200, file_type(name), t.failed ? NULL : t.p, t.n);
}

static void reply_served(struct exchange *x, const struct walkthrough_row *w, const char *name,
                         bool for_ever) {
    struct json *manifest = manifest_of(x, w);
    const char *invite = request_query(&x->request, "invite");
    bool served = presentation_serves(manifest, name);

    json_free(manifest);
    if (!served) {
        reply_problem(x, 404, "not-found", "There is no such file.");
    } else if (invite != NULL &&
               (presentation_file_ends(name, ".m3u8") || presentation_file_ends(name, ".vtt"))) {
        reply_list(x, w, name, invite);
    } else {
        reply_film_file(x, w, name, for_ever);
    }
}

static void file_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;

    if (exchange_resume(x) && found(x, result, argument)) {
        reply_served(x, argument, x->request.params[1], false);
    }
}

void film_file(struct exchange *x) {
    get(x, file_found);
}

static void version_found(void *ctx, int result, void *argument) {
    struct exchange *x = ctx;
    const struct walkthrough_row *w = argument;

    if (!exchange_resume(x) || !found(x, result, w)) {
        return;
    }
    if (strcmp(presentation_version(w), x->request.params[1]) != 0) {
        reply_problem(x, 404, "replaced", "Another film has taken its place: ask for the page.");
    } else {
        reply_served(x, w, x->request.params[2], true);
    }
}

void film_file_version(struct exchange *x) {
    get(x, version_found);
}
