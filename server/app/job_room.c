#include "app/job_room.h"

#include "app/tree.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make(const char *path) {
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static bool print(char ret[static JOB_PATH_MAX], const char *directory, const char *name) {
    return (size_t)snprintf(ret, JOB_PATH_MAX, "%s/%s", directory, name) < JOB_PATH_MAX;
}

static const char *name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int job_room_open(struct job_room *ret, const char *rooms, job_id job, const char *final) {
    char name[64];
    *ret = (struct job_room){0};
    snprintf(name, sizeof(name), "%d-%llu", (int)getpid(), (unsigned long long)job);
    if (!print(ret->directory, rooms, name) || !print(ret->work, ret->directory, name_of(final)) ||
        (size_t)snprintf(ret->final, sizeof(ret->final), "%s", final) >= sizeof(ret->final)) {
        *ret = (struct job_room){0};
        return -ENAMETOOLONG;
    }
    int error = make(rooms);
    if (!error) {
        tree_remove(ret->directory); /* of a process that had our pid */
        error = mkdir(ret->directory, 0700) < 0 ? -errno : 0;
    }
    if (error) {
        *ret = (struct job_room){0};
    }
    return error;
}

/* So that the new name outlives a power cut. */
static void sync_parent(const char *path) {
    char parent[JOB_PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash) {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    int fd = open(slash ? parent : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

int job_room_deliver(const struct job_room *room) {
    struct stat st;
    if (lstat(room->work, &st) < 0 || !S_ISDIR(st.st_mode)) {
        return -ENOENT; /* it says that it is ready, but nothing is there */
    }
    bool exchanged = renameat2(AT_FDCWD, room->work, AT_FDCWD, room->final, RENAME_EXCHANGE) == 0;
    if (!exchanged && rename(room->work, room->final) < 0) {
        return -errno;
    }
    sync_parent(room->final);
    return 0;
}

void job_room_close(struct job_room *room) {
    if (room->directory[0]) {
        tree_remove(room->directory);
    }
    *room = (struct job_room){0};
}

/* A process of our program that has this pid and is not we ourselves. */
static bool is_in_use(const char *name) {
    char link[64], theirs[PATH_MAX], ours[PATH_MAX];
    char *end;
    long pid = strtol(name, &end, 10);
    if (end == name || *end != '-' || pid <= 0 || pid == getpid()) {
        return false;
    }
    snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
    ssize_t n = readlink(link, theirs, sizeof(theirs));
    ssize_t m = readlink("/proc/self/exe", ours, sizeof(ours));
    return n > 0 && n == m && memcmp(theirs, ours, (size_t)n) == 0;
}

void job_rooms_sweep(const char *rooms) {
    char path[JOB_PATH_MAX];
    struct dirent *entry;
    DIR *dir = opendir(rooms);
    while (dir && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.' && print(path, rooms, entry->d_name) &&
            !is_in_use(entry->d_name)) {
            log_info("pipelines.swept", "room=%s", entry->d_name);
            tree_remove(path);
        }
    }
    if (dir) {
        closedir(dir);
    }
}
