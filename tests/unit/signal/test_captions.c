/* Captions that staff send: WebVTT in UTF-8, and names of languages that are names of files. */
#include "signal/captions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void only_webvtt_is_taken(void **state) {
    (void)state;
    static const char *const good[] = {"WEBVTT", "WEBVTT\n", "WEBVTT - Title\r\n\r\n",
                                       "\xef\xbb\xbfWEBVTT\n\n00:00.000 --> 00:01.000\nÅ 你 🎬"};
    static const char *const bad[] = {"",
                                      "WEB",
                                      "WEBVTTX",
                                      "1\n00:00:00,000 --> 00:00:01,000\nx",
                                      "WEBVTT\n\xff",
                                      "WEBVTT\n\xc0\x80",
                                      "WEBVTT\n\xed\xa0\x80",
                                      "WEBVTT\n\xf4\x90\x80\x80",
                                      "WEBVTT\n\xe4\xbd"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(captions_are_vtt(good[i], strlen(good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(captions_are_vtt(bad[i], strlen(bad[i])));
    }
    assert_false(captions_are_vtt("WEBVTT\n\0", 8));
}

static void a_language_is_a_safe_name_of_a_file(void **state) {
    (void)state;
    static const char *const good[] = {"en", "de-AT", "zh-Hant-TW", "x-klingon"};
    static const char *const bad[] = {
        "", "e", "-en", "..", "e/n", "en.vtt", "en_US", "abcdefghijklmnopqrstuvwxyz-abcdefghij"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(captions_lang_is_fine(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(captions_lang_is_fine(bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_webvtt_is_taken),
        cmocka_unit_test(a_language_is_a_safe_name_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
