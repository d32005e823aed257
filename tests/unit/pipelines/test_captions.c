/* Captions of any common make become WebVTT in time. */
#include "harness.h"
#include "input/captions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What `file` of `n` bytes becomes; NULL for `wanted` when it is refused. */
static void assert_becomes_n(const void *file, size_t n, const char *lang, const char *wanted) {
    struct captions c = {0};
    int r = captions_parse(&c, bytes_of(file, n), lang);
    if (!wanted) {
        assert_int_equal(r, -EBADMSG);
    } else {
        size_t size = 0;
        assert_int_equal(r, 0);
        char *text = captions_format(&c, &size);
        assert_non_null(text);
        assert_string_equal(text, wanted);
        assert_int_equal(size, strlen(wanted));
        free(text);
    }
    captions_clear(&c);
}

static void assert_becomes(const char *file, const char *wanted) {
    assert_becomes_n(file, strlen(file), "en", wanted);
}

static void webvtt_keeps_words_times_and_places(void **state) {
    (void)state;
    assert_becomes(
        "WEBVTT - a title\nKind: captions\n\nSTYLE\n::cue { color: red }\n\nNOTE not said\n\n"
        "first\n00:01.000 --> 00:02.500 align:start position:10% rubbish\nHello <b>you</b>\n"
        "<v Ada>and you\n\n\n01:00:00.000 --> 01:00:01.000\nLate &amp; last\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.500 align:start position:10%\n"
        "Hello <b>you</b>\n<v Ada>and you\n\n"
        "01:00:00.000 --> 01:00:01.000\nLate &amp; last\n");
    assert_becomes("WEBVTT\n", "WEBVTT\n");
    assert_becomes("\xef\xbb\xbfWEBVTT\r\n\r\n00:00.000 --> 00:01.000\r\nCRLF\r\nlines\r\n",
                   "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nCRLF\nlines\n");
}

static void subrip_of_every_make(void **state) {
    (void)state;
    assert_becomes(
        "1\r\n00:00:01,000 --> 00:00:02,000\r\nOne\r\n\r\n2\r\n00:00:03,000 --> "
        "00:00:04,500\r\nTwo\r\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n\n00:00:03.000 --> 00:00:04.500\nTwo\n");
    /* numbers missing, repeated, and no blank line between the cues */
    assert_becomes("7\n00:00:01,000-->00:00:02,000\nOne\n7\n00:00:03,000 --> 00:00:04,000\nTwo\n\n"
                   "00:00:05.0 -> 00:00:06\nThree\n",
                   "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nOne\n\n"
                   "00:00:03.000 --> 00:00:04.000\nTwo\n\n00:00:05.000 --> 00:00:06.000\nThree\n");
    /* a blank line within the words; a number that is a word */
    assert_becomes("1\n00:00:01,000 --> 00:00:02,000\nabove\n\nbelow\n\n2\n00:00:03,000 --> "
                   "00:00:04,000\n42\n",
                   "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nabove\nbelow\n\n"
                   "00:00:03.000 --> 00:00:04.000\n42\n");
    /* old Mac line ends, X and Y of some tools */
    assert_becomes("1\r00:00:01,000 --> 00:00:02,000 X1:40 Y1:1\rMac\r",
                   "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nMac\n");
}

static void times_are_put_right(void **state) {
    (void)state;
    /* out of order and overlapping: in order, each with its own times */
    assert_becomes(
        "1\n00:00:05,000 --> 00:00:09,000\nB\n\n2\n00:00:01,000 --> 00:00:06,000\nA\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:06.000\nA\n\n00:00:05.000 --> 00:00:09.000\nB\n");
    /* an end before its start */
    assert_becomes("1\n00:00:05,000 --> 00:00:04,000\nBack\n",
                   "WEBVTT\n\n00:00:05.000 --> 00:00:07.000\nBack\n");
    /* more than a hundred hours is no time */
    assert_becomes("1\n999:00:05,000 --> 999:00:06,000\nNever\n", NULL);
}

