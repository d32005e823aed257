/* Requests: queries, tokens, cookies, entity tags, origins and ranges. */
#include "signal/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static char *text(const char *s) {
    return (char *)(uintptr_t)s;
}

static void finds_query_arguments_by_their_whole_name(void **state) {
    struct request r = {.query_count = 3, .query = {text("tt=1"), text("t=12.5"), text("t=9")}};

    (void)state;
    assert_string_equal(request_query(&r, "t"), "12.5");
    assert_null(request_query(&r, "ttt"));
}

static void takes_bearer_tokens_of_any_case(void **state) {
    struct request r = {.headers[HEADER_AUTHORIZATION] = text("bearer  abc")};

    (void)state;
    assert_string_equal(request_bearer(&r), "abc");
    r.headers[HEADER_AUTHORIZATION] = text("Bearer ");
    assert_null(request_bearer(&r));
    r.headers[HEADER_AUTHORIZATION] = text("Basic abc");
    assert_null(request_bearer(&r));
    r.headers[HEADER_AUTHORIZATION] = NULL;
    assert_null(request_bearer(&r));
}

static void reads_one_cookie_among_others(void **state) {
    struct request r = {.headers[HEADER_COOKIE] = text("a=1; parlour_session=xyz ; b=2")};
    char value[8];

    (void)state;
    assert_true(request_cookie(&r, "parlour_session", value, sizeof value));
    assert_string_equal(value, "xyz");
    assert_false(request_cookie(&r, "session", value, sizeof value));
    assert_false(request_cookie(&r, "parlour_session", value, 3));
    r.headers[HEADER_COOKIE] = text(";;; =; parlour_session=");
    assert_false(request_cookie(&r, "parlour_session", value, sizeof value));
}

static void compares_media_types_without_parameters(void **state) {
    struct request r = {.headers[HEADER_CONTENT_TYPE] = text("Application/JSON; charset=utf-8")};

    (void)state;
    assert_true(request_content_is(&r, "application/json"));
    assert_false(request_content_is(&r, "application/js"));
    r.headers[HEADER_CONTENT_TYPE] = NULL;
    assert_false(request_content_is(&r, "application/json"));
}

static void finds_entity_tags_in_lists(void **state) {
    (void)state;
    assert_true(request_etag_listed("\"a\", W/\"b\"", "\"b\""));
    assert_true(request_etag_listed("*", "\"b\""));
    assert_false(request_etag_listed("\"ab\"", "\"b\""));
    assert_false(request_etag_listed("", "\"b\""));
}

static void knows_its_own_origin(void **state) {
    struct request r = {.headers[HEADER_HOST] = text("meet.example:8080"),
                        .headers[HEADER_ORIGIN] = text("http://meet.example:8080")};

    (void)state;
    assert_true(request_same_origin(&r, ""));
    r.headers[HEADER_ORIGIN] = text("http://meet.example");
    assert_false(request_same_origin(&r, ""));
    assert_true(request_same_origin(&r, "http://meet.example/"));
    r.headers[HEADER_ORIGIN] = text("null");
    assert_false(request_same_origin(&r, ""));
    r.headers[HEADER_ORIGIN] = NULL;
    assert_true(request_same_origin(&r, ""));
}

static void reads_single_byte_ranges(void **state) {
    uint64_t from = 0, n = 0;

    (void)state;
    assert_int_equal(range_parse("bytes=2-4", 10, &from, &n), RANGE_PART);
    assert_int_equal(from, 2);
    assert_int_equal(n, 3);
    assert_int_equal(range_parse("bytes=8-", 10, &from, &n), RANGE_PART);
    assert_int_equal(n, 2);
    assert_int_equal(range_parse("bytes=-30", 10, &from, &n), RANGE_PART);
    assert_int_equal(from, 0);
    assert_int_equal(n, 10);
    assert_int_equal(range_parse("bytes=9-99", 10, &from, &n), RANGE_PART);
    assert_int_equal(n, 1);
    assert_int_equal(range_parse("bytes=10-", 10, &from, &n), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=-0", 10, &from, &n), RANGE_UNSATISFIABLE);
    assert_int_equal(range_parse("bytes=0-", 0, &from, &n), RANGE_UNSATISFIABLE);
}

static void ignores_odd_ranges(void **state) {
    static const char *const odd[] = {"",
                                      "bytes",
                                      "bytes=",
                                      "bytes=a-b",
                                      "bytes=-",
                                      "bytes=4-2",
                                      "bytes=0-1,3-4",
                                      "items=0-1",
                                      "bytes=1",
                                      "bytes=1-2 x",
                                      "bytes=99999999999999999999-"};
    uint64_t from = 7, n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_int_equal(range_parse(odd[i], 10, &from, &n), RANGE_NONE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_query_arguments_by_their_whole_name),
        cmocka_unit_test(takes_bearer_tokens_of_any_case),
        cmocka_unit_test(reads_one_cookie_among_others),
        cmocka_unit_test(compares_media_types_without_parameters),
        cmocka_unit_test(finds_entity_tags_in_lists),
        cmocka_unit_test(knows_its_own_origin),
        cmocka_unit_test(reads_single_byte_ranges),
        cmocka_unit_test(ignores_odd_ranges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
