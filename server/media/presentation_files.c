#include "media/presentation_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct presentation_file {
    struct presentation presentation; /* first: what users hold */
    struct presentation_file *next;
    size_t users;
    dev_t device; /* of the manifest, with inode and time: the same presentation? */
    ino_t inode;
    struct timespec modified;
    struct bytes maps[PRESENTATION_RUNGS_MAX];
    char directory[512];
};

static void unmap(struct presentation_file *f) {
    for (size_t i = 0; i < PRESENTATION_RUNGS_MAX; i++) {
        if (f->maps[i].n > 0) {
            munmap((void *)(uintptr_t)f->maps[i].p, f->maps[i].n);
        }
    }
    free(f);
}

/* Maps a regular file read-only. 0 or −errno. */
static int map_file(int directory, const char *name, struct bytes *ret) {
    struct stat st;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return -errno;
    }
    int r = 0;
    void *p = MAP_FAILED;
    if (fstat(fd, &st) < 0) {
        r = -errno;
    } else if (!S_ISREG(st.st_mode) || st.st_size <= 0) {
        r = -EBADMSG;
    } else {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        r = p == MAP_FAILED ? -errno : 0;
    }
    close(fd);
    if (r == 0) {
        *ret = bytes_of(p, (size_t)st.st_size);
    }
    return r;
}

static int map_rungs(struct presentation_file *f, int directory) {
    struct bytes manifest;
    int r = map_file(directory, "manifest.json", &manifest);
    if (r < 0) {
        return r;
    }
    r = manifest.n <= PRESENTATION_MANIFEST_MAX ? presentation_parse(manifest, &f->presentation)
                                                : -EBADMSG;
    munmap((void *)(uintptr_t)manifest.p, manifest.n);
    for (size_t i = 0; r == 0 && i < f->presentation.rung_count; i++) {
        r = map_file(directory, f->presentation.rungs[i].file, &f->maps[i]);
        if (r == 0) {
            r = presentation_set_rung(&f->presentation, i, f->maps[i]);
        }
    }
    return r < 0 ? r : presentation_check(&f->presentation);
}

static bool is_same(const struct presentation_file *f, const char *directory,
                    const struct stat *manifest) {
    return strcmp(f->directory, directory) == 0 && f->device == manifest->st_dev &&
           f->inode == manifest->st_ino && f->modified.tv_sec == manifest->st_mtim.tv_sec &&
           f->modified.tv_nsec == manifest->st_mtim.tv_nsec;
}

static int open_directory(struct presentation_files *files, int fd, const char *directory,
                          const struct presentation **ret) {
    struct stat st;
    if (fstatat(fd, "manifest.json", &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return -errno;
    }
    for (struct presentation_file *f = files->first; f; f = f->next) {
        if (is_same(f, directory, &st)) {
            f->users++;
            *ret = &f->presentation;
            return 0;
        }
    }
    struct presentation_file *f = calloc(1, sizeof(*f));
    if (!f) {
        return -ENOMEM;
    }
    snprintf(f->directory, sizeof(f->directory), "%s", directory);
    f->device = st.st_dev;
    f->inode = st.st_ino;
    f->modified = st.st_mtim;
    int r = map_rungs(f, fd);
    if (r < 0) {
        unmap(f);
        return r;
    }
    f->users = 1;
    f->next = files->first;
    files->first = f;
    *ret = &f->presentation;
    return 0;
}

int presentation_files_open(struct presentation_files *files, const char *directory,
                            const struct presentation **ret) {
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int r = open_directory(files, fd, directory, ret);
    close(fd);
    return r;
}

void presentation_files_close(struct presentation_files *files, const struct presentation *p) {
    for (struct presentation_file **at = &files->first; *at; at = &(*at)->next) {
        if (&(*at)->presentation == p) {
            struct presentation_file *f = *at;
            if (--f->users == 0) {
                *at = f->next;
                unmap(f);
            }
            return;
        }
    }
}

void presentation_files_clear(struct presentation_files *files) {
    while (files->first) {
        struct presentation_file *f = files->first;
        files->first = f->next;
        unmap(f);
    }
}
