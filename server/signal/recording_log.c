#include "signal/recording_log.h"
#include "base/log.h"
#include "wire/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536
#define BOOT_MAX 40
#define SOURCES_MAX 65536 /* of all runs of one visit */

bool recording_path(const char *data_dir, const char *visit, const char *below, char *ret,
                    size_t n) {
    int length = snprintf(ret, n, "%s/recordings/%s%s", data_dir, visit, below);

    return visit[0] != '\0' && strchr(visit, '/') == NULL && visit[0] != '.' && length > 0 &&
           (size_t)length < n;
}

bool recording_exists(const char *data_dir, const char *visit) {
    char path[1024];

    return recording_path(data_dir, visit, "/log.jsonl", path, sizeof path) &&
           access(path, F_OK) == 0;
}

/* ---- Writing ---- */

static int make_directory(const char *path) {
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int make_directories(const char *data_dir, const char *visit) {
    char path[1024];

    if (!recording_path(data_dir, visit, "/tracks", path, sizeof path)) {
        return -ENAMETOOLONG;
    }
    for (size_t at = strlen(data_dir) + 1; path[at] != '\0'; at++) {
        if (path[at] == '/') {
            path[at] = '\0';
            int r = make_directory(path);
            path[at] = '/';
            if (r < 0) {
                return r;
            }
        }
    }
    return make_directory(path);
}

static void read_boot(char ret[static BOOT_MAX]) {
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    ret[0] = '\0';
    if (file != NULL && fgets(ret, BOOT_MAX, file) != NULL) {
        ret[strcspn(ret, "\n")] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
}

static int write_clock(const struct recording_log *log) {
    struct json *o = json_new_object();
    char boot[BOOT_MAX];

    read_boot(boot);
    json_put_int(o, "unix_us", (int64_t)clock_unix());
    json_put_text(o, "boot", boot);
    return recording_log_add(log, "clock", o);
}

/* A line that the last run could not finish must not swallow the next one. */
static int end_torn_line(int fd) {
    char last = '\n';
    off_t size = lseek(fd, 0, SEEK_END);

    if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n') {
        return write(fd, "\n", 1) == 1 ? 0 : -errno;
    }
    return size < 0 ? -errno : 0;
}

static int open_file(struct recording_log *log, const char *data_dir, const char *visit,
                     int flags) {
    char path[1024];
    struct stat st;

    if (!recording_path(data_dir, visit, "/log.jsonl", path, sizeof path)) {
        return -ENAMETOOLONG;
    }
    log->fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
    if (log->fd < 0) {
        return -errno;
    }
    log->fresh = fstat(log->fd, &st) == 0 && st.st_size == 0;
    return end_torn_line(log->fd);
}

int recording_log_open(struct recording_log *log, const char *data_dir, const char *visit) {
    log->fd = -1;
    int r = make_directories(data_dir, visit);
    r = r < 0 ? r : open_file(log, data_dir, visit, O_CREAT);
    r = r < 0 ? r : write_clock(log);
    if (r < 0) {
        recording_log_close(log);
    }
    return r;
}

void recording_log_close(struct recording_log *log) {
    if (log->fd >= 0) {
        close(log->fd);
    }
    log->fd = -1;
}

int recording_log_add(const struct recording_log *log, const char *event, struct json *more) {
    struct json *o = json_new_object();
    char line[LINE_MAX_BYTES];
    void *iterator = NULL;
    const char *key;
    const struct json *value;

    json_put_int(o, "t", (int64_t)clock_now());
    json_put_text(o, "event", event);
    while (json_next_member(more, &iterator, &key, &value)) {
        json_put(o, key, json_duplicate(value));
    }
    json_free(more);
    int n = json_write(o, (struct room){(uint8_t *)line, sizeof line - 1});
    json_free(o);
    if (n < 0) {
        return n;
    }
    line[n++] = '\n';
    const ssize_t written = write(log->fd, line, (size_t)n);
    if (written >= 0 && written < n) {
        return -ENOSPC; /* the next line, or the next opening, ends it */
    }
    return written < 0 ? -errno : 0;
}

int recording_log_consent(const char *data_dir, const char *visit, const char *credential,
                          bool agreed) {
    struct recording_log log;
    struct json *o = json_new_object();

    json_put_text(o, "credential", credential);
    json_put_bool(o, "recording", agreed);
    int r = open_file(&log, data_dir, visit, 0);
    if (r < 0) {
        json_free(o);
        recording_log_close(&log);
        return r;
    }
    r = recording_log_add(&log, "consent", o);
    recording_log_close(&log);
    return r;
}

/* ---- Reading ---- */

/* Calls `take` for each line that is whole. 0 or −errno. */
static int read_lines(const char *data_dir, const char *visit,
                      void (*take)(void *ctx, const char *event, const struct json *line),
                      void *ctx) {
    char path[1024], *text = NULL;
    size_t room = 0;
    ssize_t n;

    if (!recording_path(data_dir, visit, "/log.jsonl", path, sizeof path)) {
        return -ENAMETOOLONG;
    }
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -errno;
    }
    while ((n = getline(&text, &room, file)) > 0) {
        struct json *line = NULL;
        const char *event = NULL;
        if (n <= LINE_MAX_BYTES &&
            json_parse(bytes_of(text, (size_t)n), LINE_MAX_BYTES, &line) == 0 &&
            json_get_text(line, "event", &event) == 0) {
            take(ctx, event, line);
        }
        json_free(line);
    }
    int r = ferror(file) ? -EIO : 0;
    free(text);
    fclose(file);
    return r;
}

