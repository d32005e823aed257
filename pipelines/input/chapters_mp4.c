#include "input/chapters_mp4.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOXES_MAX 10000
#define CHPL_MAX (9 + 255 * (9 + 255))
#define UNIT 1e7 /* 100 ns */

/* u8 version, u24 flags, u32 reserved (version 1), u8 count; each: u64 start, u8 length, title. */
bool chapters_mp4_parse(struct bytes chpl, struct manifest *manifest) {
    if (chpl.n < 5) {
        return false;
    }
    struct bytes rest = bytes_from(chpl, chpl.p[0] == 0 ? 4 : 8);
    if (rest.n < 1) {
        return false;
    }
    size_t count = rest.p[0];
    rest = bytes_from(rest, 1);
    for (size_t i = 0; i < count; i++) {
        if (rest.n < 9 || rest.n - 9 < rest.p[8]) {
            return false;
        }
        char title[256] = "";
        memcpy(title, rest.p + 9, rest.p[8]);
        if (!manifest_add_chapter(manifest, (double)read_be64(rest.p) / UNIT, title)) {
            return false;
        }
        rest = bytes_from(rest, 9u + rest.p[8]);
    }
    return true;
}

/* The content of the first box `type` between `at` and `end`. */
static bool find_box(int fd, const char *type, uint64_t at, uint64_t end, uint64_t *ret_at,
                     uint64_t *ret_end) {
    for (int i = 0; i < BOXES_MAX && at + 8 <= end; i++) {
        uint8_t head[16] = {0};
        if (pread(fd, head, 16, (off_t)at) < 8) {
            return false;
        }
        uint64_t size = read_be32(head), header = 8;
        if (size == 1) {
            size = read_be64(head + 8);
            header = 16;
        } else if (size == 0) {
            size = end - at;
        }
        if (size < header || size > end - at) {
            return false;
        }
        if (memcmp(head + 4, type, 4) == 0) {
            *ret_at = at + header;
            *ret_end = at + size;
            return true;
        }
        at += size;
    }
    return false;
}

void chapters_from_mp4(const char *path, struct manifest *manifest) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    uint64_t at = 0, end;
    if (fd < 0) {
        return;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        end = (uint64_t)st.st_size;
        if (find_box(fd, "moov", at, end, &at, &end) && find_box(fd, "udta", at, end, &at, &end) &&
            find_box(fd, "chpl", at, end, &at, &end) && end - at <= CHPL_MAX) {
            uint8_t *chpl = malloc(end - at + 1);
            if (chpl && pread(fd, chpl, end - at, (off_t)at) == (ssize_t)(end - at)) {
                chapters_mp4_parse(bytes_of(chpl, end - at), manifest);
            }
            free(chpl);
        }
    }
    close(fd);
}
