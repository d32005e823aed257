#include "input/foreign.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 16384

static const char film[] = "Upload a video: mp4, mov, webm or mkv.";

/* How a file begins, and what it is. */
struct beginning {
    uint8_t offset, size;
    const char *bytes, *what;
};

static const struct beginning pictures[] = {
    {0, 3, "\xff\xd8\xff", "JPEG"}, {0, 8, "\x89PNG\r\n\x1a\n", "PNG"},
    {8, 4, "WEBP", "WebP"},         {0, 4, "II*\0", "TIFF"},
    {0, 4, "MM\0*", "TIFF"},        {4, 8, "ftypheic", "HEIC"},
    {4, 8, "ftypheix", "HEIC"},     {4, 8, "ftypmif1", "HEIF"},
    {4, 8, "ftypavif", "AVIF"},     {0, 4, "8BPS", "Photoshop"},
    {0, 4, "GIF8", "GIF"}, /* avdemux_gif, which would read one that moves, hangs now and then */
};

static const struct beginning archives[] = {
    {0, 6, "Rar!\x1a\x07", "archive (RAR)"},
    {0, 6, "7z\xbc\xaf\x27\x1c", "archive (7z)"},
    {0, 2, "\x1f\x8b", "archive (gzip)"},
};

static bool begins(struct bytes head, size_t offset, const char *bytes, size_t size) {
    return head.n >= offset + size && memcmp(head.p + offset, bytes, size) == 0;
}

static bool holds(struct bytes head, const char *words) {
    return memmem(head.p, head.n, words, strlen(words)) != NULL;
}

/* The header of a bitmap has four bytes of zero in it. */
static bool is_bitmap(struct bytes head) {
    return begins(head, 0, "BM", 2) && begins(head, 6, "\0\0\0\0", 4);
}

static bool is_page(struct bytes head) {
    static const char *const starts[] = {"<!DOCTYPE html", "<!doctype html", "<html", "<HTML"};
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        if (begins(head, 0, starts[i], strlen(starts[i]))) {
            return true;
        }
    }
    return false;
}

static int refuse_archive(struct bytes head, struct failure *ret) {
    if (holds(head, "ppt/") || holds(head, "presentation")) {
        return failure_set(ret, "not_a_video",
                           "This is a presentation, not a video. Export it as PDF and upload that "
                           "as slides, or export it as a video.");
    }
    if (holds(head, "word/") || holds(head, "xl/")) {
        return failure_set(ret, "not_a_video", "This is a document, not a video. %s", film);
    }
    return failure_set(
        ret, "not_a_video",
        "This is an archive (ZIP), not a video. Unpack it, then upload the video in it.");
}

int foreign_check_head(struct bytes head, struct failure *ret) {
    for (size_t i = 0; i < sizeof(pictures) / sizeof(pictures[0]); i++) {
        if (begins(head, pictures[i].offset, pictures[i].bytes, pictures[i].size)) {
            return failure_set(ret, "not_a_video", "This is a picture (%s), not a video. %s",
                               pictures[i].what, film);
        }
    }
    if (is_bitmap(head)) {
        return failure_set(ret, "not_a_video", "This is a picture (BMP), not a video. %s", film);
    }
    for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]); i++) {
        if (begins(head, archives[i].offset, archives[i].bytes, archives[i].size)) {
            return failure_set(
                ret, "not_a_video",
                "This is an %s, not a video. Unpack it, then upload the video in it.",
                archives[i].what);
        }
    }
    if (begins(head, 0, "%PDF-", 5)) {
        return failure_set(ret, "not_a_video",
                           "This is a PDF, not a video. Upload it as slides instead.");
    }
    if (begins(head, 0, "PK\3\4", 4)) {
        return refuse_archive(head, ret);
    }
    if (is_page(head)) {
        return failure_set(ret, "not_a_video",
                           "This is a web page, not a video: perhaps a page was saved in place of "
                           "the download. Download the video again, then upload that.");
    }
    return 0;
}

int foreign_check(const char *path, struct failure *ret) {
    uint8_t bytes[HEAD_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : pread(fd, bytes, sizeof(bytes), 0);
    if (fd >= 0) {
        close(fd);
    }
    return n > 0 ? foreign_check_head(bytes_of(bytes, (size_t)n), ret) : 0;
}
