/* What the writer writes, the server's reader reads. */
#include "harness.h"
#include "presentation/rung_writer.h"
#include "routing/rung_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static int make_path(void **state) {
    (void)state;
    snprintf(path, sizeof(path), "/tmp/test_rung_writer.%d", (int)getpid());
    return 0;
}

static int remove_path(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static const struct rung_format vp8 = {
    .codec = CODEC_VP8, .clock_rate = 90000, .speed_percent = 100, .width = 640, .height = 360};

static void add(struct rung_writer *w, struct packetiser *cut, bool key, size_t size, uint64_t time,
                int wanted) {
    uint8_t *frame = malloc(size);
    assert_non_null(frame);
    memset(frame, (int)(size & 0xff), size);
    frame[0] = key ? 0 : 1;
    assert_int_equal(packetiser_frame(cut, bytes_of(frame, size)), 0);
    assert_int_equal(rung_writer_add(w, cut, time), wanted);
    free(frame);
}

static uint8_t *load(size_t *ret_size) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *ret_size = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*ret_size);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *ret_size, f), *ret_size);
    fclose(f);
    return p;
}

static void the_reader_finds_every_frame_and_payload(void **state) {
    (void)state;
    struct rung_writer *w;
    struct packetiser cut;
    struct rung_file r;
    packetiser_init(&cut, CODEC_VP8, 0);
    assert_int_equal(rung_writer_new(path, &vp8, &w), 0);
    for (uint64_t i = 0; i < 120; i++) {
        add(w, &cut, i % 60 == 0, 300 + 40 * i, i * 3000, 0);
    }
    assert_int_equal(rung_writer_finish(w, 360000), 0);
    rung_writer_free(w);
    size_t n;
    uint8_t *file = load(&n);
    assert_int_equal(rung_file_open(bytes_of(file, n), &r), 0);
    assert_int_equal(r.codec, CODEC_VP8);
    assert_int_equal(r.width, 640);
    assert_int_equal(r.height, 360);
    assert_int_equal(r.frame_count, 120);
    assert_int_equal(r.duration, 360000);
    struct rung_frame frame = rung_file_frame(&r, 119);
    assert_int_equal(frame.time, 119 * 3000);
    assert_false(frame.key);
    assert_true(rung_file_frame(&r, 60).key);
    size_t size = 0;
    for (uint32_t i = 0; i < frame.packet_count; i++) {
        struct bytes payload = rung_file_packet(&r, frame.first_packet + i);
        assert_int_equal(payload.p[5], (300 + 40 * 119) & 0xff);
        size += payload.n - 4;
    }
    assert_int_equal(size, 300 + 40 * 119);
    free(file);
    packetiser_clear(&cut);
}

static void frames_out_of_order_and_a_start_without_a_key_frame_are_refused(void **state) {
    (void)state;
    struct rung_writer *w;
    struct packetiser cut;
    packetiser_init(&cut, CODEC_VP8, 0);
    assert_int_equal(rung_writer_new(path, &vp8, &w), 0);
    add(w, &cut, false, 100, 0, -EINVAL);
    add(w, &cut, true, 100, 10, 0);
    add(w, &cut, false, 100, 10, -EINVAL);
    add(w, &cut, false, 100, 9, -EINVAL);
    add(w, &cut, false, 100, 11, 0);
    assert_int_equal(rung_writer_frames(w), 2);
    rung_writer_free(w);
    packetiser_clear(&cut);
}

static void nothing_unfinished_is_left_behind(void **state) {
    (void)state;
    struct rung_writer *w;
    struct packetiser cut;
    char part[80];
    packetiser_init(&cut, CODEC_VP8, 0);
    assert_int_equal(rung_writer_new(path, &vp8, &w), 0);
    assert_int_equal(rung_writer_finish(w, 0), -ENODATA);
    add(w, &cut, true, 5000, 0, 0);
    rung_writer_free(w);
    snprintf(part, sizeof(part), "%s.part", path);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rung_writer_new("/nowhere/at/all", &vp8, &w), -ENOENT);
    rung_writer_free(NULL);
    packetiser_clear(&cut);
}

static void key_frames_are_compared_by_their_times(void **state) {
    (void)state;
    struct rung_writer *a, *b;
    struct packetiser cut;
    char other[80];
    snprintf(other, sizeof(other), "%s.b", path);
    packetiser_init(&cut, CODEC_VP8, 0);
    assert_int_equal(rung_writer_new(path, &vp8, &a), 0);
    assert_int_equal(rung_writer_new(other, &vp8, &b), 0);
    add(a, &cut, true, 100, 0, 0);
    add(b, &cut, true, 100, 0, 0);
    add(a, &cut, false, 100, 5, 0);
    assert_true(rung_writer_keys_agree(a, b));
    add(a, &cut, true, 100, 9, 0);
    assert_false(rung_writer_keys_agree(a, b));
    add(b, &cut, true, 100, 9, 0);
    assert_true(rung_writer_keys_agree(a, b));
    add(b, &cut, true, 100, 12, 0);
    assert_false(rung_writer_keys_agree(a, b));
    rung_writer_free(a);
    rung_writer_free(b);
    packetiser_clear(&cut);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_reader_finds_every_frame_and_payload, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(
            frames_out_of_order_and_a_start_without_a_key_frame_are_refused, make_path,
            remove_path),
        cmocka_unit_test_setup_teardown(nothing_unfinished_is_left_behind, make_path, remove_path),
        cmocka_unit_test_setup_teardown(key_frames_are_compared_by_their_times, make_path,
                                        remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
