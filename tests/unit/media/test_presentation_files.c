/* Directories made on the spot: whole, damaged, replaced. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "media/presentation_files.h"

#define MANIFEST                                                                                   \
    "{\"version\":1,\"title\":\"t\",\"duration\":0.02,\"rungs\":[{\"file\":\"audio-100.rung\","    \
    "\"kind\":\"audio\",\"codec\":\"opus\",\"speed\":100}]}"

static char directory[] = "/tmp/parlour-test-XXXXXX";

static void put_le(uint8_t *p, uint64_t v, size_t n) {
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

/* One Opus frame of 20 ms. */
static size_t make_rung(uint8_t file[static 128]) {
    memset(file, 0, 128);
    memcpy(file, "PRLRUNG1", 8);
    put_le(file + 8, CODEC_OPUS, 4);
    put_le(file + 12, 48000, 4);
    put_le(file + 16, 100, 4);
    put_le(file + 28, 1, 4);
    put_le(file + 32, 1, 4);
    put_le(file + 40, 960, 8);
    put_le(file + 48, 64, 8);
    put_le(file + 56, 88, 8);
    put_le(file + 64 + 12, 1, 2); /* one packet */
    put_le(file + 64 + 14, 1, 2); /* key */
    put_le(file + 64 + 16, 3, 4);
    put_le(file + 88, 104, 8);
    put_le(file + 96, 3, 4);
    memcpy(file + 104, "\xfc\xff\xfe", 3);
    return 107;
}

static void put_file(const char *name, const void *data, size_t n) {
    char path[256], part[272];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    snprintf(part, sizeof(part), "%s.part", path);
    FILE *f = fopen(part, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
    assert_int_equal(rename(part, path), 0);
}

static int make_directory(void **state) {
    (void)state;
    uint8_t rung[128];
    if (!mkdtemp(directory)) {
        return -1;
    }
    put_file("audio-100.rung", rung, make_rung(rung));
    put_file("manifest.json", MANIFEST, strlen(MANIFEST));
    return 0;
}

static int remove_directory(void **state) {
    (void)state;
    char path[256];
    snprintf(path, sizeof(path), "%s/audio-100.rung", directory);
    unlink(path);
    snprintf(path, sizeof(path), "%s/manifest.json", directory);
    unlink(path);
    return rmdir(directory);
}

static void viewers_share_one_mapping(void **state) {
    (void)state;
    struct presentation_files files = {0};
    const struct presentation *a, *b;
    assert_int_equal(presentation_files_open(&files, directory, &a), 0);
    assert_int_equal(presentation_files_open(&files, directory, &b), 0);
    assert_ptr_equal(a, b);
    assert_non_null(presentation_audio(a, 100));
    presentation_files_close(&files, a);
    assert_non_null(files.first);
    presentation_files_close(&files, b);
    assert_null(files.first);
    presentation_files_close(&files, NULL);
}

static void a_replaced_presentation_is_opened_anew(void **state) {
    (void)state;
    struct presentation_files files = {0};
    const struct presentation *before, *after;
    assert_int_equal(presentation_files_open(&files, directory, &before), 0);
    put_file("manifest.json", MANIFEST, strlen(MANIFEST));
    assert_int_equal(presentation_files_open(&files, directory, &after), 0);
    assert_ptr_not_equal(before, after);
    assert_int_equal(presentation_audio(before, 100)->rung.frame_count, 1); /* still mapped */
    presentation_files_clear(&files);
}

static void damage_is_told(void **state) {
    (void)state;
    struct presentation_files files = {0};
    const struct presentation *p = NULL;
    uint8_t rung[128];
    assert_int_equal(presentation_files_open(&files, "/nowhere", &p), -ENOENT);
    put_file("audio-100.rung", rung, make_rung(rung) - 2);
    assert_int_equal(presentation_files_open(&files, directory, &p), -EBADMSG);
    put_file("audio-100.rung", rung, make_rung(rung));
    put_file("manifest.json", "{", 1);
    assert_int_equal(presentation_files_open(&files, directory, &p), -EBADMSG);
    put_file("manifest.json", MANIFEST, strlen(MANIFEST));
    assert_null(p);
    assert_null(files.first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(viewers_share_one_mapping),
        cmocka_unit_test(a_replaced_presentation_is_opened_anew),
        cmocka_unit_test(damage_is_told),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
