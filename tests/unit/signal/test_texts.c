/* What is written for others: calendar files, QR codes, times, problems, escaped texts. */
#include "signal/calendar.h"
#include "signal/problem.h"
#include "signal/qrcode.h"
#include "signal/rfc3339.h"
#include "signal/text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct calendar_event event = {
    .uid = "v1.i1@parlour",
    .title = "Tea; cake, and \\ more",
    .url = "https://meet.example/v/abcdefghijklmnopqrstuvwxyz0123456789",
    .host = "Åsa Öberg",
    .company = "Örtagård",
    .starts_at = 1930208400, /* 2031-03-02T09:00:00Z */
    .duration = 1800,
    .created_at = 1930000000,
};

static void a_calendar_file_keeps_to_rfc_5545(void **state) {
    struct text t = {0};

    (void)state;
    calendar_write(&t, &event);
    assert_false(t.failed);
    assert_int_equal(strncmp(t.p, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", 30), 0);
    assert_non_null(strstr(t.p, "\r\nUID:v1.i1@parlour\r\n"));
    assert_non_null(strstr(t.p, "\r\nDTSTART:20310302T090000Z\r\nDTEND:20310302T093000Z\r\n"));
    assert_non_null(strstr(t.p, "\r\nSUMMARY:Tea\\; cake\\, and \\\\ more\r\n"));
    assert_non_null(strstr(t.p, "\r\nSTATUS:CONFIRMED\r\n"));
    for (const char *line = t.p; *line != '\0';) { /* every line ends in CRLF, none is too long */
        const char *end = strstr(line, "\r\n");
        assert_non_null(end);
        assert_true(end - line <= 75);
        assert_null(memchr(line, '\n', (size_t)(end - line)));
        assert_true(((unsigned char)*line & 0xc0) != 0x80); /* not cut inside of a character */
        line = end + 2;
    }
    text_clear(&t);
}

static void folding_keeps_every_character(void **state) {
    struct calendar_event e = event;
    struct text t = {0}, unfolded = {0};
    char title[400] = "";

    (void)state;
    for (int i = 0; i < 90; i++) {
        strcat(title, "日");
    }
    e.title = title;
    calendar_write(&t, &e);
    for (const char *at = t.p; *at != '\0';) {
        if (strncmp(at, "\r\n ", 3) == 0) {
            at += 3;
        } else {
            text_add_bytes(&unfolded, at++, 1);
        }
    }
    assert_non_null(strstr(unfolded.p, title));
    text_clear(&t);
    text_clear(&unfolded);
}

static void nothing_can_add_a_line_to_a_calendar_file(void **state) {
    struct calendar_event e = event;
    struct text t = {0};

    (void)state;
    e.title = "x\r\nATTENDEE:mailto:evil@example.com";
    calendar_write(&t, &e);
    assert_null(strstr(t.p, "\nATTENDEE"));
    text_clear(&t);
}

static void a_qr_code_is_a_square_with_a_quiet_zone(void **state) {
    struct text t = {0};
    char long_text[2000];

    (void)state;
    assert_int_equal(qrcode_svg(&t, "https://meet.example/v/abc"), 0);
    assert_int_equal(strncmp(t.p, "<svg xmlns=", 11), 0);
    assert_non_null(strstr(t.p, "viewBox=\"0 0 33 33\""));
    assert_null(strstr(t.p, "M0 "));
    text_clear(&t);
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_int_equal(qrcode_svg(&t, long_text), -EMSGSIZE);
    text_clear(&t);
}

static void times_are_read_with_any_offset(void **state) {
    int64_t t = 0;
    char text[RFC3339_MAX];

    (void)state;
    assert_int_equal(rfc3339_parse("2031-03-02T10:00:00+01:00", &t), 0);
    assert_int_equal(t, 1930208400);
    rfc3339_text(t, text);
    assert_string_equal(text, "2031-03-02T09:00:00Z");
    assert_int_equal(rfc3339_parse("2031-03-02t09:00:00.123456z", &t), 0);
    assert_int_equal(t, 1930208400);
    assert_int_equal(rfc3339_parse("2024-02-29T00:00:00-00:30", &t), 0);
}

static void times_that_are_none_are_refused(void **state) {
    static const char *const bad[] = {"",
                                      "tomorrow",
                                      "2031-03-02",
                                      "2031-03-02T09:00:00",
                                      "2031-02-30T09:00:00Z",
                                      "2031-13-02T09:00:00Z",
                                      "2031-03-02T24:00:00Z",
                                      "2031-03-02T09:00:00.Z",
                                      "2031-03-02T09:00:00+1:00",
                                      "2031-03-02T09:00:00Zx",
                                      "1969-03-02T09:00:00Z",
                                      "-031-03-02T09:00:00Z"};
    int64_t t = 5;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(rfc3339_parse(bad[i], &t), -EINVAL);
    }
    assert_int_equal(t, 5);
}

static void a_problem_names_its_kind_and_field(void **state) {
    char *text = problem_text(400, "bad-field", "“title” is missing.", "title");

    (void)state;
    assert_string_equal(text,
                        "{\"type\":\"urn:parlour:problem:bad-field\",\"title\":\"Bad Request\","
                        "\"status\":400,\"detail\":\"“title” is missing.\",\"field\":\"title\"}");
    free(text);
}

static void texts_are_escaped_for_html_and_urls(void **state) {
    struct text t = {0};

    (void)state;
    text_add_html(&t, "<a href=\"x\">'&</a>");
    assert_string_equal(t.p, "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&lt;/a&gt;");
    text_clear(&t);
    text_add_url(&t, "a b/ö~");
    assert_string_equal(t.p, "a%20b%2F%C3%B6~");
    text_drop(&t, 3);
    assert_string_equal(t.p, "0b%2F%C3%B6~");
    text_clear(&t);
}

static void a_text_that_grows_too_large_says_so(void **state) {
    struct text t = {0};
    char *block = calloc(1, TEXT_SIZE_MAX);

    (void)state;
    text_add_bytes(&t, block, TEXT_SIZE_MAX);
    assert_false(t.failed);
    text_add(&t, "x");
    assert_true(t.failed);
    assert_int_equal(t.n, TEXT_SIZE_MAX);
    text_clear(&t);
    free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calendar_file_keeps_to_rfc_5545),
        cmocka_unit_test(folding_keeps_every_character),
        cmocka_unit_test(nothing_can_add_a_line_to_a_calendar_file),
        cmocka_unit_test(a_qr_code_is_a_square_with_a_quiet_zone),
        cmocka_unit_test(times_are_read_with_any_offset),
        cmocka_unit_test(times_that_are_none_are_refused),
        cmocka_unit_test(a_problem_names_its_kind_and_field),
        cmocka_unit_test(texts_are_escaped_for_html_and_urls),
        cmocka_unit_test(a_text_that_grows_too_large_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