static void tags_of_other_worlds_go(void **state) {
    (void)state;
    assert_becomes(
        "1\n00:00:01,000 --> 00:00:02,000\n{\\an8}<font color=\"#fff\">Red</font> & <I>blue</I> 1 "
        "< 2 -->\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nRed &amp; <i>blue</i> 1 &lt; 2 --&gt;\n");
    assert_becomes(
        "1\n00:00:01,000 --> 00:00:02,000\n<b>open <script>alert(1)</script>\\Nnext</i>\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b>open alert(1)\nnext</b>\n");
    assert_becomes(
        "1\n00:00:01,000 --> 00:00:02,000\n&lt;font color=\"#ff0000\"&gt;x&lt;/font&gt; it&#39;s\n",
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nx it's\n");
    /* only tags: no cue */
    assert_becomes(
        "1\n00:00:01,000 --> 00:00:02,000\n<i> </i>\n\n2\n00:00:03,000 --> 00:00:04,000\nx\n",
        "WEBVTT\n\n00:00:03.000 --> 00:00:04.000\nx\n");
}

static void old_encodings(void **state) {
    (void)state;
    const char *wanted = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nFür “Anna” …\n";
    assert_becomes("1\n00:00:01,000 --> 00:00:02,000\nF\xfcr \x93"
                   "Anna\x94 \x85\n",
                   wanted);
    assert_becomes_n("1\n00:00:01,000 --> 00:00:02,000\n\xcf\xf0\xe8\xe2\xe5\xf2\n", 39, "ru",
                     "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nПривет\n");
    static const char little[] = "\xff\xfe"
                                 "1\0\n\0"
                                 "0\0:\0"
                                 "1\0-\0>\0"
                                 "0\0:\0"
                                 "2\0\n\0\xfc\0\n\0";
    assert_becomes_n(little, sizeof(little) - 1, "de",
                     "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nü\n");
    static const char big[] = "\xfe\xff\0001\0\n\0"
                              "0\0:\0"
                              "1\0-\0>\0"
                              "0\0:\0"
                              "2\0\n\xd8\x3d\xde\x00\0\n";
    assert_becomes_n(big, sizeof(big) - 1, "de", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n😀\n");
}

static void what_is_no_captions_is_refused(void **state) {
    (void)state;
    assert_becomes("", NULL);
    assert_becomes("Dear customer,\nthis is a letter --> not captions.\n", NULL);
    assert_becomes_n("\0\0\1\2\xff\xfe", 6, "en", NULL);
    struct captions c = {0};
    char *large = calloc(1, CAPTIONS_FILE_MAX + 1);
    assert_int_equal(captions_parse(&c, bytes_of(large, CAPTIONS_FILE_MAX + 1), "en"), -E2BIG);
    free(large);
}

static void a_long_cue_is_cut_and_its_tags_closed(void **state) {
    (void)state;
    struct captions c = {0};
    char text[4000];
    memset(text, 'x', sizeof(text));
    memcpy(text, "<i><b>", 6);
    assert_int_equal(captions_add(&c, 0, 1000, bytes_of(text, sizeof(text))), 0);
    assert_int_equal(c.count, 1);
    size_t n = strlen(c.cues[0].text);
    assert_true(n < CAPTIONS_TEXT_MAX && n > CAPTIONS_TEXT_MAX - 40);
    assert_string_equal(c.cues[0].text + n - 8, "</b></i>");
    captions_clear(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(webvtt_keeps_words_times_and_places),
        cmocka_unit_test(subrip_of_every_make),
        cmocka_unit_test(times_are_put_right),
        cmocka_unit_test(tags_of_other_worlds_go),
        cmocka_unit_test(old_encodings),
        cmocka_unit_test(what_is_no_captions_is_refused),
        cmocka_unit_test(a_long_cue_is_cut_and_its_tags_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
