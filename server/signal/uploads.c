/* An upload is two files below DATA/uploads: ID holds what has arrived, so its size is the offset;
 * ID.length says how many bytes there will be. Once somebody has taken the file, ID.length is
 * called ID.taken, and for the calls of tus it is gone. While bytes arrive that a checksum is to
 * judge, ID.unchecked names the offset before them: whatever ends the server meanwhile, they are
 * not counted. */
#include "signal/uploads.h"
#include "base/random.h"
#include "signal/api.h"
#include "signal/files.h"
#include "signal/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#define ID_LENGTH UPLOAD_ID_LENGTH
#define RESERVE ((uint64_t)512 << 20) /* bytes that uploads leave free on the disk */
#define SETTLING (10 * 60) /* seconds in which a file may wait for its row in the store */
#define SWEEP_EVERY SEC(3600)
#define SOURCE_PREFIX "uploads/"
#define PATH_SIZE UPLOAD_PATH_MAX

/* Those that a PATCH is writing now; the control thread's. */
static struct upload_busy *busy;

static bool id_is_fine(const char *id) {
    return strlen(id) == ID_LENGTH &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               ID_LENGTH;
}

void upload_file(const struct signal *s, const char *id, const char *ending,
                 char ret[static UPLOAD_PATH_MAX]) {
    snprintf(ret, PATH_SIZE, "%.560s/uploads/%.40s%.20s", s->config->data_dir, id, ending);
}

static uint64_t read_number(const char *path, bool *ret_there) {
    char *text = NULL;
    size_t n = 0;

    *ret_there = file_read(path, 64, &text, &n) == 0;
    uint64_t number = *ret_there ? strtoull(text, NULL, 10) : 0;
    free(text);
    return number;
}

/* Bytes that no checksum has judged before the server ended are not counted. */
static void drop_unchecked(const struct signal *s, const char *id) {
    char mark[PATH_SIZE], path[PATH_SIZE];
    bool there;

    upload_file(s, id, ".unchecked", mark);
    uint64_t start = read_number(mark, &there);
    if (there) {
        upload_file(s, id, "", path);
        if (truncate(path, (off_t)start) == 0 || errno == ENOENT) {
            unlink(mark);
        }
    }
}

int upload_look(const struct signal *s, const char *id, uint64_t *ret_offset,
                uint64_t *ret_length) {
    char path[PATH_SIZE];
    struct stat st;
    bool there;

    if (!id_is_fine(id)) {
        return -ENOENT;
    }
    upload_file(s, id, ".length", path);
    uint64_t length = read_number(path, &there);
    if (!there) {
        return -ENOENT;
    }
    if (upload_find_busy(id) == NULL) {
        drop_unchecked(s, id);
    }
    upload_file(s, id, "", path);
    if (stat(path, &st) < 0) {
        return -ENOENT;
    }
    *ret_offset = (uint64_t)st.st_size;
    *ret_length = length;
    return 0;
}

struct upload_busy *upload_find_busy(const char *id) {
    for (struct upload_busy *u = busy; u != NULL; u = u->next) {
        if (strcmp(u->id, id) == 0) {
            return u;
        }
    }
    return NULL;
}

void upload_begin(struct upload_busy *u) {
    u->next = busy;
    busy = u;
}

void upload_finish(struct upload_busy *u) {
    for (struct upload_busy **at = &busy; *at != NULL; at = &(*at)->next) {
        if (*at == u) {
            *at = u->next;
            return;
        }
    }
}

int64_t upload_expires(const struct signal *s, const char *id) {
    char path[PATH_SIZE];
    struct stat st;

    upload_file(s, id, "", path);
    return stat(path, &st) == 0
               ? (int64_t)st.st_mtime + (int64_t)s->config->upload_idle_hours * 3600
               : 0;
}

static int change_ending(const struct signal *s, const char *id, const char *from, const char *to) {
    char old[PATH_SIZE], new[PATH_SIZE];

    upload_file(s, id, from, old);
    upload_file(s, id, to, new);
    return rename(old, new) < 0 ? -errno : 0;
}

