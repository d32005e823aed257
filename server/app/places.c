#include "app/places.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void program_directory(char ret[static PATH_MAX]) {
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);
    ret[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(ret, '/');
    if (slash) {
        *slash = '\0';
    }
}

static void first_that_exists(char *ret, size_t size, const char *const *names, size_t count) {
    char dir[PATH_MAX];
    program_directory(dir);
    for (size_t i = 0; i < count; i++) {
        char path[2 * PATH_MAX];
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        if (i + 1 < count && access(path, F_OK) != 0) {
            continue;
        }
        char real[PATH_MAX];
        snprintf(ret, size, "%s", realpath(path, real) ? real : path);
        return;
    }
}

void place_pipeline(char *ret, size_t size) {
    static const char *const names[] = {"../../pipelines/parlour-pipeline", "parlour-pipeline"};
    first_that_exists(ret, size, names, 2);
}

void place_web_root(char *ret, size_t size) {
    static const char *const names[] = {"../../../web-client/dist", "../share/parlour/web"};
    first_that_exists(ret, size, names, 2);
}

void place_assets(char *ret, size_t size) {
    static const char *const names[] = {"../../../assets", "../share/parlour/assets"};
    first_that_exists(ret, size, names, 2);
}

bool place_join(char *ret, size_t size, const char *dir, const char *name) {
    return (size_t)snprintf(ret, size, "%s/%s", dir, name) < size;
}
