/* The layout of a virtual person's picture: what is told is read back; what cannot be is refused by
 * name. */
#include "wire/json.h"
#include "wire/matte_json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct matte told = {
    .laid_out = true,
    .measured = true,
    .layout = {.width = 480,
               .height = 1312,
               .colour = {0, 0, 1, 640.0 / 1312},
               .matte = {0, 672.0 / 1312, 1, 640.0 / 1312},
               .guard = {0, 640.0 / 1312, 1, 32.0 / 1312},
               .black = {0.125, 648.0 / 1312, 0.25, 16.0 / 1312},
               .white = {0.625, 648.0 / 1312, 0.25, 16.0 / 1312}},
    .person = {.height_mm = 1780, .head = 0.06, .feet = 0.97, .full = true}};

static void what_is_told_is_read_back(void **state) {
    struct json *o = json_new_object();
    struct matte back = {.laid_out = true, .measured = true};
    char wrong[MATTE_WRONG_MAX];

    (void)state;
    matte_put(o, &told);
    assert_int_equal(matte_layout_read(json_get(o, "matte_layout"), &back.layout, wrong), 0);
    assert_int_equal(matte_person_read(json_get(o, "person"), &back.person, wrong), 0);
    assert_true(matte_equal(&told, &back));
    back.person.feet += 0.01;
    assert_false(matte_equal(&told, &back));
    json_free(o);
}

static void what_is_not_told_is_null(void **state) {
    struct json *o = json_new_object();
    const struct matte none = {0};

    (void)state;
    matte_put(o, &none);
    char *text = json_write_text(o, false, NULL);
    assert_string_equal(text, "{\"matte_layout\":null,\"person\":null}");
    free(text);
    json_free(o);
}

/* The layout with `old` of its text exchanged for `new`. */
static void refused_layout(const char *old, const char *new, const char *field) {
    struct json *o = matte_layout_json(&told.layout), *changed = NULL;
    char *text = json_write_text(o, false, NULL), other[2048], wrong[MATTE_WRONG_MAX] = "";
    struct matte_layout untouched = {.width = 77};
    char *at = strstr(text, old);

    assert_non_null(at);
    snprintf(other, sizeof other, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    assert_int_equal(json_parse(bytes_of_text(other), sizeof other, &changed), 0);
    assert_int_equal(matte_layout_read(changed, &untouched, wrong), -EINVAL);
    assert_string_equal(wrong, field);
    assert_int_equal(untouched.width, 77);
    json_free(changed);
    json_free(o);
    free(text);
}

static void a_layout_that_cannot_be_is_refused_by_name(void **state) {
    (void)state;
    refused_layout("\"width\":480", "\"width\":0", "width");
    refused_layout("\"width\":480", "\"width\":480.5", "width");
    refused_layout("\"height\":1312", "\"height\":32769", "height");
    refused_layout("\"width\":480,", "", "width");
    refused_layout("\"width\":480", "\"width\":480,\"depth\":1", "depth");
    refused_layout("\"w\":1.0", "\"w\":1.1", "colour");
    refused_layout("\"w\":1.0", "\"w\":0", "colour");
    refused_layout("\"w\":1.0", "\"w\":\"1\"", "colour.w");
    refused_layout("\"x\":0.125", "\"x\":-0.125", "patches.black");
    refused_layout("\"x\":0.625", "\"x\":0.8", "patches.white");
    refused_layout("\"x\":0.625", "\"x\":0.3", "patches.white"); /* on the other one */
    refused_layout("\"y\":0.5121", "\"y\":0.4", "guard");        /* on the matte */
    refused_layout("\"y\":0.5121", "\"y\":0.3", "matte");        /* on the colour */
    refused_layout("\"patches\":{", "\"patches\":{\"grey\":1,", "grey");
}

static void refused_person(const char *text, const char *field) {
    struct json *o = NULL;
    struct matte_person p;
    char wrong[MATTE_WRONG_MAX] = "-";

    assert_int_equal(json_parse(bytes_of_text(text), 4096, &o), 0);
    assert_int_equal(matte_person_read(o, &p, wrong), -EINVAL);
    assert_string_equal(wrong, field);
    json_free(o);
}

static void a_person_that_cannot_be_is_refused_by_name(void **state) {
    (void)state;
    refused_person("7", "");
    refused_person("{\"height_mm\":299,\"head\":0,\"feet\":1,\"full\":true}", "height_mm");
    refused_person("{\"height_mm\":3001,\"head\":0,\"feet\":1,\"full\":true}", "height_mm");
    refused_person("{\"height_mm\":1800,\"head\":-0.1,\"feet\":1,\"full\":true}", "head");
    refused_person("{\"height_mm\":1800,\"head\":0.9,\"feet\":0.92,\"full\":true}", "feet");
    refused_person("{\"height_mm\":1800,\"head\":0,\"feet\":17,\"full\":false}", "feet");
    refused_person("{\"height_mm\":1800,\"head\":0,\"feet\":1.4,\"full\":true}", "full");
    refused_person("{\"height_mm\":1800,\"head\":0,\"feet\":1}", "full");
    refused_person("{\"height_mm\":1800,\"head\":0,\"feet\":1,\"full\":true,\"age\":3}", "age");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_read_back),
        cmocka_unit_test(what_is_not_told_is_null),
        cmocka_unit_test(a_layout_that_cannot_be_is_refused_by_name),
        cmocka_unit_test(a_person_that_cannot_be_is_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
