/* What a pipeline process says, line by line; also when it says nonsense. */
#include "app/pipeline_line.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, struct job_event *ret) {
    return pipeline_line_parse(bytes_of_text(text), ret);
}

static void progress_is_read(void **state) {
    (void)state;
    struct job_event e = {.job = 7, .fd = -1};
    assert_int_equal(parse("{\"event\":\"progress\",\"fraction\":0.25,\"stage\":\"video\","
                           "\"seconds_left\":12}",
                           &e),
                     0);
    assert_int_equal(e.type, JOB_EVENT_PROGRESS);
    assert_true(e.fraction == 0.25 && e.seconds_left == 12);
    assert_string_equal(e.stage, "video");
    assert_int_equal(e.job, 7);
    assert_int_equal(parse("{\"event\":\"progress\",\"fraction\":7}", &e), 0);
    assert_true(e.fraction == 1 && e.seconds_left == -1);
    assert_int_equal(parse("{\"event\":\"progress\",\"fraction\":-7}", &e), 0);
    assert_true(e.fraction == 0);
}

static void a_failure_brings_its_sentence(void **state) {
    (void)state;
    struct job_event e;
    assert_int_equal(
        parse("{\"event\":\"failed\",\"reason\":\"no_video\",\"message\":\"No.\"}", &e), 0);
    assert_int_equal(e.type, JOB_EVENT_FAILED);
    assert_string_equal(e.reason, "no_video");
    assert_string_equal(e.message, "No.");
    assert_int_equal(parse("{\"event\":\"failed\",\"message\":5}", &e), 0);
    assert_string_equal(e.message, "");
}

static void the_door_counts(void **state) {
    (void)state;
    struct job_event e = {.fd = -1};
    assert_int_equal(parse("{\"event\":\"gate\",\"accepted\":9,\"turned_away\":1,"
                           "\"published\":-4,\"refused\":1e300,\"broken\":2}",
                           &e),
                     0);
    assert_int_equal(e.type, JOB_EVENT_GATE);
    assert_true(e.gate.accepted == 9 && e.gate.turned_away == 1 && e.gate.broken == 2);
    assert_true(e.gate.published == 0 && e.gate.refused == 0);
}

static void a_keyed_feed_tells_its_layout(void **state) {
    (void)state;
    struct job_event e = {.fd = -1};
    const char *good =
        "{\"event\":\"matte_layout\",\"layout\":{\"width\":480,\"height\":1312,"
        "\"colour\":{\"x\":0,\"y\":0,\"w\":1,\"h\":0.487804878},"
        "\"matte\":{\"x\":0,\"y\":0.512195122,\"w\":1,\"h\":0.487804878},"
        "\"guard\":{\"x\":0,\"y\":0.487804878,\"w\":1,\"h\":0.0243902439},"
        "\"patches\":{\"black\":{\"x\":0.125,\"y\":0.493902439,\"w\":0.25,\"h\":0.012195122},"
        "\"white\":{\"x\":0.625,\"y\":0.493902439,\"w\":0.25,\"h\":0.012195122}}}}";
    assert_int_equal(parse(good, &e), 0);
    assert_int_equal(e.type, JOB_EVENT_MATTE);
    assert_int_equal(e.matte.height, 1312);
    assert_true(e.matte.white.x == 0.625);
    assert_int_equal(parse("{\"event\":\"matte_layout\",\"layout\":{\"width\":480}}", &e), -EINVAL);
    assert_int_equal(parse("{\"event\":\"matte_layout\"}", &e), -EINVAL);
}

static void nonsense_is_refused(void **state) {
    (void)state;
    struct job_event e;
    static const char *const bad[] = {
        "", "x", "{", "[]", "{}", "{\"event\":5}", "null", "{\"event\":\"ready\"} x"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_int_equal(parse(bad[i], &e), -EINVAL);
    }
    assert_int_equal(parse("{\"event\":\"dance\"}", &e), -ENOENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(progress_is_read),    cmocka_unit_test(a_failure_brings_its_sentence),
        cmocka_unit_test(the_door_counts),     cmocka_unit_test(a_keyed_feed_tells_its_layout),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
