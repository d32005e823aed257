#include "input/container.h"

#include "base/spans.h"
#include "input/bounds.h"
#include "input/promise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOXES_MAX 10000
#define EBML_ID 0x1a45dfa3u
#define SEGMENT_ID 0x18538067u
#define PROMISE_SIZE (256u << 10) /* a JPEG may have colours and a preview before its size */

struct file {
    int fd;
    uint64_t size;
};

static bool read_at(const struct file *f, uint64_t offset, uint8_t *p, size_t n) {
    return offset <= f->size && n <= f->size - offset &&
           pread(f->fd, p, n, (off_t)offset) == (ssize_t)n;
}

static int cut_off(struct failure *ret) {
    return failure_set(
        ret, "cut_off",
        "The file is cut off: its end is missing. Export or copy it again, then upload "
        "the whole file.");
}

/* ISO 14496-12 §4.2: size, type, and a 64-bit size when size is 1; 0 reaches to the end. */
static int check_boxes(const struct file *f, struct failure *ret) {
    bool has_moov = false;
    uint64_t at = 0;
    for (int i = 0; at < f->size && i < BOXES_MAX; i++) {
        uint8_t head[16];
        if (!read_at(f, at, head, 8)) {
            return has_moov ? 0 : cut_off(ret);
        }
        uint64_t size = read_be32(head);
        has_moov = has_moov || memcmp(head + 4, "moov", 4) == 0;
        if (size == 1) {
            if (!read_at(f, at, head, 16)) {
                return cut_off(ret);
            }
            size = read_be64(head + 8);
        } else if (size == 0) {
            size = f->size - at;
        }
        if (size < 8 || size > f->size - at) {
            bool known = memcmp(head + 4, "mdat", 4) == 0 || memcmp(head + 4, "moov", 4) == 0 ||
                         memcmp(head + 4, "moof", 4) == 0 || !has_moov;
            return known ? cut_off(ret) : 0; /* rubbish after a whole film does no harm */
        }
        at += size;
    }
    return has_moov ? 0 : cut_off(ret);
}

/* RFC 8794 §4: a variable-size integer; 0 when there is none. Without its marker when `plain`. */
static size_t read_vint(const struct file *f, uint64_t at, bool plain, uint64_t *ret) {
    uint8_t byte;
    if (!read_at(f, at, &byte, 1) || byte == 0) {
        return 0;
    }
    size_t n = 1;
    while (!(byte & (0x80 >> (n - 1)))) {
        n++;
    }
    uint8_t bytes[8];
    if (!read_at(f, at, bytes, n)) {
        return 0;
    }
    uint64_t v = plain ? byte & (0x7f >> (n - 1)) : byte;
    bool ones = (byte & (0x7f >> (n - 1))) == (0x7f >> (n - 1));
    for (size_t i = 1; i < n; i++) {
        v = v << 8 | bytes[i];
        ones = ones && bytes[i] == 0xff;
    }
    *ret = plain && ones ? UINT64_MAX : v; /* all ones: unknown size */
    return n;
}

static int check_segment(const struct file *f, struct failure *ret) {
    uint64_t at = 0;
    for (int i = 0; i < 16; i++) {
        uint64_t id, size;
        size_t n = read_vint(f, at, false, &id);
        size_t m = n ? read_vint(f, at + n, true, &size) : 0;
        if (!m) {
            return cut_off(ret);
        }
        at += n + m;
        if (size == UINT64_MAX) {
            return 0;
        }
        if (size > f->size - at) {
            return cut_off(ret);
        }
        if (id == SEGMENT_ID) {
            return 0;
        }
        at += size;
    }
    return 0;
}

/* A picture that says that it is gigabytes is not given to a decoder. */
static int check_promise(const struct file *f, struct failure *ret) {
    uint32_t width, height;
    const size_t n = f->size < PROMISE_SIZE ? (size_t)f->size : PROMISE_SIZE;
    uint8_t *start = malloc(n);
    bool promises =
        start && read_at(f, 0, start, n) && promise_read(bytes_of(start, n), &width, &height);
    free(start);
    return promises ? bounds_check_picture(width, height, ret) : 0;
}

static int check(const struct file *f, struct failure *ret) {
    uint8_t head[8];
    if (f->size == 0) {
        return failure_set(ret, "empty",
                           "The file is empty. Check that its export has finished, then upload it "
                           "again.");
    }
    if (!read_at(f, 0, head, sizeof(head))) {
        return 0;
    }
    if (memcmp(head + 4, "ftyp", 4) == 0 || memcmp(head + 4, "moov", 4) == 0 ||
        memcmp(head + 4, "mdat", 4) == 0 || memcmp(head + 4, "wide", 4) == 0) {
        return check_boxes(f, ret);
    }
    return read_be32(head) == EBML_ID ? check_segment(f, ret) : check_promise(f, ret);
}

int container_check(const char *path, struct failure *ret) {
    /* O_NONBLOCK: a pipe that nobody writes to would keep us */
    struct file f = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (f.fd < 0) {
        return failure_set(ret, "no_file", "The file %s cannot be opened: %s.", path,
                           strerror(errno));
    }
    struct stat st;
    int r;
    if (fstat(f.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        r = failure_set(ret, "no_file", "%s is not a file.", path);
    } else {
        f.size = (uint64_t)st.st_size;
        r = check(&f, ret);
    }
    close(f.fd);
    return r;
}
