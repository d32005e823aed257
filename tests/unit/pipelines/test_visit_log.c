/* The log of a visit is read for what is good in it. */
#include "harness.h"
#include "replay/visit_log.h"

#include <stdlib.h>

static struct visit_log parse(const char *text) {
    struct visit_log log;
    assert_int_equal(visit_log_parse(bytes_of_text(text), &log), 0);
    return log;
}

#define CLOCK(t, unix_us, boot)                                                                    \
    "{\"t\":" #t ",\"event\":\"clock\",\"unix_us\":" #unix_us ",\"boot\":\"" boot "\"}\n"
#define SOURCE(media, name, credential)                                                            \
    "{\"t\":5,\"event\":\"source\",\"media\":\"" #media "\",\"name\":\"" name                      \
    "\",\"credential\":\"" credential "\",\"kind\":\"camera\",\"side\":\"presenter\"}\n"
#define CONSENT(credential, word)                                                                  \
    "{\"t\":6,\"event\":\"consent\",\"credential\":\"" credential "\",\"recording\":" word "}\n"

static void good_lines_are_kept_and_others_passed_over(void **state) {
    (void)state;
    struct visit_log log = parse(CLOCK(1, 1000000, "0a1b2c3d-xx") SOURCE(
        7, "Ada", "c1") "{\"t\":9,\"event\":\"stage\",\"main_video\":\"7\"}\n"
                        "{\"t\":10,\"event\":\"dance\"}\n" /* of a later version */
                        "not json\n"
                        "[]\n"
                        "{\"t\":-1,\"event\":\"start\"}\n"
                        "{\"t\":1,\"event\":\"stage\",\"main_video\":\"-7\"}\n"
                        "{\"t\":1,\"event\":\"stage\",\"main_video\":7}\n"
                        "{\"t\":12,\"event\":\"question\",\"text\":\"Why?\",\"name\":\"Bob\"}\n"
                        "{\"t\":11,\"event\":\"sta");
    assert_int_equal(log.stage_count, 1);
    assert_int_equal(log.stages[0].main_video, 7);
    assert_int_equal(log.question_count, 1);
    assert_string_equal(log.questions[0].text, "Why?");
    assert_int_equal(log.skipped, 6);
    assert_string_equal(log.runs[0].boot, "0a1b2c3d");
    assert_string_equal(visit_log_source(&log, 0, 7)->name, "Ada");
    assert_null(visit_log_source(&log, 0, 8));
    visit_log_clear(&log);
}

static void the_last_word_counts(void **state) {
    (void)state;
    struct visit_log log = parse(CONSENT("a", "true") CONSENT("a", "false") CONSENT("b", "false")
                                     CONSENT("b", "true"));
    assert_false(visit_log_may_keep(&log, "a"));
    assert_true(visit_log_may_keep(&log, "b"));
    assert_true(visit_log_may_keep(&log, "c"));
    visit_log_clear(&log);
}

static void tracks_find_their_run(void **state) {
    (void)state;
    struct visit_log log =
        parse(CLOCK(100, 5000000, "aaaaaaaa") SOURCE(1, "One", "x") CLOCK(300, 9000000, "aaaaaaaa")
                  SOURCE(1, "Two", "x") CLOCK(50, 20000000, "bbbbbbbb") SOURCE(1, "Three", "x"));
    assert_int_equal(log.run_count, 3);
    assert_int_equal(visit_log_run(&log, "aaaaaaaa", 200), 0);
    assert_int_equal(visit_log_run(&log, "aaaaaaaa", 300), 1);
    assert_int_equal(visit_log_run(&log, "bbbbbbbb", 60), 2);
    assert_int_equal(visit_log_run(&log, "bbbbbbbb", 10), 2);
    assert_string_equal(visit_log_source(&log, 1, 1)->name, "Two");
    /* One boot has one line from its clock to ours, whatever was told later. */
    assert_int_equal(visit_log_unix(&log, 1, 300), 5000200);
    assert_int_equal(visit_log_unix(&log, 2, 50), 20000000);
    visit_log_clear(&log);
}

static void long_texts_end_with_a_whole_character(void **state) {
    (void)state;
    char text[2048];
    size_t n = (size_t)snprintf(text, sizeof(text),
                                "{\"t\":1,\"event\":\"question\",\"name\":\"B\",\"text\":\"x");
    while (n < 1200) {
        memcpy(text + n, "é", 2);
        n += 2;
    }
    snprintf(text + n, sizeof(text) - n, "\"}\n");
    struct visit_log log = parse(text);
    size_t size = strlen(log.questions[0].text);
    assert_int_equal(size, 511);
    assert_int_equal((uint8_t)log.questions[0].text[size - 1], 0xa9);
    visit_log_clear(&log);
}

static void there_is_an_end_to_everything(void **state) {
    (void)state;
    const char line[] = "{\"t\":1,\"event\":\"stage\",\"main_video\":\"1\"}\n";
    size_t count = VISIT_LOG_STAGES_MAX + 10, n = sizeof(line) - 1;
    char *text = malloc(count * n);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * n, line, n);
    }
    struct visit_log log;
    assert_int_equal(visit_log_parse(bytes_of(text, count * n), &log), 0);
    assert_int_equal(log.stage_count, VISIT_LOG_STAGES_MAX);
    assert_int_equal(log.skipped, 10);
    visit_log_clear(&log);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_are_kept_and_others_passed_over),
        cmocka_unit_test(the_last_word_counts),
        cmocka_unit_test(tracks_find_their_run),
        cmocka_unit_test(long_texts_end_with_a_whole_character),
        cmocka_unit_test(there_is_an_end_to_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
