#include "presentation/rung_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER_SIZE 64
#define FRAME_SIZE 24
#define PACKET_SIZE 16
#define BUFFER_SIZE (256 * 1024)
#define FRAME_KEY 1

struct frame {
    uint64_t time;
    uint32_t first_packet, payload_bytes;
    uint16_t packet_count;
    bool key;
};

struct rung_writer {
    struct rung_format format;
    char *path, *part_path;
    int part_fd;
    struct frame *frames;
    size_t frame_count, frame_room;
    uint16_t *packet_sizes;
    size_t packet_count, packet_room;
    uint64_t payload_bytes;
    uint8_t buffer[BUFFER_SIZE];
    size_t buffered;
};

static void put16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v) {
    put16(p, (uint16_t)v);
    put16(p + 2, (uint16_t)(v >> 16));
}

static void put64(uint8_t *p, uint64_t v) {
    put32(p, (uint32_t)v);
    put32(p + 4, (uint32_t)(v >> 32));
}

static int write_all(int fd, const uint8_t *p, size_t n) {
    while (n > 0) {
        ssize_t r = write(fd, p, n);
        if (r < 0 && errno == EINTR) {
            continue;
        }
        if (r < 0) {
            return -errno;
        }
        p += r;
        n -= (size_t)r;
    }
    return 0;
}

static int flush(struct rung_writer *w, int fd) {
    int r = write_all(fd, w->buffer, w->buffered);
    w->buffered = 0;
    return r;
}

static int buffer_bytes(struct rung_writer *w, int fd, const uint8_t *p, size_t n) {
    if (w->buffered + n > BUFFER_SIZE) {
        int r = flush(w, fd);
        if (r < 0) {
            return r;
        }
    }
    memcpy(w->buffer + w->buffered, p, n);
    w->buffered += n;
    return 0;
}

