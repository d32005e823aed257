/* Bytes as a message of the record socket, and as a track file: read, scanned, fitted, its frames
 * put together and its sound rendered. When the first byte is odd, they are the packets of a file
 * whose checksums are right: flags, times and sizes, then what is in them. */
#include "replay/depacketiser.h"
#include "replay/track_scan.h"
#include "replay/voice.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const struct track_scan *t) {
    struct track_walk w;
    struct rtp_header rtp;
    struct depacketiser d;
    struct depacketised frame;
    int64_t ticks;
    bool hole, video = t->format.codec == CODEC_VP8 || t->format.codec == CODEC_H264;
    assert(track_walk_start(&w, t, t->points[0].offset, t->points[0].ticks) == 0);
    depacketiser_init(&d, video ? t->format.codec : CODEC_VP8);
    while (track_walk_next(&w, &rtp, &ticks, &hole) > 0) {
        depacketiser_input(&d, &rtp, hole);
        while (depacketiser_output(&d, &frame)) {
            assert(frame.data.n > 0);
        }
    }
    track_walk_clear(&w);
    depacketiser_clear(&d);
}

static void scan(const char *path) {
    static float mix[9600 * 2];
    struct track_scan t;
    if (track_scan_file(path, 1000, &t) < 0) {
        return;
    }
    struct track_scan *all[] = {&t};
    track_scan_fit(all, 1);
    for (size_t i = 1; i < t.key_count; i++) {
        assert(t.keys[i].ticks > t.keys[i - 1].ticks);
    }
    walk(&t);
    if (t.format.codec == CODEC_OPUS) {
        memset(mix, 0, sizeof(mix));
        voice_render(&t, t.points[0].time, 0, 9600, 2, 1, mix);
    }
    track_scan_clear(&t);
}

#define BUILT_MAX 65536

/* A file out of: codec and flags, then for each packet steps of time, RTP time and number, a
 * marker, a size and its payload. */
static size_t build(const uint8_t *data, size_t size, uint8_t *file) {
    static const enum media_codec codecs[] = {CODEC_OPUS, CODEC_VP8, CODEC_H264};
    enum media_codec codec = codecs[data[0] / 2 % 3];
    const struct track_format format = {.kind = codec == CODEC_OPUS ? MEDIA_AUDIO : MEDIA_VIDEO,
                                        .codec = codec,
                                        .clock_rate = media_codec_clock(codec),
                                        .source = 1};
    int64_t time = 1000000;
    uint32_t timestamp = 0xfffff000u;
    uint16_t number = 65000;
    size_t n = TRACK_HEADER_SIZE;
    track_header_write(file, &format);
    for (size_t at = 1; at + 6 < size && n + TRACK_ENTRY_MAX < BUILT_MAX;) {
        const uint8_t *p = data + at;
        size_t room = size - at - 6, take = p[5] < room ? p[5] : room;
        uint8_t rtp[300] = {0x80, (uint8_t)(p[0] & 0x80)};
        time += (int64_t)p[1] * p[1] * 100;
        timestamp += p[2] < 250 ? p[2] * 240u : (uint32_t)p[2] << 24;
        number = (uint16_t)(number + p[3] % 8);
        write_be16(rtp + 2, number);
        write_be32(rtp + 4, timestamp);
        memcpy(rtp + 12, p + 6, take);
        struct track_packet packet = {.capture = time - p[4] * 1000,
                                      .arrival = time,
                                      .flags = p[0] & 7,
                                      .rtp = bytes_of(rtp, 12 + take)};
        n += (size_t)track_entry_write((struct room){file + n, BUILT_MAX - n}, &packet);
        at += 6 + take;
    }
    return n;
}

static const char *file;

static void remove_file(void) {
    unlink(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes rest = bytes_of(data, size);
    struct track_format format;
    struct track_packet packet;
    size_t before = size + 1;
    while (track_record_take(&rest, &format, &packet) != 0) {
        assert(rest.n < before); /* it ends */
        before = rest.n;
    }
    static char path[] = "/tmp/parlour-fuzz-track-XXXXXX";
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        assert(fd >= 0);
        atexit(remove_file);
        file = path;
    }
    static uint8_t built[BUILT_MAX];
    if (size > 0 && data[0] & 1) {
        size = build(data, size, built);
        data = built;
    }
    assert(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    scan(path);
    return 0;
}
