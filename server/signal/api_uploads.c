/* Resumable uploads, tus 1.0.0 with creation, termination and checksum. An upload is two files
 * below DATA/uploads: ID holds what has arrived, so its size is the offset; ID.length says how many
 * bytes there will be. Its Location cannot be guessed and is all that the later calls need. Once a
 * walkthrough has taken the file, ID.length is called ID.taken, and to these calls it is gone. */
#include "base/random.h"
#include "signal/api.h"
#include "signal/checksum.h"
#include "signal/fields.h"
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

#define ID_LENGTH 24
#define RESERVE ((uint64_t)512 << 20) /* bytes that uploads leave free on the disk */
#define UNFINISHED_MAX 200
#define IDLE_MAX (24 * 3600) /* seconds until an untouched upload that nobody took is removed */
#define SETTLING (10 * 60)   /* seconds in which a file may wait for its row in the store */
#define SWEEP_EVERY SEC(3600)
#define SOURCE_PREFIX "uploads/"
#define PATH_SIZE 640

struct upload {
    struct upload *next;
    char id[ID_LENGTH + 1];
    int fd;
    uint64_t start, offset, length;
    struct checksum *checksum; /* NULL: none asked for */
};

/* Those that a PATCH is writing now; the control thread's. */
static struct upload *busy;

static bool id_is_fine(const char *id) {
    return strlen(id) == ID_LENGTH &&
           strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") ==
               ID_LENGTH;
}

static void file_path(const struct signal *s, const char *id, const char *ending,
                      char ret[static PATH_SIZE]) {
    snprintf(ret, PATH_SIZE, "%.560s/uploads/%.40s%.20s", s->config->data_dir, id, ending);
}

/* Offset and length of an upload. 0 or -ENOENT. */
static int look(const struct signal *s, const char *id, uint64_t *ret_offset,
                uint64_t *ret_length) {
    char path[PATH_SIZE], *text = NULL;
    struct stat st;
    size_t n = 0;

    if (!id_is_fine(id)) {
        return -ENOENT;
    }
    file_path(s, id, "", path);
    if (stat(path, &st) < 0) {
        return -ENOENT;
    }
    file_path(s, id, ".length", path);
    if (file_read(path, 64, &text, &n) < 0) {
        return -ENOENT;
    }
    *ret_offset = (uint64_t)st.st_size;
    *ret_length = strtoull(text, NULL, 10);
    free(text);
    return 0;
}

static bool is_busy(const char *id) {
    for (const struct upload *u = busy; u != NULL; u = u->next) {
        if (strcmp(u->id, id) == 0) {
            return true;
        }
    }
    return false;
}

static int change_ending(const struct signal *s, const char *id, const char *from, const char *to) {
    char old[PATH_SIZE], new[PATH_SIZE];

    file_path(s, id, from, old);
    file_path(s, id, to, new);
    return rename(old, new) < 0 ? -errno : 0;
}

/* The id in "uploads/ID", or NULL. */
static const char *id_of_source(const char *source) {
    const char *id = source + strlen(SOURCE_PREFIX);

    return strncmp(source, SOURCE_PREFIX, strlen(SOURCE_PREFIX)) == 0 && id_is_fine(id) ? id : NULL;
}