int rung_writer_new(const char *path, const struct rung_format *format, struct rung_writer **ret) {
    struct rung_writer *w = calloc(1, sizeof(*w));
    if (!w) {
        return -ENOMEM;
    }
    w->format = *format;
    w->part_fd = -1;
    w->path = strdup(path);
    if (!w->path || asprintf(&w->part_path, "%s.part", path) < 0) {
        w->part_path = NULL;
        rung_writer_free(w);
        return -ENOMEM;
    }
    w->part_fd = open(w->part_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (w->part_fd < 0) {
        int r = -errno;
        rung_writer_free(w);
        return r;
    }
    *ret = w;
    return 0;
}

void rung_writer_free(struct rung_writer *w) {
    if (!w) {
        return;
    }
    if (w->part_fd >= 0) {
        close(w->part_fd);
        unlink(w->part_path);
    }
    free(w->path);
    free(w->part_path);
    free(w->frames);
    free(w->packet_sizes);
    free(w);
}

/* Makes room for `n` more entries. */
static int grow(void **array, size_t *room, size_t count, size_t n, size_t size) {
    if (count + n <= *room) {
        return 0;
    }
    size_t more = (count + n) * 2;
    void *bigger = reallocarray(*array, more, size);
    if (!bigger) {
        return -ENOMEM;
    }
    *array = bigger;
    *room = more;
    return 0;
}

int rung_writer_add(struct rung_writer *w, const struct packetiser *cut, uint64_t time) {
    size_t n = packetiser_count(cut);
    bool first = w->frame_count == 0;
    if (n == 0 || n > UINT16_MAX || (first && !packetiser_is_key(cut)) ||
        (!first && time <= w->frames[w->frame_count - 1].time)) {
        return -EINVAL;
    }
    int r = grow((void **)&w->frames, &w->frame_room, w->frame_count, 1, sizeof(*w->frames));
    if (r == 0) {
        r = grow((void **)&w->packet_sizes, &w->packet_room, w->packet_count, n,
                 sizeof(*w->packet_sizes));
    }
    struct frame frame = {.time = time,
                          .first_packet = (uint32_t)w->packet_count,
                          .packet_count = (uint16_t)n,
                          .key = packetiser_is_key(cut)};
    for (size_t i = 0; i < n && r == 0; i++) {
        struct bytes payload = packetiser_payload(cut, i);
        w->packet_sizes[w->packet_count + i] = (uint16_t)payload.n;
        frame.payload_bytes += (uint32_t)payload.n;
        r = buffer_bytes(w, w->part_fd, payload.p, payload.n);
    }
    if (r < 0) {
        return r;
    }
    w->frames[w->frame_count++] = frame;
    w->packet_count += n;
    w->payload_bytes += frame.payload_bytes;
    return 0;
}

static int write_header(struct rung_writer *w, int fd, uint64_t duration) {
    uint8_t header[HEADER_SIZE] = {0};
    memcpy(header, "PRLRUNG1", 8);
    put32(header + 8, (uint32_t)w->format.codec);
    put32(header + 12, w->format.clock_rate);
    put32(header + 16, w->format.speed_percent);
    put32(header + 20, w->format.width);
    put32(header + 24, w->format.height);
    put32(header + 28, (uint32_t)w->frame_count);
    put32(header + 32, (uint32_t)w->packet_count);
    put64(header + 40, duration);
    put64(header + 48, HEADER_SIZE);
    put64(header + 56, HEADER_SIZE + (uint64_t)w->frame_count * FRAME_SIZE);
    return buffer_bytes(w, fd, header, sizeof(header));
}

static int write_frames(struct rung_writer *w, int fd) {
    int r = 0;
    for (size_t i = 0; i < w->frame_count && r == 0; i++) {
        const struct frame *f = &w->frames[i];
        uint8_t entry[FRAME_SIZE] = {0};
        put64(entry, f->time);
        put32(entry + 8, f->first_packet);
        put16(entry + 12, f->packet_count);
        put16(entry + 14, f->key ? FRAME_KEY : 0);
        put32(entry + 16, f->payload_bytes);
        r = buffer_bytes(w, fd, entry, sizeof(entry));
    }
    return r;
}

static int write_packets(struct rung_writer *w, int fd) {
    uint64_t offset = HEADER_SIZE + (uint64_t)w->frame_count * FRAME_SIZE +
                      (uint64_t)w->packet_count * PACKET_SIZE;
    int r = 0;
    for (size_t i = 0; i < w->packet_count && r == 0; i++) {
        uint8_t entry[PACKET_SIZE] = {0};
        put64(entry, offset);
        put32(entry + 8, w->packet_sizes[i]);
        offset += w->packet_sizes[i];
        r = buffer_bytes(w, fd, entry, sizeof(entry));
    }
    return r;
}

static int copy_payloads(struct rung_writer *w, int fd) {
    if (lseek(w->part_fd, 0, SEEK_SET) < 0) {
        return -errno;
    }
    for (;;) {
        ssize_t n = read(w->part_fd, w->buffer, BUFFER_SIZE);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : 0;
        }
        int r = write_all(fd, w->buffer, (size_t)n);
        if (r < 0) {
            return r;
        }
    }
}

int rung_writer_finish(struct rung_writer *w, uint64_t duration) {
    if (w->frame_count == 0) {
        return -ENODATA;
    }
    int r = flush(w, w->part_fd);
    if (r < 0) {
        return r;
    }
    int fd = open(w->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return -errno;
    }
    r = write_header(w, fd, duration);
    r = r < 0 ? r : write_frames(w, fd);
    r = r < 0 ? r : write_packets(w, fd);
    r = r < 0 ? r : flush(w, fd);
    r = r < 0 ? r : copy_payloads(w, fd);
    if (r == 0 && fsync(fd) < 0) {
        r = -errno;
    }
    if (close(fd) < 0 && r == 0) {
        r = -errno;
    }
    if (r < 0) {
        unlink(w->path);
        return r;
    }
    close(w->part_fd);
    w->part_fd = -1;
    unlink(w->part_path);
    return 0;
}

size_t rung_writer_frames(const struct rung_writer *w) {
    return w->frame_count;
}

uint64_t rung_writer_payload_bytes(const struct rung_writer *w) {
    return w->payload_bytes;
}

/* The time of the next key frame at or after *i, or UINT64_MAX; moves *i past it. */
static uint64_t next_key(const struct rung_writer *w, size_t *i) {
    while (*i < w->frame_count) {
        const struct frame *f = &w->frames[(*i)++];
        if (f->key) {
            return f->time;
        }
    }
    return UINT64_MAX;
}

bool rung_writer_keys_agree(const struct rung_writer *a, const struct rung_writer *b) {
    size_t i = 0, j = 0;
    for (;;) {
        uint64_t time = next_key(a, &i);
        if (time != next_key(b, &j)) {
            return false;
        }
        if (time == UINT64_MAX) {
            return true;
        }
    }
}
