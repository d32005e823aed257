/* Pictures are known by their first bytes. */
#include "model/picture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13,
                              'I',  'H', 'D', 'R', 0,    0,    1,    0,    0, 0, 0, 200};
static const uint8_t jpeg[] = {0xff, 0xd8, 0xff, 0xe0, 0,   4, 0,   0, 0xff, 0xff, 0xc2,
                               0,    11,   8,    0,    100, 0, 150, 1, 0,    0,    0};
static const uint8_t webp_lossy[30] =
    "RIFF\x20\0\0\0WEBPVP8 \x10\0\0\0\0\0\0\x9d\x01\x2a\x40\x01\xb4\0";
static const uint8_t webp_extended[30] =
    "RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0";

static void sizes_and_kinds_are_read(void **state) {
    static const struct {
        struct bytes file;
        struct picture wanted;
    } rows[] = {
        {{png, sizeof png}, {PICTURE_PNG, 256, 200}},
        {{jpeg, sizeof jpeg}, {PICTURE_JPEG, 150, 100}},
        {{webp_lossy, sizeof webp_lossy}, {PICTURE_WEBP, 320, 180}},
        {{webp_extended, sizeof webp_extended}, {PICTURE_WEBP, 640, 480}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct picture p = {0};
        assert_int_equal(picture_look(rows[i].file, &p), 0);
        assert_memory_equal(&p, &rows[i].wanted, sizeof p);
        for (size_t n = 0; n < 16; n++) { /* cut off: no, and nothing read behind the end */
            uint8_t part[16];
            memcpy(part, rows[i].file.p, n);
            assert_int_equal(picture_look(bytes_of(part, n), &p), -EBADMSG);
        }
    }
}

static void others_and_giants_are_refused(void **state) {
    struct picture p;
    uint8_t giant[sizeof png];
    (void)state;
    memcpy(giant, png, sizeof png);
    giant[17] = 1;
    assert_int_equal(picture_look(bytes_of(giant, sizeof giant), &p), -EFBIG);
    giant[17] = giant[18] = 0;
    assert_int_equal(picture_look(bytes_of(giant, sizeof giant), &p), -EBADMSG);
    assert_int_equal(
        picture_look(bytes_of_text("<svg onload=\"alert(1)\"><!-- long enough -->"), &p), -EBADMSG);
    assert_int_equal(picture_look(bytes_of_text("GIF89a, animated and long enough to be one"), &p),
                     -EBADMSG);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_and_kinds_are_read),
        cmocka_unit_test(others_and_giants_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