int upload_take(struct signal *s, const char *id, char *ret, size_t n) {
    uint64_t offset, length;

    if (look(s, id, &offset, &length) < 0) {
        return -ENOENT;
    }
    if (offset != length || is_busy(id)) {
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

bool upload_read(struct exchange *x, const struct json *body, char *ret, size_t n, bool required,
                 bool *ret_given) {
    char id[64] = "";

    *ret_given = false;
    if (!field_text(x, body, "upload", id, sizeof id, ret_given)) {
        return false;
    }
    if (!*ret_given && !required) {
        return true;
    }
    int r = upload_take(x->signal, id, ret, n);
    if (r < 0) {
        *ret_given = false;
        reply_bad_field(x, "upload",
                        r == -EAGAIN ? "The upload is not complete yet."
                                     : "There is no such upload.");
        return false;
    }
    return true;
}

void upload_give_back(struct signal *s, const char *source) {
    const char *id = id_of_source(source);

    if (id != NULL) {
        change_ending(s, id, ".taken", ".length");
    }
}

static void remove_files(const struct signal *s, const char *id) {
    static const char *const endings[] = {"", ".length", ".taken"};
    char path[PATH_SIZE];

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        file_path(s, id, endings[i], path);
        unlink(path);
    }
}

void upload_remove(struct signal *s, const char *source) {
    const char *id = id_of_source(source);

    if (id != NULL) {
        remove_files(s, id);
    }
}

/* Every answer names the version; a request with another is refused. */
static bool versions_agree(struct exchange *x) {
    reply_header(x, "tus-resumable", "1.0.0");
    if (strcmp(request_header(&x->request, HEADER_TUS_RESUMABLE), "1.0.0") == 0) {
        return true;
    }
    reply_header(x, "tus-version", "1.0.0");
    reply_problem(x, 412, "tus-version", "Send Tus-Resumable: 1.0.0.");
    return false;
}

static bool number_header(struct exchange *x, enum request_header h, const char *name,
                          uint64_t *ret) {
    const char *text = request_header(&x->request, h);

    if (text[0] == '\0' || strlen(text) > 18 || text[strspn(text, "0123456789")] != '\0') {
        reply_problem(x, 400, "bad-header", "%s must be a number of bytes.", name);
        return false;
    }
    *ret = strtoull(text, NULL, 10);
    return true;
}

void api_uploads_options(struct exchange *x) {
    reply_header(x, "tus-resumable", "1.0.0");
    reply_header(x, "tus-version", "1.0.0");
    reply_header(x, "tus-extension", "creation,termination,checksum");
    reply_header(x, "tus-checksum-algorithm", CHECKSUM_ALGORITHMS);
    reply_header(x, "tus-max-size", "%llu", (unsigned long long)x->signal->config->upload_max);
    reply_header(x, "allow", "POST, OPTIONS");
    reply_empty(x, 204);
}

/* ---- creation ---- */

/* Removes what was given up; returns how many unfinished uploads remain. */
static size_t sweep(const struct signal *s) {
    char path[PATH_SIZE];
    struct dirent *entry;
    size_t unfinished = 0;

    file_path(s, "", "", path);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        uint64_t offset, length;
        struct stat st;
        if (look(s, entry->d_name, &offset, &length) < 0) {
            continue;
        }
        file_path(s, entry->d_name, "", path);
        if (stat(path, &st) == 0 && time(NULL) - st.st_mtime > IDLE_MAX) {
            remove_files(s, entry->d_name);
        } else {
            unfinished += offset < length;
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return unfinished;
}

void uploads_tick(struct signal *s, usec_t now) {
    if (now >= s->next_sweep) {
        s->next_sweep = now + SWEEP_EVERY;
        sweep(s);
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

    file_path(s, "", "", path);
    DIR *dir = opendir(path);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        uint64_t offset, length;
        char id[ID_LENGTH + 1];
        snprintf(id, sizeof id, "%.*s", ID_LENGTH, entry->d_name);
        snprintf(source, sizeof source, SOURCE_PREFIX "%s", id);
        file_path(s, entry->d_name, "", path);
        if (!id_is_fine(id)) {
            continue;
        }
        bool open = look(s, id, &offset, &length) == 0;
        if (wanted(ctx, source)) {
            if (open) { /* the end came between the store and here */
                change_ending(s, id, ".length", ".taken");
            }
        } else if (!open && age(path) > SETTLING) {
            remove_files(s, id);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
    sweep(s);
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

static int create(struct signal *s, uint64_t length, char id[static ID_LENGTH + 1]) {
    char path[PATH_SIZE], text[32];

    random_text(id, ID_LENGTH);
    file_path(s, id, ".length", path);
    snprintf(text, sizeof text, "%llu\n", (unsigned long long)length);
    int r = write_small(path, text);
    if (r == 0) {
        file_path(s, id, "", path);
        r = write_small(path, "");
    }
    if (r < 0) {
        remove_files(s, id);
    }
    return r;
}

static bool has_room(const struct signal *s, uint64_t length) {
    struct statvfs fs;

    if (statvfs(s->config->data_dir, &fs) < 0) {
        return false;
    }
    uint64_t available = (uint64_t)fs.f_bavail * fs.f_frsize;
    return available >= RESERVE && length <= available - RESERVE;
}

void api_uploads_create(struct exchange *x) {
    struct signal *s = x->signal;
    char id[ID_LENGTH + 1], path[PATH_SIZE];
    uint64_t length = 0;

    if (!versions_agree(x) || !number_header(x, HEADER_UPLOAD_LENGTH, "Upload-Length", &length)) {
        return;
    }
    if (length == 0) {
        reply_problem(x, 400, "empty", "The file is empty.");
        return;
    }
    if (length > s->config->upload_max) {
        reply_header(x, "tus-max-size", "%llu", (unsigned long long)s->config->upload_max);
        reply_problem(x, 413, "too-large", "A file may have at most %llu bytes.",
                      (unsigned long long)s->config->upload_max);
        return;
    }
    if (!has_room(s, length)) {
        reply_problem(x, 507, "no-space", "The server's disk has no room for this file.");
        return;
    }
    file_path(s, "", "", path);
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        reply_failure(x, -errno, NULL);
        return;
    }
    if (sweep(s) >= UNFINISHED_MAX) {
        reply_problem(x, 429, "too-many-uploads", "Too many uploads are unfinished.");
        return;
    }
    int r = create(s, length, id);
    if (r < 0) {
        reply_failure(x, r, NULL);
        return;
    }
    reply_header(x, "location", "/api/v1/uploads/%s", id);
    reply_empty(x, 201);
}

/* ---- HEAD, DELETE ---- */

void api_upload_head(struct exchange *x) {
    uint64_t offset, length;

    if (!versions_agree(x)) {
        return;
    }
    reply_header(x, "cache-control", "no-store");
    if (look(x->signal, x->request.params[0], &offset, &length) < 0) {
        reply_empty(x, 404);
        return;
    }
    reply_header(x, "upload-offset", "%llu", (unsigned long long)offset);
    reply_header(x, "upload-length", "%llu", (unsigned long long)length);
    reply_empty(x, 200);
}

void api_upload_delete(struct exchange *x) {
    const char *id = x->request.params[0];
    uint64_t offset, length;

    if (!versions_agree(x)) {
        return;
    }
    if (look(x->signal, id, &offset, &length) < 0) {
        reply_failure(x, -ENOENT, "There is no such upload.");
    } else if (is_busy(id)) {
        reply_problem(x, 409, "busy", "The upload is being written.");
    } else {
        remove_files(x->signal, id);
        reply_empty(x, 204);
    }
}

/* ---- PATCH: the body goes to the file as it arrives ---- */

static void patch_over(struct exchange *x) {
    struct upload *u = x->context;

    if (u->checksum != NULL && u->offset > u->start) {
        if (ftruncate(u->fd, (off_t)u->start) < 0) { /* not checked to its end: not kept */
            log_warn("upload.truncate", "error=%d", errno);
        }
    }
    close(u->fd);
    checksum_free(u->checksum);
    for (struct upload **at = &busy; *at != NULL; at = &(*at)->next) {
        if (*at == u) {
            *at = u->next;
            break;
        }
    }
    free(u);
}

static int take_piece(struct exchange *x, struct bytes piece) {
    struct upload *u = x->context;

    while (piece.n > 0) {
        ssize_t n = pwrite(u->fd, piece.p, piece.n, (off_t)u->offset);
        if (n <= 0) {
            reply_problem(x, 507, "no-space", "The server's disk is full.");
            return -1;
        }
        if (u->checksum != NULL) {
            checksum_add(u->checksum, bytes_of(piece.p, (size_t)n));
        }
        u->offset += (uint64_t)n;
        x->signal->counters.upload_bytes += (uint64_t)n;
        piece = bytes_from(piece, (size_t)n);
    }
    return 0;
}

static void patch_done(struct exchange *x) {
    struct upload *u = x->context;

    if (u->checksum != NULL && !checksum_matches(u->checksum)) {
        reply_problem(x, 460, "checksum", "The bytes do not match Upload-Checksum.");
        return;
    }
    checksum_free(u->checksum);
    u->checksum = NULL; /* kept */
    reply_header(x, "upload-offset", "%llu", (unsigned long long)u->offset);
    reply_empty(x, 204);
}

/* False: answered. */
static bool patch_is_fine(struct exchange *x, struct upload *u) {
    uint64_t offset;

    if (!versions_agree(x)) {
        return false;
    }
    if (!request_content_is(&x->request, "application/offset+octet-stream")) {
        reply_problem(x, 415, "media-type", "Send the body as application/offset+octet-stream.");
        return false;
    }
    if (!number_header(x, HEADER_UPLOAD_OFFSET, "Upload-Offset", &offset)) {
        return false;
    }
    if (look(x->signal, u->id, &u->start, &u->length) < 0) {
        reply_failure(x, -ENOENT, "There is no such upload.");
        return false;
    }
    if (offset != u->start || is_busy(u->id)) {
        reply_problem(x, 409, "offset", "The upload stands at %llu bytes.",
                      (unsigned long long)u->start);
        return false;
    }
    if (x->body_expected > u->length - u->start) {
        reply_problem(x, 413, "too-large", "More bytes than the upload has left.");
        return false;
    }
    if (request_has(&x->request, HEADER_UPLOAD_CHECKSUM) &&
        checksum_new(request_header(&x->request, HEADER_UPLOAD_CHECKSUM), &u->checksum) < 0) {
        reply_problem(x, 400, "bad-header", "Upload-Checksum must be sha1 or sha256 and Base64.");
        return false;
    }
    return true;
}

void api_upload_patch(struct exchange *x) {
    struct upload *u = calloc(1, sizeof *u);
    char path[PATH_SIZE];

    if (u == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    snprintf(u->id, sizeof u->id, "%.*s", ID_LENGTH, x->request.params[0]);
    if (strlen(x->request.params[0]) != ID_LENGTH || !patch_is_fine(x, u)) {
        checksum_free(u->checksum);
        free(u);
        reply_failure(x, -ENOENT, "There is no such upload."); /* unless answered already */
        return;
    }
    file_path(x->signal, u->id, "", path);
    u->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (u->fd < 0) {
        int error = errno;
        checksum_free(u->checksum);
        free(u);
        reply_failure(x, -error, NULL);
        return;
    }
    u->offset = u->start;
    u->next = busy;
    busy = u;
    x->context = u;
    x->gone = patch_over;
    x->sink = take_piece;
    x->sink_done = patch_done;
}
