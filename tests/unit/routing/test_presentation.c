#include "made.h"

#include <errno.h>
#include <stdlib.h>

static void a_made_file_opens_and_is_searched(void **state) {
    (void)state;
    const struct bytes file = made_rung(CODEC_VP8, 100, 90, 3, 30, 3000);
    struct rung_file r;
    assert_int_equal(rung_file_open(file, &r), 0);
    assert_int_equal(r.frame_count, 90);
    assert_int_equal(r.packet_count, 270);
    assert_int_equal(rung_file_find(&r, 0), 0);
    assert_int_equal(rung_file_find(&r, 2999), 0);
    assert_int_equal(rung_file_find(&r, 3000), 1);
    assert_int_equal(rung_file_find(&r, UINT64_MAX), 89);
    assert_int_equal(rung_file_key_before(&r, 59), 30);
    assert_int_equal(rung_file_key_before(&r, 60), 60);
    assert_int_equal(rung_file_frame_of(&r, 269), 89);
    assert_int_equal(rung_file_frame_of(&r, 3), 1);
    assert_int_equal(rung_file_media_usec(&r, 90000), 1000000);
    assert_int_equal(rung_file_ticks(&r, 1000000), 90000);
    assert_int_equal(rung_file_packet(&r, 5).n, 900);
    free((void *)(uintptr_t)file.p);
}

static void speed_maps_media_time(void **state) {
    (void)state;
    const struct bytes file = made_rung(CODEC_OPUS, 200, 50, 1, 1, 960);
    struct rung_file r;
    assert_int_equal(rung_file_open(file, &r), 0);
    assert_int_equal(rung_file_media_usec(&r, 48000), 2000000);
    assert_int_equal(rung_file_ticks(&r, 2000000), 48000);
    free((void *)(uintptr_t)file.p);
}

static void every_cut_is_refused(void **state) {
    (void)state;
    const struct bytes file = made_rung(CODEC_VP8, 100, 4, 2, 2, 3000);
    struct rung_file r;
    for (size_t n = 0; n < file.n; n++) {
        assert_int_equal(rung_file_open(bytes_of(file.p, n), &r), -EBADMSG);
    }
    free((void *)(uintptr_t)file.p);
}

static void lies_in_the_index_are_refused(void **state) {
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
    } lies[] = {
        {0, 'X'},          {8, 0},           {8, 99},
        {12, 1},           {16, 0},          {28, 5},
        {28, 0},           {32, 1},          {32, 9},
        {48, 1},           {55, 1},          {56, 0},
        {63, 0x80},        {64 + 7, 1},      {64 + 8, 1},
        {64 + 12, 0},      {64 + 12, 3},     {64 + 14, 0},
        {64 + 16, 0},      {64 + 96 + 7, 1}, {64 + 96 + 8, 0},
        {64 + 96 + 11, 1}, {64 + 96 + 1, 0},
    };
    const struct bytes file = made_rung(CODEC_VP8, 100, 4, 2, 2, 3000);
    uint8_t *b = (uint8_t *)(uintptr_t)file.p;
    struct rung_file r;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        const uint8_t before = b[lies[i].at];
        b[lies[i].at] = lies[i].value;
        if (rung_file_open(file, &r) != -EBADMSG) {
            fail_msg("byte %zu = %u was accepted", lies[i].at, lies[i].value);
        }
        b[lies[i].at] = before;
    }
    assert_int_equal(rung_file_open(file, &r), 0);
    free(b);
}

static void manifests_are_checked(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"version\":2,\"duration\":1,\"rungs\":[]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[]}",
        "{\"version\":1,\"duration\":-1,\"rungs\":[{\"file\":\"a\",\"kind\":\"audio\",\"codec\":"
        "\"opus\"}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":\"../"
        "a\",\"kind\":\"audio\",\"codec\":\"opus\"}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":\".a\",\"kind\":\"audio\",\"codec\":"
        "\"opus\"}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":\"a\",\"kind\":\"video\",\"codec\":"
        "\"opus\"}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":\"a\",\"kind\":\"audio\",\"codec\":"
        "\"mp3\"}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":\"a\",\"kind\":\"audio\",\"codec\":"
        "\"opus\",\"speed\":1}]}",
        "{\"version\":1,\"duration\":1,\"rungs\":[{\"file\":1,\"kind\":\"audio\",\"codec\":"
        "\"opus\"}]}",
    };
    struct presentation p;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(presentation_parse(bytes_of_text(bad[i]), &p), -EBADMSG);
    }
    struct bytes files[3];
    made_presentation(&p, files);
    assert_int_equal(presentation_set_rung(&p, 0, files[1]), -EBADMSG); /* not what was promised */
    assert_int_equal(presentation_set_rung(&p, 3, files[1]), -EBADMSG);
    assert_ptr_equal(presentation_video(&p, CODEC_VP8), &p.rungs[0]);
    assert_null(presentation_video(&p, CODEC_H264));
    assert_ptr_equal(presentation_audio(&p, 200), &p.rungs[2]);
    assert_null(presentation_audio(&p, 150));
    for (size_t i = 0; i < 3; i++) {
        free((void *)(uintptr_t)files[i].p);
    }
}

/* A presentation of H.264 pictures of these sizes, in this order, and which is taken. */
static void assert_choice(const uint32_t sizes[3][2], size_t count, size_t chosen) {
    struct presentation p;
    memset(&p, 0, sizeof p);
    p.rung_count = count + 1;
    p.rungs[0] = (struct presentation_rung){.kind = MEDIA_VIDEO,
                                            .codec = CODEC_VP8,
                                            .speed_percent = 100,
                                            .open = true,
                                            .rung = {.width = 320, .height = 180}};
    for (size_t i = 0; i < count; i++) {
        p.rungs[i + 1] = (struct presentation_rung){
            .kind = MEDIA_VIDEO,
            .codec = CODEC_H264,
            .speed_percent = 100,
            .open = true,
            .rung = {.width = sizes[i][0], .height = sizes[i][1]},
        };
    }
    assert_ptr_equal(presentation_video(&p, CODEC_H264), &p.rungs[chosen + 1]);
    assert_ptr_equal(presentation_video(&p, CODEC_VP8), &p.rungs[0]);
    p.rungs[chosen + 1].open = false;
    if (count == 1) {
        assert_null(presentation_video(&p, CODEC_H264));
    }
}

static void the_largest_of_the_middle_is_taken(void **state) {
    (void)state;
    assert_choice((const uint32_t[3][2]){{1920, 1080}, {1280, 720}, {640, 360}}, 3, 1);
    assert_choice((const uint32_t[3][2]){{640, 360}, {1280, 720}, {1920, 1080}}, 3, 1);
    assert_choice((const uint32_t[3][2]){{1080, 1920}, {720, 1280}, {360, 640}}, 3, 1);
    assert_choice((const uint32_t[3][2]){{1600, 900}, {640, 360}}, 2, 1);
    assert_choice((const uint32_t[3][2]){{2560, 1440}, {1920, 1080}}, 2, 1);
    assert_choice((const uint32_t[3][2]){{320, 180}}, 1, 0);
    assert_choice((const uint32_t[3][2]){{1920, 1080}}, 1, 0);
    assert_choice((const uint32_t[3][2]){{0, 0}, {0, 0}}, 2, 0); /* of an old file, not told */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_file_opens_and_is_searched),
        cmocka_unit_test(speed_maps_media_time),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(lies_in_the_index_are_refused),
        cmocka_unit_test(manifests_are_checked),
        cmocka_unit_test(the_largest_of_the_middle_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
