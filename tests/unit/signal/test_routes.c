/* Which address goes where, on a table of its own. */
#include "signal/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct route table[] = {
    {METHOD_GET, "/", NULL, 0, 0, NULL},
    {METHOD_POST, "/whep/w/{slug}", NULL, 0, 1, NULL},
    {METHOD_POST, "/whep/{visit}", NULL, 0, 2, NULL},
    {METHOD_DELETE, "/whep/{visit}/{session}", NULL, 0, 3, NULL},
    {METHOD_GET, "/w/{slug}/captions/{lang}.vtt", NULL, 0, 4, NULL},
    {METHOD_GET, "/assets/{*}", NULL, 0, 5, NULL},
    {METHOD_GET, "/things", NULL, 0, 6, NULL},
    {METHOD_POST, "/things", NULL, 0, 7, NULL},
    {0},
};

static char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX];
static unsigned known;

static int found(enum http_method method, const char *path) {
    const struct route *r = route_find(table, method, path, params, &known);

    return r != NULL ? r->permission : -1;
}

static void the_first_fitting_line_wins(void **state) {
    (void)state;
    assert_int_equal(found(METHOD_GET, "/"), 0);
    assert_int_equal(found(METHOD_POST, "/whep/w/film"), 1);
    assert_string_equal(params[0], "film");
    assert_int_equal(found(METHOD_POST, "/whep/abc"), 2);
    assert_int_equal(found(METHOD_DELETE, "/whep/abc/def"), 3);
    assert_string_equal(params[0], "abc");
    assert_string_equal(params[1], "def");
}

static void parameters_end_at_a_slash_or_where_the_pattern_has_a_dot(void **state) {
    (void)state;
    assert_int_equal(found(METHOD_GET, "/w/film/captions/sv.vtt"), 4);
    assert_string_equal(params[1], "sv");
    assert_int_equal(found(METHOD_GET, "/assets/a/b.js"), 5);
    assert_string_equal(params[0], "a/b.js");
    assert_int_equal(found(METHOD_POST, "/whep/a.b"), 2);
    assert_string_equal(params[0], "a.b");
}

static void tells_unknown_paths_from_unknown_methods(void **state) {
    (void)state;
    assert_int_equal(found(METHOD_PATCH, "/things"), -1);
    assert_int_equal(known, METHOD_GET | METHOD_HEAD | METHOD_POST);
    assert_int_equal(found(METHOD_HEAD, "/things"), 6);
    assert_int_equal(found(METHOD_GET, "/thing"), -1);
    assert_int_equal(known, 0);
    assert_int_equal(found(METHOD_GET, "/things/"), -1);
}

static void refuses_empty_and_oversized_parameters(void **state) {
    char path[400] = "/whep/";

    (void)state;
    assert_int_equal(found(METHOD_POST, "/whep/"), -1);
    memset(path + 6, 'a', 300);
    assert_int_equal(found(METHOD_POST, path), -1);
    path[6 + REQUEST_PARAM_MAX - 1] = '\0';
    assert_int_equal(found(METHOD_POST, path), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_fitting_line_wins),
        cmocka_unit_test(parameters_end_at_a_slash_or_where_the_pattern_has_a_dot),
        cmocka_unit_test(tells_unknown_paths_from_unknown_methods),
        cmocka_unit_test(refuses_empty_and_oversized_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
