/* tests/unit/wire/test_picture_size.c: key frames as x264, libvpx and libaom make them say how
 * large they are. */
#include <setjmp.h>
#include <stdarg.h>

#include "wire/picture_size.h"

#include <cmocka.h>

static struct bytes from_hex(const char *hex, uint8_t room[static 256]) {
    size_t n = 0;
    for (; hex[2 * n] != '\0' && n < 256; n++) {
        unsigned value = 0;
        for (int i = 0; i < 2; i++) {
            const char c = hex[2 * n + (size_t)i];
            value = value * 16 + (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        room[n] = (uint8_t)value;
    }
    return bytes_of(room, n);
}

static const struct {
    enum media_codec codec;
    uint16_t width, height;
    const char *payload;
} made[] = {
    /* descriptor with a 15-bit picture id, frame tag, start code, sizes */
    {CODEC_VP8, 640, 358, "9080c518b0a4009d012a800266010107088585"},
    /* scaled up by the player: those bits are no part of the size */
    {CODEC_VP8, 640, 358, "9080c518b0a4009d012a804266810107088585"},
    {CODEC_VP9, 854, 480, "0a18035601e0010401824983422035501df60638"},
    {CODEC_H264, 1280, 720, "6742c01fdc05005bb016a0202028000003000800000301e478c19c"},
    /* with SPS, PPS and an access unit delimiter in one packet */
    {CODEC_H264, 1920, 1080,
     "7800020910001c6742c028dc0780227e5c05a808080a000003000200000300791e3067000468ce3c80"},
    {CODEC_H264, 1366, 768, "67640020acd94056061e6f011000000300100000030320f1831960"},
    /* of two fields */
    {CODEC_H264, 1920, 1080, "67640028acd94078044fde0220000003002000000643e2c5b2c0"},
    {CODEC_AV1, 848, 478, "180800000024c69fdd36be4010"},
    {CODEC_AV1, 848, 478, "180a0b00000024c69fdd36be4010"},
};

static void key_frames_say_their_size(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t room[256];
        struct picture_size size = {0};
        assert_true(picture_size_read(made[i].codec, from_hex(made[i].payload, room), &size));
        assert_int_equal(size.width, made[i].width);
        assert_int_equal(size.height, made[i].height);
    }
}

static void what_is_cut_off_says_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        uint8_t room[256];
        const struct bytes whole = from_hex(made[i].payload, room);
        for (size_t n = 0; n < 9; n++) {
            struct picture_size size = {.width = 7};
            assert_false(picture_size_read(made[i].codec, bytes_of(whole.p, n), &size));
            assert_int_equal(size.width, 7);
        }
    }
}

static void other_packets_say_nothing(void **state) {
    (void)state;
    static const struct {
        enum media_codec codec;
        const char *payload;
    } others[] = {
        {CODEC_VP8, "9080c518b1a4009d012a800266010107"}, /* no key frame */
        {CODEC_VP8, "8080c518b0a4009d012a800266010107"}, /* not its first packet */
        {CODEC_VP8, "9080c518b0a4009d012a000066010107"}, /* no width */
        {CODEC_VP9, "4a18035601e0010401824983422035501d"},
        {CODEC_H264, "65888404bffef8"},
        {CODEC_H264, "68ce3c80"},
        {CODEC_H264, "78ffff6742c028"},
        {CODEC_AV1, "1030800000"},
        {CODEC_OPUS, "78010203"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        uint8_t room[256];
        struct picture_size size;
        assert_false(picture_size_read(others[i].codec, from_hex(others[i].payload, room), &size));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_frames_say_their_size),
        cmocka_unit_test(what_is_cut_off_says_nothing),
        cmocka_unit_test(other_packets_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
