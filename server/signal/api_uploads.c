/* Resumable uploads, tus 1.0.0 with creation, expiration, termination and checksum: the calls. What
 * they do to the disk is in uploads.c. A Location cannot be guessed and is all that the calls after
 * the creation need. */
#include "signal/api.h"
#include "signal/checksum.h"
#include "signal/disk_sync.h"
#include "signal/fields.h"
#include "signal/state.h"
#include "signal/uploads.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITE_BACK ((uint64_t)8 << 20) /* bytes that may wait for the disk */

struct upload {
    struct upload_busy busy; /* first: it is found by this */
    struct exchange *x;
    int fd;
    uint64_t start, offset, length;
    uint64_t flushed;          /* up to here the disk has been told to write */
    struct checksum *checksum; /* NULL: none asked for */
};

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

/* RFC 9110 §5.6.7, as the extension wants it. */
static void tell_expiry(struct exchange *x, const char *id) {
    time_t at = (time_t)upload_expires(x->signal, id);
    struct tm tm;
    char text[40];

    if (at != 0 && gmtime_r(&at, &tm) != NULL &&
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0) {
        reply_header(x, "upload-expires", "%s", text);
    }
}

void api_uploads_options(struct exchange *x) {
    reply_header(x, "tus-resumable", "1.0.0");
    reply_header(x, "tus-version", "1.0.0");
    reply_header(x, "tus-extension", "creation,expiration,termination,checksum");
    reply_header(x, "tus-checksum-algorithm", CHECKSUM_ALGORITHMS);
    reply_header(x, "tus-max-size", "%llu", (unsigned long long)x->signal->config->upload_max);
    reply_header(x, "allow", "POST, OPTIONS");
    reply_empty(x, 204);
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

/* ---- creation ---- */

void api_uploads_create(struct exchange *x) {
    struct signal *s = x->signal;
    char id[UPLOAD_ID_LENGTH + 1], path[UPLOAD_PATH_MAX];
    uint64_t length = 0, promised;
    size_t unfinished;

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
    upload_file(s, "", "", path);
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        reply_failure(x, -errno, NULL);
        return;
    }
    uploads_sweep(s, &unfinished, &promised);
    if (unfinished >= s->config->uploads_open_max) {
        reply_problem(x, 429, "too-many-uploads", "Too many uploads are unfinished.");
        return;
    }
    if (!uploads_have_room(s, promised, length)) {
        reply_problem(x, 507, "no-space", "The server's disk has no room for this file.");
        return;
    }
    int r = upload_create(s, length, id);
    if (r < 0) {
        reply_failure(x, r, NULL);
        return;
    }
    reply_header(x, "location", "/api/v1/uploads/%s", id);
    tell_expiry(x, id);
    reply_empty(x, 201);
}

/* ---- HEAD, DELETE ---- */

void api_upload_head(struct exchange *x) {
    const char *id = x->request.params[0];
    uint64_t offset, length;

    if (!versions_agree(x)) {
        return;
    }
    reply_header(x, "cache-control", "no-store");
    if (upload_look(x->signal, id, &offset, &length) < 0) {
        reply_empty(x, 404);
        return;
    }
    reply_header(x, "upload-offset", "%llu", (unsigned long long)offset);
    reply_header(x, "upload-length", "%llu", (unsigned long long)length);
    tell_expiry(x, id);
    reply_empty(x, 200);
}

static void patch_over(struct exchange *x) {
    struct upload *u = x->context;

    if (u == NULL) {
        return; /* interrupted */
    }
    if (u->checksum != NULL) { /* not checked to its end: not kept */
        if (ftruncate(u->fd, (off_t)u->start) < 0) {
            log_warn("upload.truncate", "error=%d", errno);
        } else {
            upload_unmark(x->signal, u->busy.id);
        }
    }
    close(u->fd);
    checksum_free(u->checksum);
    upload_finish(&u->busy);
    free(u);
    x->context = NULL;
}

/* Whoever was writing it has lost its connection without our knowing, or gives it up. */
static void interrupt(const char *id) {
    struct upload *u = (struct upload *)upload_find_busy(id);

    if (u != NULL) {
        u->x->deadline = 0; /* the next tick closes it */
        patch_over(u->x);
    }
}

