/* The log of a recording on a real disk: lines, torn ones too, and who is left out. */
#include "signal/recording_log.h"
#include "wire/json.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char data[64];

static int setup(void **state) {
    (void)state;
    strcpy(data, "/tmp/parlour-log-XXXXXX");
    return mkdtemp(data) ? 0 : -1;
}

static int teardown(void **state) {
    char path[128];
    (void)state;
    recording_remove(data, "v");
    snprintf(path, sizeof(path), "%s/recordings", data);
    rmdir(path);
    return rmdir(data);
}

static struct recording_log open_log(void) {
    struct recording_log log;
    assert_int_equal(recording_log_open(&log, data, "v"), 0);
    return log;
}

static void add_source(const struct recording_log *log, const char *media, const char *credential) {
    struct json *o = json_new_object();
    json_put_text(o, "media", media);
    json_put_text(o, "credential", credential);
    assert_int_equal(recording_log_add(log, "source", o), 0);
}

static void add_track(const char *name) {
    char path[256];
    assert_true(recording_path(data, "v", "/tracks/", path, sizeof(path)));
    strcat(path, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static bool has_track(const char *name) {
    char path[256];
    recording_path(data, "v", "/tracks/", path, sizeof(path));
    strcat(path, name);
    return access(path, F_OK) == 0;
}

/* All of the log; valid until the next call. */
static const char *text_of_log(void) {
    static char text[8192];
    char path[256];
    recording_path(data, "v", "/log.jsonl", path, sizeof(path));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void append(const char *text) {
    char path[256];
    recording_path(data, "v", "/log.jsonl", path, sizeof(path));
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void each_opening_tells_the_time(void **state) {
    (void)state;
    assert_false(recording_exists(data, "v"));
    assert_int_equal(recording_began(data, "v"), 0);
    const uint64_t before = clock_unix();
    struct recording_log log = open_log();
    assert_true(log.fresh);
    recording_log_close(&log);
    assert_true(recording_exists(data, "v"));
    const uint64_t began = recording_began(data, "v");
    assert_true(began >= before && began <= clock_unix());
    log = open_log();
    assert_false(log.fresh);
    recording_log_close(&log);
    assert_int_equal(recording_began(data, "v"), began);
    const char *second = strstr(strchr(text_of_log(), '\n') + 1, "\"event\":\"clock\"");
    assert_non_null(second);
    assert_non_null(strstr(second, "\"boot\":\""));
}

static void a_torn_line_takes_nothing_along(void **state) {
    (void)state;
    struct recording_log log = open_log();
    recording_log_close(&log);
    append("{\"t\":1,\"event\":\"sour"); /* the power went */
    log = open_log();
    add_source(&log, "17", "ada");
    recording_log_close(&log);
    add_track("0000000000000011-audio-0-x.track");
    assert_int_equal(recording_log_consent(data, "v", "ada", false), 0);
    assert_int_equal(recording_purge(data, "v"), 0);
    assert_false(has_track("0000000000000011-audio-0-x.track"));
}

static void the_last_word_counts(void **state) {
    (void)state;
    struct recording_log log = open_log();
    add_source(&log, "16", "ada");
    add_source(&log, "4660", "bob");
    add_source(&log, "17", "ada"); /* came back */
    add_source(&log, "18", "rep");
    recording_log_close(&log);
    const char *names[] = {"0000000000000010-video-0-x.track", "0000000000000011-audio-3-y.track",
                           "0000000000001234-video-0-x.track", "0000000000000012-video-0-x.track",
                           "00000000000000ff-video-0-x.track"};
    for (size_t i = 0; i < 5; i++) {
        add_track(names[i]);
    }
    add_track("notes.txt");
    assert_int_equal(recording_word(data, "v", "ada"), -ENOENT);
    recording_log_consent(data, "v", "ada", true);
    recording_log_consent(data, "v", "bob", false);
    recording_log_consent(data, "v", "bob", true);
    assert_int_equal(recording_purge(data, "v"), 5);
    recording_log_consent(data, "v", "ada", false);
    assert_int_equal(recording_word(data, "v", "ada"), 0);
    assert_int_equal(recording_word(data, "v", "bob"), 1);
    assert_int_equal(recording_purge(data, "v"), 3);
    assert_false(has_track(names[0]));
    assert_false(has_track(names[1]));
    assert_true(has_track(names[2]));
    assert_true(has_track(names[3]));
    assert_true(has_track(names[4]));
    assert_true(has_track("notes.txt"));
}

static void hostile_lines_are_passed_over(void **state) {
    (void)state;
    struct recording_log log = open_log();
    recording_log_close(&log);
    append("\n\n[]\nnull\n{\"event\":7}\n{\"event\":\"source\"}\n{\"event\":\"consent\"}\n"
           "{\"event\":\"source\",\"media\":\"99999999999999999999999\",\"credential\":7}\n"
           "{\"event\":\"consent\",\"credential\":\"much too long to be the id of an invite\"}\n");
    add_track("0000000000000010-video-0-x.track");
    assert_int_equal(recording_purge(data, "v"), 1);
}

static void only_recordings_are_touched(void **state) {
    char path[128];
    (void)state;
    assert_false(recording_path(data, "", "", path, sizeof(path)));
    assert_false(recording_path(data, "..", "", path, sizeof(path)));
    assert_false(recording_path(data, "a/b", "", path, sizeof(path)));
    assert_false(recording_path(data, "v", "", path, 10));
    struct recording_log log = open_log();
    recording_log_close(&log);
    recording_remove(data, "..");
    recording_remove(data, "");
    assert_true(recording_exists(data, "v"));
    assert_int_equal(recording_log_consent(data, "other", "ada", false), -ENOENT);
    assert_false(recording_exists(data, "other"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_opening_tells_the_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_torn_line_takes_nothing_along, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_word_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_lines_are_passed_over, setup, teardown),
        cmocka_unit_test_setup_teardown(only_recordings_are_touched, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
