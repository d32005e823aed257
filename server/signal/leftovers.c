/* DESIGN: the rows come in pages that overlap by one row. When the overlap is not the row it should
 * be, something was deleted meanwhile and the reading starts again: a row that is missed would lose
 * its film. */
#include "signal/leftovers.h"
#include "signal/api.h"
#include "signal/captions.h"
#include "signal/decks.h"
#include "signal/presentation.h"
#include "signal/state.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SETTLING (10 * 60) /* seconds in which a presentation may wait for its row in the store */
#define ATTEMPTS_MAX 10

struct leftovers {
    struct signal *s;
    bool slides;  /* the walkthroughs are through */
    char **names; /* ids, sources and directories of all rows */
    size_t count, offset;
    unsigned attempts;
    char last[ID_MAX]; /* the row that the next page starts with, or "" */
};

static void next_page(struct leftovers *l);

static void forget_names(struct leftovers *l) {
    for (size_t i = 0; i < l->count; i++) {
        free(l->names[i]);
    }
    free(l->names);
    l->names = NULL;
    l->count = 0;
}

static void leftovers_free(struct leftovers *l) {
    forget_names(l);
    free(l);
}

static int compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_named(void *ctx, const char *name) {
    const struct leftovers *l = ctx;

    return l->count > 0 && bsearch(&name, l->names, l->count, sizeof *l->names, compare) != NULL;
}

/* Directories of DATA/FOLDER that no row names, and halves (".NAME.PID.part") that earlier versions
 * have left: jobs work in rooms of their own now (app/job_room.h). */
static void sweep_folder(struct leftovers *l, const char *folder) {
    const char *data_dir = l->s->config->data_dir;
    char path[1024];
    struct dirent *entry;
    struct stat st;

    snprintf(path, sizeof path, "%.600s/%s", data_dir, folder);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        size_t n = strlen(name);
        bool half = name[0] == '.' && n > 5 && strcmp(name + n - 5, ".part") == 0;
        snprintf(path, sizeof path, "%.600s/%.20s/%.255s", data_dir, folder, name);
        bool goes = half || (name[0] != '.' && !is_named(l, name) && stat(path, &st) == 0 &&
                             S_ISDIR(st.st_mode) && time(NULL) - st.st_mtime > SETTLING);
        if (goes) {
            log_info("leftovers.removed", "folder=%s name=%s", folder, name);
            directory_remove(data_dir, folder, name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static bool keep_name(struct leftovers *l, const char *name) {
    char **names = realloc(l->names, (l->count + 1) * sizeof *names);

    if (names == NULL) {
        return false;
    }
    l->names = names;
    names[l->count] = strdup(name);
    return names[l->count] != NULL && ++l->count > 0;
}

static const char *last_part(const char *path) {
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool keep_walkthrough(struct leftovers *l, const struct walkthrough_row *row) {
    return keep_name(l, row->id) /* its captions */ && keep_name(l, last_part(row->directory)) &&
           keep_name(l, row->source) && keep_name(l, row->film);
}

static bool keep_slides(struct leftovers *l, const struct slides_row *row) {
    return keep_name(l, row->directory) && keep_name(l, row->source);
}

static void sweep(struct leftovers *l) {
    if (l->count > 0) {
        qsort(l->names, l->count, sizeof *l->names, compare);
    }
    sweep_folder(l, "presentations");
    sweep_folder(l, DECKS_FOLDER);
    sweep_folder(l, CAPTIONS_FOLDER);
    uploads_settle(l->s, is_named, l);
}

/* What a page of `count` rows from `first` to `last` means. */
static void page_over(struct leftovers *l, int result, bool same, size_t count, const char *last) {
    if (result < 0 || l->attempts > ATTEMPTS_MAX) {
        log_warn("leftovers.kept", "error=%d", -result);
        leftovers_free(l);
    } else if (!same) {
        forget_names(l);
        l->attempts++;
        l->offset = 0;
        l->last[0] = '\0';
        l->slides = false;
        next_page(l);
    } else if (count == STORE_LIST_MAX) {
        l->offset += count - 1;
        memcpy(l->last, last, sizeof l->last);
        next_page(l);
    } else if (!l->slides) {
        l->slides = true;
        l->offset = 0;
        l->last[0] = '\0';
        next_page(l);
    } else {
        sweep(l);
        leftovers_free(l);
    }
}

static bool follows(const struct leftovers *l, size_t count, const char *first) {
    return l->last[0] == '\0' || (count > 0 && strcmp(first, l->last) == 0);
}

static void walkthroughs_listed(void *ctx, int result, void *argument) {
    struct leftovers *l = ctx;
    const struct walkthrough_list *list = argument;
    bool same = result == 0 && follows(l, list->count, list->count > 0 ? list->rows[0].id : "");

    for (size_t i = 0; result == 0 && same && i < list->count; i++) {
        result = keep_walkthrough(l, &list->rows[i]) ? 0 : -ENOMEM;
    }
    page_over(l, result, same, list->count, list->count > 0 ? list->rows[list->count - 1].id : "");
}

static void slides_listed(void *ctx, int result, void *argument) {
    struct leftovers *l = ctx;
    const struct slides_list *list = argument;
    bool same = result == 0 && follows(l, list->count, list->count > 0 ? list->rows[0].id : "");

    for (size_t i = 0; result == 0 && same && i < list->count; i++) {
        result = keep_slides(l, &list->rows[i]) ? 0 : -ENOMEM;
    }
    page_over(l, result, same, list->count, list->count > 0 ? list->rows[list->count - 1].id : "");
}

static void next_page(struct leftovers *l) {
    struct walkthrough_list walkthroughs = {.offset = l->offset};
    struct slides_list slides = {.offset = l->offset};
    int r = l->slides ? store_slides_list(l->s->store, &slides, slides_listed, l)
                      : store_walkthroughs_list(l->s->store, &walkthroughs, walkthroughs_listed, l);

    if (r < 0) {
        log_warn("leftovers.kept", "error=busy");
        leftovers_free(l);
    }
}

void leftovers_sweep(struct signal *s) {
    struct leftovers *l = calloc(1, sizeof *l);

    if (l != NULL && s->store != NULL) {
        l->s = s;
        next_page(l);
    } else {
        free(l);
    }
}
