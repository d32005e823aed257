#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire/json.h"

static struct json *parse(const char *text) {
    struct json *j = NULL;
    assert_int_equal(json_parse(bytes_of_text(text), 65536, &j), 0);
    return j;
}

static void refuse(const char *text) {
    struct json *j = NULL;
    assert_int_equal(json_parse(bytes_of_text(text), 65536, &j), -EINVAL);
    assert_null(j);
}

static void members_are_read_by_type(void **state) {
    (void)state;
    struct json *j = parse("{\"t\":\"é\",\"i\":-7,\"r\":1.5,\"b\":true,\"n\":null,\"l\":[1,2],"
                           "\"w\":4.0,\"big\":9007199254740993}");
    const char *text = NULL;
    int64_t i = 0;
    double r = 0;
    bool b = false;
    assert_int_equal(json_get_text(j, "t", &text), 0);
    assert_string_equal(text, "é");
    assert_int_equal(json_get_int(j, "i", &i), 0);
    assert_int_equal(i, -7);
    assert_int_equal(json_get_int(j, "w", &i), 0);
    assert_int_equal(i, 4);
    assert_int_equal(json_get_int(j, "r", &i), -EINVAL);
    assert_int_equal(json_get_int(j, "big", &i), -EINVAL);
    assert_int_equal(json_get_number(j, "r", &r), 0);
    assert_true(r == 1.5);
    assert_int_equal(json_get_number(j, "i", &r), 0);
    assert_int_equal(json_get_bool(j, "b", &b), 0);
    assert_true(b);
    assert_int_equal(json_get_text(j, "n", &text), -ENOENT);
    assert_int_equal(json_get_text(j, "none", &text), -ENOENT);
    assert_int_equal(json_get_text(j, "i", &text), -EINVAL);
    assert_int_equal(json_get_bool(j, "i", &b), -EINVAL);
    assert_true(json_has(j, "n"));
    assert_int_equal(json_count(json_get(j, "l")), 2);
    assert_int_equal(json_kind_of(json_at(json_get(j, "l"), 1)), JSON_KIND_NUMBER);
    assert_null(json_at(json_get(j, "l"), 2));
    json_free(j);
}

static void no_value_is_accepted_everywhere(void **state) {
    (void)state;
    const char *text;
    assert_null(json_get(NULL, "a"));
    assert_int_equal(json_get_text(NULL, "a", &text), -ENOENT);
    assert_int_equal(json_count(NULL), 0);
    assert_int_equal(json_kind_of(NULL), JSON_KIND_NONE);
    assert_null(json_write_text(NULL, false, NULL));
    assert_null(json_text(NULL));
    json_put_text(NULL, "a", "b");
    json_put(NULL, "a", json_new_object());
    json_add(NULL, json_new_object());
    json_free(NULL);
}

static void malformed_text_is_refused(void **state) {
    (void)state;
    refuse("");
    refuse("{");
    refuse("{\"a\":1}x");
    refuse("{\"a\":1,\"a\":2}");
    refuse("{\"a\":\"\\u0000\"}");
    refuse("\"\xff\"");
    refuse("1e999");
    refuse("99999999999999999999");
    refuse("nul");
}

static void depth_size_and_count_are_bounded(void **state) {
    (void)state;
    char deep[200];
    struct json *j = NULL;
    memset(deep, '[', 100);
    memset(deep + 100, ']', 100);
    assert_int_equal(json_parse(bytes_of(deep + 68, 64), 200, &j), 0); /* 32 levels */
    json_free(j);
    assert_int_equal(json_parse(bytes_of(deep + 67, 66), 200, &j), -EINVAL);
    assert_int_equal(json_parse(bytes_of_text("[1,2,3]"), 6, &j), -EMSGSIZE);
    size_t n = 2 * JSON_VALUES_MAX + 1;
    char *many = malloc(n);
    memset(many, '1', n);
    for (size_t i = 2; i < n; i += 2) {
        many[i] = ',';
    }
    many[0] = '[';
    many[n - 1] = ']';
    assert_int_equal(json_parse(bytes_of(many, n), n, &j), -EINVAL);
    free(many);
    j = parse("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"\""); /* brackets in a string are
                                                                            text */
    json_free(j);
}

static void unknown_members_are_named(void **state) {
    (void)state;
    const char *const known[] = {"title", "t", NULL};
    struct json *j = parse("{\"title\":1,\"titel\":2}");
    assert_string_equal(json_unknown_member(j, known), "titel");
    json_free(j);
    j = parse("{\"t\":1}");
    assert_null(json_unknown_member(j, known));
    json_free(j);
}

static void what_is_built_is_written_in_order(void **state) {
    (void)state;
    struct json *j = json_new_object(), *list = json_new_list();
    char b[256];
    json_put_text(j, "z", "line\n");
    json_put_int(j, "a", -1);
    json_put_number(j, "r", 0.1);
    json_put_number(j, "nan", NAN);
    json_put_bool(j, "b", false);
    json_put_null(j, "n");
    json_put_text(j, "no", NULL);
    json_add_text(list, "x");
    json_add_int(list, 2);
    json_add(list, NULL);
    json_put(j, "l", list);
    int n = json_write(j, (struct room){(uint8_t *)b, sizeof(b)});
    const char *expected =
        "{\"z\":\"line\\n\",\"a\":-1,\"r\":0.1,\"nan\":null,\"b\":false,\"n\":null,\"no\":null,"
        "\"l\":[\"x\",2,null]}";
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(b, expected, (size_t)n);
    assert_int_equal(json_write(j, (struct room){(uint8_t *)b, (size_t)n - 1}), -ENOSPC);
    json_free(j);
}

static void broken_text_is_repaired(void **state) {
    (void)state;
    struct json *j = json_new_text("a\xff\xc3z\xf0\x9f\x98\x80\xed\xa0\x80");
    assert_string_equal(
        json_text(j),
        "a\xef\xbf\xbd\xef\xbf\xbdz\xf0\x9f\x98\x80\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    json_free(j);
}

static void pages_get_no_markup(void **state) {
    (void)state;
    struct json *j = json_new_object();
    size_t n = 0;
    json_put_text(j, "t", "</script><!--&\xe2\x80\xa8\xe2\x80\xa9\xe2\x82\xac");
    char *text = json_write_text(j, true, &n);
    assert_string_equal(
        text, "{\"t\":\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\xe2\x82\xac\"}");
    assert_int_equal(n, strlen(text));
    struct json *back = parse(text);
    assert_string_equal(json_text(json_get(back, "t")), json_text(json_get(j, "t")));
    json_free(back);
    json_free(j);
    free(text);
}

static void copies_live_by_themselves(void **state) {
    (void)state;
    struct json *j = parse("{\"a\":{\"b\":[1]}}");
    struct json *copy = json_duplicate(json_get(j, "a"));
    json_free(j);
    assert_int_equal(json_count(json_get(copy, "b")), 1);
    json_free(copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(no_value_is_accepted_everywhere),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(depth_size_and_count_are_bounded),
        cmocka_unit_test(unknown_members_are_named),
        cmocka_unit_test(what_is_built_is_written_in_order),
        cmocka_unit_test(broken_text_is_repaired),
        cmocka_unit_test(pages_get_no_markup),
        cmocka_unit_test(copies_live_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
