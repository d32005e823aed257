#include "app/tree.h"

#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TREE_FDS 16

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
    (void)st;
    (void)type;
    (void)walk;
    remove(path);
    return 0;
}

void tree_remove(const char *path) {
    nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS);
}

/* `.NAME.PID.part`, with any number for a pid of 0. */
static bool is_part(const char *entry, const char *name, pid_t pid) {
    size_t n = strlen(name);
    if (entry[0] != '.' || strncmp(entry + 1, name, n) != 0 || entry[n + 1] != '.') {
        return false;
    }
    char *end;
    const char *digits = entry + n + 2;
    unsigned long number = strtoul(digits, &end, 10);
    return end != digits && strcmp(end, ".part") == 0 && (pid == 0 || number == (unsigned long)pid);
}

void tree_remove_parts(const char *path, pid_t pid) {
    char parent[PATH_MAX], part[2 * PATH_MAX];
    struct dirent *entry;
    if ((size_t)snprintf(parent, sizeof(parent), "%s", path) >= sizeof(parent)) {
        return;
    }
    char *slash = strrchr(parent, '/');
    const char *name = slash ? path + (slash - parent) + 1 : path;
    if (slash) {
        slash[slash == parent ? 1 : 0] = '\0';
    } else {
        strcpy(parent, ".");
    }
    DIR *dir = *name ? opendir(parent) : NULL;
    while (dir && (entry = readdir(dir))) {
        if (is_part(entry->d_name, name, pid)) {
            snprintf(part, sizeof(part), "%s/%s", parent, entry->d_name);
            tree_remove(part);
        }
    }
    if (dir) {
        closedir(dir);
    }
}
