#include "replay/track_file.h"

#include "presentation/little_endian.h"
#include "wire/rtp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define MAGIC 0x4b525450u
#define WINDOW (256 * 1024)
#define CHECKED_FROM 12 /* of an entry: what the checksum is over */
#define TIME_MAX ((int64_t)1 << 60)
#define CAPTURE_ERROR_MAX ((int64_t)30 * 1000000) /* between capture and arrival */

struct track_reader {
    int fd;
    struct track_format format;
    uint64_t base; /* place of the window in the file */
    size_t size, at;
    bool whole; /* the window reaches the end of the file */
    uint64_t skipped;
    uint8_t window[WINDOW];
};

static bool format_good(const struct track_format *f) {
    switch (f->codec) {
    case CODEC_OPUS:
        return f->kind == MEDIA_AUDIO && f->clock_rate == 48000;
    case CODEC_VP8:
    case CODEC_VP9:
    case CODEC_H264:
    case CODEC_AV1:
        return f->kind == MEDIA_VIDEO && f->clock_rate == 90000;
    case CODEC_NONE:
    case CODEC_COUNT:
        break;
    }
    return false;
}

static bool packet_good(const struct track_packet *p) {
    struct rtp_header header;
    return p->arrival >= 0 && p->arrival < TIME_MAX &&
           p->capture >= p->arrival - CAPTURE_ERROR_MAX &&
           p->capture <= p->arrival + CAPTURE_ERROR_MAX && !rtp_is_rtcp(p->rtp) &&
           rtp_parse(p->rtp, &header) == 0 && header.payload.n > 0;
}

int track_record_take(struct bytes *message, struct track_format *ret_format,
                      struct track_packet *ret_packet) {
    const uint8_t *p = message->p;
    if (message->n == 0) {
        return 0;
    }
    if (message->n < TRACK_RECORD_HEADER || read_le32(p) > message->n - TRACK_RECORD_HEADER) {
        *message = bytes_of(NULL, 0);
        return -EBADMSG;
    }
    size_t size = read_le32(p);
    struct track_format format = {.kind = p[4] == MEDIA_AUDIO ? MEDIA_AUDIO : MEDIA_VIDEO,
                                  .codec = p[5] < CODEC_COUNT ? (enum media_codec)p[5] : CODEC_NONE,
                                  .source = read_le64(p + 8),
                                  .epoch = read_le32(p + 16),
                                  .clock_rate = read_le32(p + 20),
                                  .first_arrival = (int64_t)read_le64(p + 32)};
    struct track_packet packet = {.flags = read_le16(p + 6),
                                  .capture = (int64_t)read_le64(p + 24),
                                  .arrival = (int64_t)read_le64(p + 32),
                                  .rtp = bytes_of(p + TRACK_RECORD_HEADER, size)};
    *message = bytes_from(*message, TRACK_RECORD_HEADER + size);
    if (p[4] > MEDIA_VIDEO || size > TRACK_PACKET_MAX || !format_good(&format) ||
        !packet_good(&packet)) {
        return -EBADMSG;
    }
    *ret_format = format;
    *ret_packet = packet;
    return 1;
}

int track_record_write(struct room room, const struct track_format *format,
                       const struct track_packet *packet) {
    size_t size = TRACK_RECORD_HEADER + packet->rtp.n;
    if (size > room.n || packet->rtp.n > TRACK_PACKET_MAX) {
        return -ENOSPC;
    }
    write_le32(room.p, (uint32_t)packet->rtp.n);
    room.p[4] = (uint8_t)format->kind;
    room.p[5] = (uint8_t)format->codec;
    write_le16(room.p + 6, (uint16_t)packet->flags);
    write_le64(room.p + 8, format->source);
    write_le32(room.p + 16, format->epoch);
    write_le32(room.p + 20, format->clock_rate);
    write_le64(room.p + 24, (uint64_t)packet->capture);
    write_le64(room.p + 32, (uint64_t)packet->arrival);
    memcpy(room.p + TRACK_RECORD_HEADER, packet->rtp.p, packet->rtp.n);
    return (int)size;
}

void track_header_write(uint8_t header[TRACK_HEADER_SIZE], const struct track_format *format) {
    memset(header, 0, TRACK_HEADER_SIZE);
    memcpy(header, "PRLTRCK1", 8);
    write_le32(header + 8, (uint32_t)format->codec);
    write_le32(header + 12, format->clock_rate);
    write_le64(header + 16, format->source);
    write_le32(header + 24, format->epoch);
    write_le32(header + 28, (uint32_t)format->kind);
    write_le64(header + 32, (uint64_t)format->first_arrival);
}

