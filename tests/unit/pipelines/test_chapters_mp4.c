/* Nero's chapters of an mp4 file are read; damage ends the list. */
#include "harness.h"
#include "input/chapters_mp4.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHPL                                                                                       \
    "\1\0\0\0\0\0\0\0\2"                                                                           \
    "\0\0\0\0\0\0\0\0\5Intro"                                                                      \
    "\0\0\0\0\1\x31\x2d\0\6R\xc3\xa4st\n"
#define TEXT(s) bytes_of(s, sizeof(s) - 1)

static void assert_two(const struct manifest *m) {
    assert_int_equal(m->chapter_count, 2);
    assert_string_equal(m->chapters[0].title, "Intro");
    assert_string_equal(m->chapters[1].title, "Räst ");
    assert_true(m->chapters[0].t == 0 && m->chapters[1].t == 2.0);
}

static void a_list_is_read(void **state) {
    (void)state;
    static struct manifest m;
    m.chapter_count = 0;
    assert_true(chapters_mp4_parse(TEXT(CHPL), &m));
    assert_two(&m);
}

static void damage_ends_it(void **state) {
    (void)state;
    static struct manifest m;
    for (size_t n = 0; n < sizeof(CHPL) - 1; n++) {
        m.chapter_count = 0;
        assert_false(chapters_mp4_parse(bytes_of(CHPL, n), &m));
        assert_int_equal(m.chapter_count, n < 23 ? 0 : 1);
    }
    m.chapter_count = 0;
    assert_false(chapters_mp4_parse(TEXT("\0\0\0\0\1\xff\xff\xff\xff\xff\xff\xff\xff\1x"), &m));
}

static void the_box_is_found_in_a_file(void **state) {
    (void)state;
    char path[64];
    static struct manifest m;
    snprintf(path, sizeof(path), "/tmp/test_chapters.%d", (int)getpid());
    FILE *f = fopen(path, "wb");
    size_t n = sizeof(CHPL) - 1;
    const unsigned char heads[] = {0,   0,   0,   8,
                                   'f', 't', 'y', 'p',
                                   0,   0,   0,   (unsigned char)(n + 32),
                                   'm', 'o', 'o', 'v',
                                   0,   0,   0,   8,
                                   'm', 'v', 'h', 'd',
                                   0,   0,   0,   (unsigned char)(n + 16),
                                   'u', 'd', 't', 'a',
                                   0,   0,   0,   (unsigned char)(n + 8),
                                   'c', 'h', 'p', 'l'};
    fwrite(heads, 1, sizeof(heads), f);
    fwrite(CHPL, 1, n, f);
    fclose(f);
    m.chapter_count = 0;
    chapters_from_mp4(path, &m);
    assert_two(&m);
    unlink(path);
    m.chapter_count = 0;
    chapters_from_mp4(path, &m);
    assert_int_equal(m.chapter_count, 0);
}

static void titles_are_made_fit(void **state) {
    (void)state;
    static struct manifest m;
    char longer[600];
    memset(longer, 'x', sizeof(longer));
    memcpy(longer + sizeof(longer) - 4, "ä\0", 3);
    m.chapter_count = 0;
    assert_true(manifest_add_chapter(&m, 1, longer));
    assert_int_equal(strlen(m.chapters[0].title), MANIFEST_TITLE_MAX - 1);
    assert_true(manifest_add_chapter(&m, 0, "a\xff\xc3"));
    assert_string_equal(m.chapters[1].title, "a\?\?");
    assert_false(manifest_add_chapter(&m, -1, "x"));
    manifest_settle_chapters(&m, 1);
    assert_int_equal(m.chapter_count, 1);
    assert_true(m.chapters[0].t == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_read),
        cmocka_unit_test(damage_ends_it),
        cmocka_unit_test(the_box_is_found_in_a_file),
        cmocka_unit_test(titles_are_made_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
