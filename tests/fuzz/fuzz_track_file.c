/* Bytes as a message of the record socket, and as a track file: read, scanned, fitted, its frames
 * put together and its sound rendered. */
#include "depacketiser.h"
#include "track_scan.h"
#include "voice.h"

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
    assert(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    scan(path);
    return 0;
}
