/* A title becomes the readable part of a URL. */
#include "store/slug.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void titles_become_slugs(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"Our Lamp", "our-lamp"},
        {"  Küche & Bad, 2. Teil!  ", "kueche-bad-2-teil"},
        {"ÜBERGRÖSSE Straße", "uebergroesse-strasse"},
        {"Café Noël", "cafe-noel"},
        {"日本語", "walkthrough"},
        {"日本 2", "2"},
        {"", "walkthrough"},
        {"---", "walkthrough"},
        {"../../etc/passwd", "etc-passwd"},
        {"a\xc3", "a"},
        {"\xff\xfe x", "x"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        char slug[61];
        slug_of_title(pairs[i][0], slug, sizeof(slug));
        assert_string_equal(slug, pairs[i][1]);
    }
}

static void a_long_title_is_cut(void **state) {
    (void)state;
    char title[300], slug[20];
    memset(title, 'a', sizeof(title));
    title[18] = ' ';
    title[sizeof(title) - 1] = '\0';
    slug_of_title(title, slug, sizeof(slug));
    assert_string_equal(slug, "aaaaaaaaaaaaaaaaaa");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(titles_become_slugs),
        cmocka_unit_test(a_long_title_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