static uint32_t checksum(const uint8_t *entry, size_t packet_size) {
    return (uint32_t)crc32(0, entry + CHECKED_FROM,
                           (uInt)(TRACK_ENTRY_HEADER - CHECKED_FROM + packet_size));
}

int track_entry_write(struct room room, const struct track_packet *packet) {
    size_t n = packet->rtp.n;
    if (n > TRACK_PACKET_MAX || TRACK_ENTRY_HEADER + n > room.n) {
        return -ENOSPC;
    }
    write_le32(room.p, MAGIC);
    write_le32(room.p + 4, (uint32_t)n);
    write_le32(room.p + 12, packet->flags);
    write_le64(room.p + 16, (uint64_t)packet->capture);
    write_le64(room.p + 24, (uint64_t)packet->arrival);
    memcpy(room.p + TRACK_ENTRY_HEADER, packet->rtp.p, n);
    write_le32(room.p + 8, checksum(room.p, n));
    return (int)(TRACK_ENTRY_HEADER + n);
}

/* Moves what is unread to the front and reads on. */
static void fill(struct track_reader *r) {
    memmove(r->window, r->window + r->at, r->size - r->at);
    r->base += r->at;
    r->size -= r->at;
    r->at = 0;
    while (r->size < WINDOW && !r->whole) {
        ssize_t n = pread(r->fd, r->window + r->size, WINDOW - r->size, (off_t)(r->base + r->size));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            r->whole = true;
        } else {
            r->size += (size_t)n;
        }
    }
}

static int read_header(struct track_reader *r) {
    fill(r);
    const uint8_t *p = r->window;
    if (r->size < TRACK_HEADER_SIZE || memcmp(p, "PRLTRCK1", 8) != 0 ||
        read_le32(p + 28) > MEDIA_VIDEO || read_le32(p + 8) >= CODEC_COUNT) {
        return -EBADMSG;
    }
    r->format = (struct track_format){.codec = (enum media_codec)read_le32(p + 8),
                                      .clock_rate = read_le32(p + 12),
                                      .source = read_le64(p + 16),
                                      .epoch = read_le32(p + 24),
                                      .kind = (enum media_kind)read_le32(p + 28),
                                      .first_arrival = (int64_t)read_le64(p + 32)};
    r->at = TRACK_HEADER_SIZE;
    return format_good(&r->format) ? 0 : -EBADMSG;
}

int track_reader_new(const char *path, struct track_reader **ret) {
    struct track_reader *r = malloc(sizeof(*r));
    if (!r) {
        return -ENOMEM;
    }
    r->base = r->skipped = 0;
    r->size = r->at = 0;
    r->whole = false;
    r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    int e = r->fd < 0 ? -errno : read_header(r);
    if (e < 0) {
        track_reader_free(r);
        return e;
    }
    *ret = r;
    return 0;
}

void track_reader_free(struct track_reader *r) {
    if (!r) {
        return;
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    free(r);
}

const struct track_format *track_reader_format(const struct track_reader *r) {
    return &r->format;
}

/* The size of the good entry at `at`, or 0. */
static size_t entry_at(const struct track_reader *r, struct track_packet *ret) {
    const uint8_t *p = r->window + r->at;
    size_t rest = r->size - r->at;
    if (rest < TRACK_ENTRY_HEADER || read_le32(p) != MAGIC) {
        return 0;
    }
    size_t n = read_le32(p + 4);
    if (n > TRACK_PACKET_MAX || n > rest - TRACK_ENTRY_HEADER ||
        checksum(p, n) != read_le32(p + 8)) {
        return 0;
    }
    *ret = (struct track_packet){.flags = read_le32(p + 12),
                                 .capture = (int64_t)read_le64(p + 16),
                                 .arrival = (int64_t)read_le64(p + 24),
                                 .rtp = bytes_of(p + TRACK_ENTRY_HEADER, n)};
    return packet_good(ret) ? TRACK_ENTRY_HEADER + n : 0;
}

int track_reader_next(struct track_reader *r, struct track_packet *ret, uint64_t *ret_offset) {
    for (;;) {
        if (r->size - r->at < TRACK_ENTRY_MAX && !r->whole) {
            fill(r);
        }
        if (r->at >= r->size) {
            return 0;
        }
        size_t n = entry_at(r, ret);
        if (n > 0) {
            if (ret_offset) {
                *ret_offset = r->base + r->at;
            }
            r->at += n;
            return 1;
        }
        r->at++;
        r->skipped++;
    }
}

void track_reader_seek(struct track_reader *r, uint64_t offset) {
    if (offset >= r->base && offset <= r->base + r->size) {
        r->at = (size_t)(offset - r->base);
        return;
    }
    r->base = offset;
    r->size = r->at = 0;
    r->whole = false;
}

uint64_t track_reader_skipped(const struct track_reader *r) {
    return r->skipped;
}
