#include "signal/files.h"
#include "signal/http.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A regular file opened for reading; negative errno otherwise. */
static int open_regular(const char *path, struct stat *ret) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) {
        return -errno;
    }
    if (fstat(fd, ret) < 0 || !S_ISREG(ret->st_mode)) {
        close(fd);
        return -ENOENT;
    }
    return fd;
}

int file_read(const char *path, size_t max, char **ret, size_t *ret_n) {
    struct stat st;
    int fd = open_regular(path, &st);

    if (fd < 0) {
        return fd;
    }
    if ((uint64_t)st.st_size > max) {
        close(fd);
        return -EFBIG;
    }
    char *text = malloc((size_t)st.st_size + 1);
    size_t n = 0;
    while (text != NULL && n < (size_t)st.st_size) {
        ssize_t got = read(fd, text + n, (size_t)st.st_size - n);
        if (got <= 0) {
            break;
        }
        n += (size_t)got;
    }
    close(fd);
    if (text == NULL) {
        return -ENOMEM;
    }
    text[n] = '\0';
    *ret = text;
    *ret_n = n;
    return 0;
}

const char *file_type(const char *name) {
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".jpeg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".glb", "model/gltf-binary"},
        {".gltf", "model/gltf+json"},
        {".usdz", "model/vnd.usdz+zip"},
        {".vtt", "text/vtt; charset=utf-8"},
        {".mp4", "video/mp4"},
        {".m3u8", "application/vnd.apple.mpegurl"},
        {".webm", "video/webm"},
        {".txt", "text/plain; charset=utf-8"},
        {".map", "application/json"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dot, types[i].ending) == 0) {
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

void file_reply(struct exchange *x, const char *path, const char *cache_control) {
    struct stat st;
    char etag[64];
    int fd = open_regular(path, &st);

    if (fd < 0) {
        reply_problem(x, 404, "not-found", "There is no such file.");
        return;
    }
    snprintf(etag, sizeof etag, "\"%llx-%llx\"", (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec * 1000000u +
                 (unsigned long long)st.st_mtim.tv_nsec / 1000u);
    reply_header(x, "cache-control", "%s", cache_control);
    reply_file(x, file_type(path), fd, (uint64_t)st.st_size, etag);
}
