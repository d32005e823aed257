/* Files that were cut off are told from whole ones by their outermost structure. */
#include "harness.h"
#include "input/container.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void assert_check(const void *bytes, size_t n, const char *reason) {
    char path[64];
    struct failure failure = {0};
    snprintf(path, sizeof(path), "/tmp/test_container.%d", (int)getpid());
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
    assert_int_equal(container_check(path, &failure), reason ? -1 : 0);
    assert_string_equal(failure.reason, reason ? reason : "");
    unlink(path);
}

#define FTYP                                                                                       \
    "\0\0\0\x10"                                                                                   \
    "ftypisom\0\0\0\0"
#define MOOV                                                                                       \
    "\0\0\0\x0c"                                                                                   \
    "moov\0\0\0\0"
#define MDAT                                                                                       \
    "\0\0\0\x0c"                                                                                   \
    "mdat\0\0\0\0"
#define CHECK(text, reason) assert_check(text, sizeof(text) - 1, reason)

static void mp4_boxes(void **state) {
    (void)state;
    CHECK(FTYP MOOV MDAT, NULL);
    CHECK(FTYP MDAT MOOV, NULL);
    CHECK(FTYP MDAT, "cut_off");
    CHECK(FTYP, "cut_off");
    CHECK(FTYP MOOV "\0\0\x10\0mdat\0\0", "cut_off");
    CHECK(FTYP "\0\0\x10\0moov\0\0", "cut_off");
    CHECK(FTYP MOOV "\0\0\0\0mdat....", NULL);
    CHECK(FTYP "\0\0\0\1mdat\0\0\0\0\0\0\0\x14....", "cut_off");
    CHECK(FTYP "\0\0\0\1mdat\0\0\0\0\0\0\0\x14...." MOOV, NULL);
    CHECK(FTYP "\0\0\0\1mdat\xff\xff\xff\xff\xff\xff\xff\xff", "cut_off");
    CHECK(FTYP "\0\0\0\1mdat", "cut_off");
    CHECK(FTYP MOOV MDAT "\0\0", NULL);
}

static void matroska_segments(void **state) {
    (void)state;
    CHECK("\x1a\x45\xdf\xa3\x84....\x18\x53\x80\x67\x84....", NULL);
    CHECK("\x1a\x45\xdf\xa3\x84....\x18\x53\x80\x67\x85....", "cut_off");
    CHECK("\x1a\x45\xdf\xa3\x84....\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff.", NULL);
    CHECK("\x1a\x45\xdf\xa3\x84....", "cut_off");
    CHECK("\x1a\x45\xdf\xa3\xa0....", "cut_off");
}

static void other_files(void **state) {
    (void)state;
    struct failure failure = {0};
    assert_check("", 0, "empty");
    CHECK("a", NULL);
    CHECK("This is a letter, not a film.", NULL);
    assert_int_equal(container_check("/nowhere/film.mp4", &failure), -1);
    assert_string_equal(failure.reason, "no_file");
    memset(&failure, 0, sizeof(failure));
    assert_int_equal(container_check("/tmp", &failure), -1);
    assert_string_equal(failure.reason, "no_file");
}

/* Sizes as they stand in the headers; 30000 is 0x7530. */
static void pictures_that_promise_too_much(void **state) {
    (void)state;
    CHECK("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x75\x30\0\0\x75\x30", "too_big");
    CHECK("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0\0\0\x09\0", NULL);
    CHECK("\xff\xd8\xff\xe0\0\6JFIF\xff\xff\xff\xc2\0\x11\x08\x75\x30\x75\x30\3\1", "too_big");
    CHECK("\xff\xd8\xff\xe0\0\6JFIF\xff\xc4\0\4\xc0\0\xff\xc0\0\x11\x08\1\0\1\0\3\1", NULL);
    CHECK("\xff\xd8\xff\xe0\xff\xff....", NULL); /* its size lies behind the end */
    CHECK("\xff\xd8\xff\xe0\0\0\xff\xc0\0\x11\x08\x75\x30\x75\x30\3\1", NULL);
    CHECK("GIF89a\x30\x75\x30\x75", "too_big");
    CHECK("GIF87a\x40\1\xb4\0", NULL);
    CHECK("BM............\x28\0\0\0\x30\x75\0\0\xd0\x8a\xff\xff", "too_big");
    CHECK("RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x2f\x75\0\x2f\x75\0", "too_big");
    CHECK("RIFF....WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f\0\0\0\0\0", "too_big");
    CHECK("RIFF....WEBPVP8 \x0a\0\0\0\0\0\0\x9d\1\x2a\x40\1\xb4\0", NULL);
    CHECK("RIFF....AVI LIST....................", NULL);
    CHECK("YUV4MPEG2 W30000 H30000 F25:1\nFRAME\nhello", "too_big");
    CHECK("YUV4MPEG2 W99999999999999999999 H2 F25:1\n", "too_big");
    CHECK("YUV4MPEG2 W320 H180 F25:1\nFRAME\n W30000", NULL);
    CHECK("YUV4MPEG2 W320", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mp4_boxes),
        cmocka_unit_test(matroska_segments),
        cmocka_unit_test(other_files),
        cmocka_unit_test(pictures_that_promise_too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