void api_upload_delete(struct exchange *x) {
    const char *id = x->request.params[0];
    uint64_t offset, length;

    if (!versions_agree(x)) {
        return;
    }
    if (upload_look(x->signal, id, &offset, &length) < 0) {
        reply_failure(x, -ENOENT, "There is no such upload.");
        return;
    }
    interrupt(id);
    upload_remove_files(x->signal, id);
    reply_empty(x, 204);
}

/* ---- PATCH: the body goes to the file as it arrives ---- */

static int take_piece(struct exchange *x, struct bytes piece) {
    struct upload *u = x->context;

    if (u == NULL) {
        return -1;
    }
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
    if (u->offset - u->flushed >= WRITE_BACK) { /* begin now what the end has to wait for */
        sync_file_range(u->fd, (off_t)u->flushed, (off_t)(u->offset - u->flushed),
                        SYNC_FILE_RANGE_WRITE);
        u->flushed = u->offset;
    }
    return 0;
}

static void patch_synced(void *ctx, int result) {
    struct exchange *x = ctx;

    if (!exchange_resume(x)) {
        return;
    }
    struct upload *u = x->context;
    if (u == NULL) {
        reply_problem(x, 409, "offset", "Somebody else goes on with this upload.");
    } else if (result < 0) {
        log_error("upload.sync", "error=%d", -result);
        reply_problem(x, 507, "no-space", "The server's disk does not take these bytes.");
    } else {
        reply_header(x, "upload-offset", "%llu", (unsigned long long)u->offset);
        tell_expiry(x, u->busy.id);
        reply_empty(x, 204);
    }
}

/* What is acknowledged is on the disk, so that a loss of power takes nothing of it either; waiting
 * for that is another thread's. */
static void patch_done(struct exchange *x) {
    struct upload *u = x->context;

    if (u == NULL) {
        return;
    }
    if (u->checksum != NULL && !checksum_matches(u->checksum)) {
        reply_problem(x, 460, "checksum", "The bytes do not match Upload-Checksum.");
        return;
    }
    if (u->checksum != NULL) { /* kept */
        checksum_free(u->checksum);
        u->checksum = NULL;
        upload_unmark(x->signal, u->busy.id);
    }
    exchange_hold(x);
    int r = disk_sync(x->signal, u->fd, patch_synced, x);
    if (r < 0) {
        patch_synced(x, r);
    }
}

/* False: answered. */
static bool patch_is_fine(struct exchange *x, struct upload *u) {
    const char *id = u->busy.id;
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
    interrupt(id);
    if (upload_look(x->signal, id, &u->start, &u->length) < 0) {
        reply_failure(x, -ENOENT, "There is no such upload.");
        return false;
    }
    if (offset != u->start) {
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

/* 0 or −errno. */
static int open_upload(const struct signal *s, struct upload *u) {
    char path[UPLOAD_PATH_MAX];

    upload_file(s, u->busy.id, "", path);
    u->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (u->fd < 0) {
        return -errno;
    }
    int r = u->checksum != NULL ? upload_mark_unchecked(s, u->busy.id, u->start) : 0;
    if (r < 0) {
        close(u->fd);
    }
    return r;
}

void api_upload_patch(struct exchange *x) {
    struct upload *u = calloc(1, sizeof *u);

    if (u == NULL) {
        reply_failure(x, -ENOMEM, NULL);
        return;
    }
    snprintf(u->busy.id, sizeof u->busy.id, "%.*s", UPLOAD_ID_LENGTH, x->request.params[0]);
    int r = strlen(x->request.params[0]) == UPLOAD_ID_LENGTH && patch_is_fine(x, u) ? 0 : -ENOENT;
    r = r < 0 ? r : open_upload(x->signal, u);
    if (r < 0) {
        checksum_free(u->checksum);
        free(u);
        reply_failure(x, r, "There is no such upload."); /* unless answered already */
        return;
    }
    u->offset = u->flushed = u->start;
    u->x = x;
    upload_begin(&u->busy);
    x->context = u;
    x->gone = patch_over;
    x->sink = take_piece;
    x->sink_done = patch_done;
}
