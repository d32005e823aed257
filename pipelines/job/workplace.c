#include "job/workplace.h"

#include "job/watchdog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A presentation is a flat directory. */
static void remove_tree(const char *path) {
    GDir *dir = g_dir_open(path, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir))) {
        char *file = g_build_filename(path, name, NULL);
        g_unlink(file);
        g_free(file);
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_rmdir(path);
}

static bool replaceable(const char *path) {
    if (rmdir(path) == 0 || errno == ENOENT) {
        return true; /* an empty directory, or none */
    }
    static const char *const tables[] = {"manifest.json",
                                         "index.json"}; /* a presentation, slides */
    bool ours = false;
    for (size_t i = 0; i < G_N_ELEMENTS(tables) && !ours; i++) {
        char *table = g_build_filename(path, tables[i], NULL);
        ours = g_file_test(table, G_FILE_TEST_IS_REGULAR);
        g_free(table);
    }
    return ours;
}

static int fail(struct failure *ret, const char *path) {
    if (errno == ENOSPC || errno == EDQUOT) {
        return failure_set(ret, "disk_full",
                           "The server's disk is full. Free some space, then try again.");
    }
    return failure_set(ret, "cannot_write",
                       "The result cannot be saved: %s cannot be written (%s). Please tell whoever "
                       "runs this server.",
                       path, strerror(errno));
}

int workplace_open(struct workplace *w, const char *path, struct failure *ret) {
    *w = (struct workplace){0};
    if (!replaceable(path)) {
        return failure_set(ret, "out_exists", "%s is there already and is no presentation.", path);
    }
    w->final = g_canonicalize_filename(path, NULL);
    char *parent = g_path_get_dirname(w->final), *name = g_path_get_basename(w->final);
    w->temporary = g_strdup_printf("%s/.%s.%d.part", parent, name, (int)getpid());
    g_free(parent);
    g_free(name);
    if (mkdir(w->temporary, 0755) < 0) {
        int r = fail(ret, w->final);
        g_clear_pointer(&w->temporary, g_free);
        return r;
    }
    watchdog_clear_away(w->temporary);
    return 0;
}

static void sync_directory(const char *path) {
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

int workplace_commit(struct workplace *w, struct failure *ret) {
    sync_directory(w->temporary);
    watchdog_clear_away(NULL);
    bool replaced = renameat2(AT_FDCWD, w->temporary, AT_FDCWD, w->final, RENAME_EXCHANGE) == 0;
    if (!replaced && rename(w->temporary, w->final) < 0) {
        return fail(ret, w->final);
    }
    if (replaced) {
        remove_tree(w->temporary);
    }
    g_clear_pointer(&w->temporary, g_free);
    char *parent = g_path_get_dirname(w->final);
    sync_directory(parent);
    g_free(parent);
    return 0;
}

void workplace_clear(struct workplace *w) {
    watchdog_clear_away(NULL);
    if (w->temporary) {
        remove_tree(w->temporary);
    }
    g_free(w->temporary);
    g_free(w->final);
    *w = (struct workplace){0};
}
