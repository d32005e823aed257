/* CMAF tracks, their playlists and the film made of them hold the same samples. */
#include "harness.h"
#include "presentation/film.h"
#include "presentation/hls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char directory[64];

static char *path_of(const char *name) {
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static uint8_t *load(const char *name, size_t *ret_size) {
    FILE *f = fopen(path_of(name), "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    *ret_size = (size_t)ftell(f);
    rewind(f);
    uint8_t *bytes = malloc(*ret_size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *ret_size, f), *ret_size);
    bytes[*ret_size] = 0;
    fclose(f);
    return bytes;
}

/* An access unit of frame `n`: delimiter, sets before a key frame, one slice whose bytes tell n. */
static struct bytes frame(unsigned n, bool key) {
    static uint8_t unit[64];
    static const uint8_t head[] = {0,    0,    0,    1, 9, 0xf0, 0,    0,    1,    0x67, 0x42,
                                   0xc0, 0x1f, 0xaa, 0, 0, 1,    0x68, 0xce, 0x3c, 0x80};
    size_t at = key ? sizeof(head) : 6;
    memcpy(unit, head, at);
    const uint8_t slice[] = {0, 0, 1, key ? 0x65 : 0x41, 0xa5, (uint8_t)(n + 1), 0xee};
    memcpy(unit + at, slice, sizeof(slice));
    return bytes_of(unit, at + sizeof(slice));
}

static struct cmaf *make_picture(unsigned frames) {
    const struct mp4_format format = {
        .kind = MP4_H264, .timescale = 90000, .width = 320, .height = 180};
    static const uint8_t sps[] = {0x67, 0x42, 0xc0, 0x1f, 0xaa}, pps[] = {0x68, 0xce, 0x3c, 0x80};
    struct cmaf *c;
    assert_int_equal(cmaf_new(directory, "hls-360.mp4", &format, &c), 0);
    assert_int_equal(cmaf_add(c, frame(0, true), 0, true, true), -EINVAL); /* no configuration */
    assert_int_equal(cmaf_set_h264_config(c, bytes_of(sps, 5), bytes_of(pps, 4)), 0);
    for (unsigned n = 0; n < frames; n++) {
        bool key = n % 10 == 0;
        assert_int_equal(cmaf_add(c, frame(n, key), n * 18000, key, n % 20 == 0), 0);
    }
    assert_int_equal(cmaf_add(c, frame(1, false), 18000, false, false), -EINVAL); /* backwards */
    assert_int_equal(cmaf_finish(c, frames * 18000), 0);
    return c;
}

static struct cmaf *make_sound(unsigned units) {
    const struct mp4_format format = {.kind = MP4_AAC, .timescale = 48000, .channels = 2};
    struct cmaf *c;
    assert_int_equal(cmaf_new(directory, "hls-audio.mp4", &format, &c), 0);
    assert_int_equal(cmaf_set_aac_config(c, bytes_of((const uint8_t *)"\x11\x90", 2)), 0);
    for (unsigned n = 0; n < units; n++) {
        const uint8_t unit[] = {0x21, (uint8_t)n, 0x77};
        assert_int_equal(cmaf_add(c, bytes_of(unit, 3), n * 1024, true, n % 188 == 0), 0);
    }
    assert_int_equal(cmaf_finish(c, units * 1024), 0);
    return c;
}

static void segments_tile_the_file(void **state) {
    (void)state;
    struct cmaf *c = make_picture(50);
    size_t count, size, samples;
    const struct cmaf_segment *segments = cmaf_segments(c, &count);
    uint8_t *file = load("hls-360.mp4", &size);
    assert_int_equal(count, 3);
    uint64_t at = cmaf_header_size(c), time = 0;
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(segments[i].offset, at);
        assert_int_equal(segments[i].time, time);
        assert_memory_equal(file + at + 4, "moof", 4);
        at += segments[i].size;
        time += segments[i].duration;
    }
    assert_int_equal(at, size);
    assert_int_equal(time, 50 * 18000);
    const struct mp4_sample *sample = cmaf_samples(c, &samples);
    assert_int_equal(samples, 50);
    for (size_t i = 0; i < samples; i++) { /* the slice alone, with its length before it */
        const uint8_t wanted[] = {0,   0, 0, 4, i % 10 == 0 ? 0x65 : 0x41, 0xa5, (uint8_t)(i + 1),
                                  0xee};
        assert_int_equal(sample[i].size, sizeof(wanted));
        assert_memory_equal(file + sample[i].offset, wanted, sizeof(wanted));
    }
    free(file);
    cmaf_free(c);
}

static void a_film_holds_both_tracks_behind_its_index(void **state) {
    (void)state;
    struct cmaf *picture = make_picture(50), *sound = make_sound(469);
    assert_int_equal(film_write(path_of("film.mp4"), picture, sound), 0);
    size_t size;
    uint8_t *file = load("film.mp4", &size);
    const uint8_t *moov = memmem(file, size, "moov", 4), *mdat = memmem(file, size, "mdat", 4);
    assert_non_null(moov);
    assert_non_null(mdat);
    assert_true(moov < mdat);
    /* The media data is all samples and nothing else. */
    assert_int_equal(file + size - (mdat + 12), 50 * 8 + 469 * 3);
    const uint8_t *offsets = memmem(file, size, "co64", 4);
    uint64_t first = 0;
    for (int i = 0; i < 8; i++) {
        first = first << 8 | offsets[12 + i];
    }
    assert_int_equal(first, (uint64_t)(mdat + 12 - file));
    assert_memory_equal(file + first, "\0\0\0\4\x65", 5);
    free(file);
    cmaf_free(picture);
    cmaf_free(sound);
}

static void playlists_say_what_there_is(void **state) {
    (void)state;
    struct cmaf *picture = make_picture(50), *sound = make_sound(469);
    struct hls hls = {
        .picture_count = 1, .pictures = {picture}, .sound = sound, .fps_n = 5, .fps_d = 1};
    assert_int_equal(hls_write(directory, &hls), 0);
    size_t size;
    char *text = (char *)load("hls.m3u8", &size);
    assert_non_null(strstr(text, "CODECS=\"avc1.42c01f,mp4a.40.2\",RESOLUTION=320x180"));
    assert_non_null(strstr(text, "URI=\"hls-audio.m3u8\""));
    free(text);
    text = (char *)load("hls-360.m3u8", &size);
    assert_non_null(strstr(text, "#EXT-X-TARGETDURATION:4\n"));
    assert_non_null(strstr(text, "#EXTINF:2.000000,\n"));
    assert_non_null(strstr(text, "#EXT-X-ENDLIST\n"));
    free(text);
    assert_int_equal(hls_write(directory, &hls), -EEXIST);
    cmaf_free(picture);
    cmaf_free(sound);
}

static int make_directory(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/parlour-film-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
    (void)state;
    static const char *const names[] = {"hls.m3u8",       "hls-360.m3u8",  "hls-360.mp4",
                                        "hls-audio.m3u8", "hls-audio.mp4", "film.mp4"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unlink(path_of(names[i]));
    }
    return rmdir(directory);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_tile_the_file),
        cmocka_unit_test(a_film_holds_both_tracks_behind_its_index),
        cmocka_unit_test(playlists_say_what_there_is),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