static void take_clock(void *ctx, const char *event, const struct json *line) {
    int64_t unix_us = 0;

    if (*(uint64_t *)ctx == 0 && strcmp(event, "clock") == 0 &&
        json_get_int(line, "unix_us", &unix_us) == 0 && unix_us > 0) {
        *(uint64_t *)ctx = (uint64_t)unix_us;
    }
}

uint64_t recording_began(const char *data_dir, const char *visit) {
    uint64_t began = 0;

    read_lines(data_dir, visit, take_clock, &began);
    return began;
}

/* ---- Who is left out ---- */

struct owner {
    uint64_t media;
    char credential[ID_MAX];
};

struct word {
    char credential[ID_MAX];
    bool agreed;
};

struct census {
    struct owner *owners;
    struct word *words;
    size_t owner_count, word_count;
    bool failed; /* out of memory */
};

static void *one_more(void *list, size_t count, size_t size) {
    return count >= SOURCES_MAX ? NULL
           : count > 0 && (count & (count - 1)) != 0
               ? list
               : realloc(list, (count > 0 ? count * 2 : 1) * size);
}

static void take_owner(struct census *c, const struct json *line) {
    const char *media = "", *credential = "";

    json_get_text(line, "media", &media);
    json_get_text(line, "credential", &credential);
    void *list = one_more(c->owners, c->owner_count, sizeof *c->owners);
    if (list == NULL) {
        c->failed = true;
        return;
    }
    c->owners = list;
    struct owner *owner = &c->owners[c->owner_count++];
    owner->media = strtoull(media, NULL, 10);
    snprintf(owner->credential, sizeof owner->credential, "%.*s", ID_MAX - 1, credential);
}

static void take_word(struct census *c, const struct json *line) {
    const char *credential = "";
    bool agreed = false;

    json_get_text(line, "credential", &credential);
    json_get_bool(line, "recording", &agreed);
    for (size_t i = 0; i < c->word_count; i++) {
        if (strcmp(c->words[i].credential, credential) == 0) {
            c->words[i].agreed = agreed;
            return;
        }
    }
    void *list = one_more(c->words, c->word_count, sizeof *c->words);
    if (list == NULL) {
        c->failed = true;
        return;
    }
    c->words = list;
    struct word *word = &c->words[c->word_count++];
    word->agreed = agreed;
    snprintf(word->credential, sizeof word->credential, "%.*s", ID_MAX - 1, credential);
}

static void take_line(void *ctx, const char *event, const struct json *line) {
    if (strcmp(event, "source") == 0) {
        take_owner(ctx, line);
    } else if (strcmp(event, "consent") == 0) {
        take_word(ctx, line);
    }
}

static bool is_left_out(const struct census *c, uint64_t media) {
    for (size_t i = 0; i < c->owner_count; i++) {
        for (size_t k = 0; c->owners[i].media == media && k < c->word_count; k++) {
            if (strcmp(c->words[k].credential, c->owners[i].credential) == 0) {
                return !c->words[k].agreed;
            }
        }
    }
    return false;
}

int recording_word(const char *data_dir, const char *visit, const char *credential) {
    struct census c = {0};
    int r = read_lines(data_dir, visit, take_line, &c);

    if (r == 0) {
        r = -ENOENT;
        for (size_t i = 0; i < c.word_count; i++) {
            r = strcmp(c.words[i].credential, credential) == 0 ? c.words[i].agreed : r;
        }
    }
    free(c.owners);
    free(c.words);
    return r;
}

/* The id that a track's name begins with; false for other files. */
static bool track_source(const char *name, uint64_t *ret) {
    char *end = NULL;
    const size_t n = strlen(name);

    *ret = strtoull(name, &end, 16);
    return end != name && *end == '-' && n > 6 && strcmp(name + n - 6, ".track") == 0;
}

static int purge(const struct census *c, const char *data_dir, const char *visit) {
    char path[1024];
    struct dirent *entry;
    uint64_t media;
    int left = 0;

    if (!recording_path(data_dir, visit, "/tracks", path, sizeof path)) {
        return -ENAMETOOLONG;
    }
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return -errno;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (!track_source(entry->d_name, &media)) {
            continue;
        }
        if (!is_left_out(c, media)) {
            left++;
        } else if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT) {
            left = -errno;
            log_error("recording.purge", "visit=%s track=%s error=%d", visit, entry->d_name, -left);
            break;
        } else {
            log_info("recording.purged", "visit=%s track=%s", visit, entry->d_name);
        }
    }
    closedir(dir);
    return left;
}

int recording_purge(const char *data_dir, const char *visit) {
    struct census c = {0};
    int r = read_lines(data_dir, visit, take_line, &c);

    if (r == 0) {
        r = c.failed ? -ENOMEM : purge(&c, data_dir, visit);
    }
    free(c.owners);
    free(c.words);
    return r;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void recording_remove(const char *data_dir, const char *visit) {
    char path[1024];

    if (recording_path(data_dir, visit, "", path, sizeof path) &&
        nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0) {
        log_info("recording.removed", "visit=%s", visit);
    }
}