/* The id in "uploads/ID", or NULL. */
static const char *id_of_source(const char *source) {
    const char *id = source + strlen(SOURCE_PREFIX);

    return strncmp(source, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0 && id_is_fine(id) ? id : NULL;
}

int upload_take(struct signal *s, const char *id, char *ret, size_t n) {
    uint64_t offset, length;

    if (upload_look(s, id, &offset, &length) < 0) {
        return -ENOENT;
    }
    if (offset != length || upload_find_busy(id) != NULL) {
        return -EAGAIN;
    }
    snprintf(ret, n, SOURCE_PREFIX "%s", id);
    return change_ending(s, id, ".length", ".taken");
}

int upload_path(const struct signal *s, const char *source, char *ret, size_t n) {
    int length = source[0] == '/' ? snprintf(ret, n, "%s", source)
                                  : snprintf(ret, n, "%s/%s", s->config->data_dir, source);

    return length < 0 || (size_t)length >= n ? -ENAMETOOLONG : 0;
}

void upload_give_back(struct signal *s, const char *source) {
    const char *id = id_of_source(source);

    if (id != NULL) {
        change_ending(s, id, ".taken", ".length");
    }
}

void upload_remove_files(const struct signal *s, const char *id) {
    static const char *const endings[] = {"", ".length", ".taken", ".unchecked"};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        upload_file(s, id, endings[i], path);
        unlink(path);
    }
}

void upload_remove(struct signal *s, const char *source) {
    const char *id = id_of_source(source);

    if (id != NULL) {
        upload_remove_files(s, id);
    }
}

void uploads_sweep(const struct signal *s, size_t *ret_unfinished, uint64_t *ret_promised) {
    char path[PATH_SIZE];
    struct dirent *entry;

    *ret_unfinished = 0;
    *ret_promised = 0;
    upload_file(s, "", "", path);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        uint64_t offset, length;
        if (upload_look(s, entry->d_name, &offset, &length) < 0) {
            continue;
        }
        if (upload_find_busy(entry->d_name) == NULL &&
            upload_expires(s, entry->d_name) < (int64_t)time(NULL)) {
            upload_remove_files(s, entry->d_name);
        } else if (offset < length) {
            ++*ret_unfinished;
            *ret_promised += length - offset;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

void uploads_tick(struct signal *s, usec_t now) {
    size_t unfinished;
    uint64_t promised;

    if (now >= s->next_sweep) {
        s->next_sweep = now + SWEEP_EVERY;
        uploads_sweep(s, &unfinished, &promised);
    }
}

/* Seconds since the file was written or renamed; 0 when it is not there. */
static time_t age(const char *path) {
    struct stat st;

    return stat(path, &st) == 0 ? time(NULL) - st.st_ctime : 0;
}

void uploads_settle(struct signal *s, bool (*wanted)(void *ctx, const char *source), void *ctx) {
    char path[PATH_SIZE], source[PATH_SIZE];
    struct dirent *entry;
    size_t unfinished;
    uint64_t promised;

    upload_file(s, "", "", path);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        uint64_t offset, length;
        char id[ID_LENGTH + 1];
        snprintf(id, sizeof id, "%.*s", ID_LENGTH, entry->d_name);
        snprintf(source, sizeof source, SOURCE_PREFIX "%s", id);
        upload_file(s, entry->d_name, "", path);
        if (!id_is_fine(id)) {
            continue;
        }
        bool open = upload_look(s, id, &offset, &length) == 0;
        if (wanted(ctx, source)) {
            if (open) { /* the end came between the store and here */
                change_ending(s, id, ".length", ".taken");
            }
        } else if (!open && age(path) > SETTLING) {
            upload_remove_files(s, id);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    uploads_sweep(s, &unfinished, &promised);
}

static int write_small(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t n = strlen(text);

    if (fd < 0) {
        return -errno;
    }
    int r = write(fd, text, n) == (ssize_t)n ? 0 : -ENOSPC;
    close(fd);
    return r;
}

int upload_create(struct signal *s, uint64_t length, char id[static UPLOAD_ID_LENGTH + 1]) {
    char path[PATH_SIZE], text[32];

    random_text(id, ID_LENGTH);
    upload_file(s, id, ".length", path);
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)length);
    int r = write_small(path, text);
    if (r == 0) {
        upload_file(s, id, "", path);
        r = write_small(path, "");
    }
    if (r < 0) {
        upload_remove_files(s, id);
    }
    return r;
}

int upload_mark_unchecked(const struct signal *s, const char *id, uint64_t start) {
    char path[PATH_SIZE], text[32];

    upload_file(s, id, ".unchecked", path);
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)start);
    unlink(path);
    return write_small(path, text);
}

void upload_unmark(const struct signal *s, const char *id) {
    char path[PATH_SIZE];

    upload_file(s, id, ".unchecked", path);
    unlink(path);
}

bool uploads_have_room(const struct signal *s, uint64_t promised, uint64_t length) {
    struct statvfs fs;

    if (statvfs(s->config->data_dir, &fs) < 0) {
        return false;
    }
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    return available >= RESERVE && promised <= available - RESERVE &&
           length <= available - RESERVE - promised;
}
