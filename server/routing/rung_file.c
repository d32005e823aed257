#include "routing/rung_file.h"
#include <errno.h>

#define MAGIC "PRLRUNG1"
#define HEADER_SIZE 64
#define FRAME_SIZE 24
#define PACKET_SIZE 16
#define TICKS_MAX ((uint64_t)1 << 40)
#define FLAG_KEY 1

static uint16_t le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t le32(const uint8_t *p) {
    return le16(p) | (uint32_t)le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p) {
    return le32(p) | (uint64_t)le32(p + 4) << 32;
}

/* True when `count` entries of `size` bytes at `offset` lie in the file, aligned or not. */
static bool fits(struct bytes file, uint64_t offset, uint64_t count, uint64_t size) {
    return offset >= HEADER_SIZE && offset <= file.n && count <= (file.n - offset) / size;
}

static bool read_header(struct bytes file, struct rung_file *r) {
    if (file.n < HEADER_SIZE || memcmp(file.p, MAGIC, 8) != 0) {
        return false;
    }
    const uint32_t codec = le32(file.p + 8);
    if (codec <= CODEC_NONE || codec >= CODEC_COUNT) {
        return false;
    }
    const uint64_t frames_at = le64(file.p + 48), packets_at = le64(file.p + 56);
    *r = (struct rung_file){
        .file = file,
        .codec = (enum media_codec)codec,
        .kind = codec == CODEC_OPUS ? MEDIA_AUDIO : MEDIA_VIDEO,
        .clock_rate = le32(file.p + 12),
        .speed_percent = le32(file.p + 16),
        .width = le32(file.p + 20),
        .height = le32(file.p + 24),
        .frame_count = le32(file.p + 28),
        .packet_count = le32(file.p + 32),
        .duration = le64(file.p + 40),
    };
    if (r->clock_rate != media_codec_clock(r->codec) || r->speed_percent < RUNG_SPEED_MIN ||
        r->speed_percent > RUNG_SPEED_MAX || r->frame_count == 0 ||
        r->frame_count > RUNG_FRAMES_MAX || r->packet_count < r->frame_count ||
        r->duration > TICKS_MAX) {
        return false;
    }
    if (!fits(file, frames_at, r->frame_count, FRAME_SIZE) ||
        !fits(file, packets_at, r->packet_count, PACKET_SIZE)) {
        return false;
    }
    r->frames = file.p + frames_at;
    r->packets = file.p + packets_at;
    return true;
}

static bool check_packet(const struct rung_file *r, uint32_t index, uint64_t *bytes) {
    const uint8_t *p = r->packets + (size_t)index * PACKET_SIZE;
    const uint64_t offset = le64(p);
    const uint32_t size = le32(p + 8);
    *bytes += size;
    return size >= 1 && size <= RUNG_PAYLOAD_MAX && fits(r->file, offset, size, 1);
}

/* Frames in the order of time, their packets one after the other, the first one a key. */
static bool check_index(const struct rung_file *r) {
    uint32_t packet = 0;
    uint64_t time = 0;
    uint32_t since_key = 0;
    for (uint32_t i = 0; i < r->frame_count; i++) {
        const struct rung_frame f = rung_file_frame(r, i);
        if (f.time < time || f.time > TICKS_MAX || f.first_packet != packet ||
            f.packet_count == 0 || f.packet_count > r->packet_count - packet ||
            (i == 0 && !f.key)) {
            return false;
        }
        since_key = f.key || r->kind == MEDIA_AUDIO ? 0 : since_key + 1;
        if (since_key >= RUNG_GOP_MAX) {
            return false;
        }
        time = f.time;
        uint64_t bytes = 0;
        for (uint32_t end = packet + f.packet_count; packet < end; packet++) {
            if (!check_packet(r, packet, &bytes)) {
                return false;
            }
        }
        if (bytes != le32(r->frames + (size_t)i * FRAME_SIZE + 16)) {
            return false;
        }
    }
    return packet == r->packet_count && time <= r->duration;
}

int rung_file_open(struct bytes file, struct rung_file *ret) {
    struct rung_file r;
    if (!read_header(file, &r) || !check_index(&r)) {
        return -EBADMSG;
    }
    *ret = r;
    return 0;
}

struct rung_frame rung_file_frame(const struct rung_file *r, uint32_t index) {
    const uint8_t *p = r->frames + (size_t)index * FRAME_SIZE;
    return (struct rung_frame){
        .time = le64(p),
        .first_packet = le32(p + 8),
        .packet_count = le16(p + 12),
        .key = (le16(p + 14) & FLAG_KEY) != 0,
    };
}

struct bytes rung_file_packet(const struct rung_file *r, uint32_t index) {
    const uint8_t *p = r->packets + (size_t)index * PACKET_SIZE;
    return bytes_of(r->file.p + le64(p), le32(p + 8));
}

uint32_t rung_file_find(const struct rung_file *r, uint64_t time) {
    uint32_t low = 0, high = r->frame_count; /* frames before `low` are not later than `time` */
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rung_file_frame(r, middle).time <= time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : 0;
}

uint32_t rung_file_key_before(const struct rung_file *r, uint32_t frame) {
    while (frame > 0 && !rung_file_frame(r, frame).key) {
        frame--;
    }
    return frame;
}

uint64_t rung_file_bits(const struct rung_file *r) {
    const uint64_t index = HEADER_SIZE + (uint64_t)r->frame_count * FRAME_SIZE +
                           (uint64_t)r->packet_count * PACKET_SIZE;
    const uint64_t payloads = r->file.n > index ? r->file.n - index : 0;
    return r->duration > 0 ? payloads * 8 * r->clock_rate / r->duration : 0;
}

uint32_t rung_file_frame_of(const struct rung_file *r, uint32_t packet) {
    uint32_t low = 0, high = r->frame_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (rung_file_frame(r, middle).first_packet <= packet) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? low - 1 : 0;
}

uint64_t rung_file_ticks(const struct rung_file *r, int64_t media_usec) {
    if (media_usec <= 0) {
        return 0;
    }
    /* ≤ 2^40 µs × 48,000 × 4 < 2^63 for 12 days of media */
    const uint64_t usec = (uint64_t)media_usec < TICKS_MAX ? (uint64_t)media_usec : TICKS_MAX;
    return usec * (r->clock_rate / 100) / (100u * r->speed_percent);
}

int64_t rung_file_media_usec(const struct rung_file *r, uint64_t ticks) {
    return (int64_t)(ticks * r->speed_percent * 100u / (r->clock_rate / 100));
}
