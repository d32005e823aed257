/* The command line as a person meets it: exit codes, one line on stderr, one on stdout. */
#include "store/database.h"

#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *parlour, *pipeline;
static char dir[] = "/tmp/parlour-cli-XXXXXX";
static char out[4096], err[4096];

static void slurp(const char *name, char *to, size_t size) {
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(to, 1, size - 1, file) : 0;
    to[n] = '\0';
    if (file) {
        fclose(file);
    }
    unlink(path);
}

/* Runs "parlour ARGUMENTS", its data directory in place of every "DATA". */
__attribute__((format(printf, 1, 2))) static int run(const char *format, ...) {
    char arguments[1024], command[2048];
    va_list ap;
    va_start(ap, format);
    vsnprintf(arguments, sizeof(arguments), format, ap);
    va_end(ap);
    snprintf(command, sizeof(command), "%s %s >%s/out 2>%s/err", parlour, arguments, dir, dir);
    int status = system(command);
    slurp("out", out, sizeof(out));
    slurp("err", err, sizeof(err));
    return WEXITSTATUS(status);
}

static size_t lines(const char *text) {
    size_t n = 0;
    for (; *text; text++) {
        n += *text == '\n';
    }
    return n;
}

static void a_user_is_added_and_gets_a_link(void **state) {
    (void)state;
    assert_int_equal(run("user add rep@example.com --role rep --data %s/data", dir), 0);
    assert_int_equal(lines(out), 1);
    assert_int_equal(run("user add rep@example.com --role rep --data %s/data", dir), 1);
    assert_int_equal(lines(err), 1);
    assert_int_equal(run("user link rep@example.com --base-url https://x --data %s/data", dir), 0);
    assert_int_equal(strncmp(out, "https://x/signin/", 17), 0);
    assert_int_equal(run("user link nobody@example.com --data %s/data", dir), 1);
    assert_int_equal(run("user add no-address --role rep --data %s/data", dir), 1);
}

static void a_password_comes_by_standard_input(void **state) {
    (void)state;
    char path[128];
    snprintf(path, sizeof(path), "%s/password", dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("correct horse\n", file);
    fclose(file);
    assert_int_equal(
        run("user add pw@example.com --role admin --password-stdin --data %s/data <%s", dir, path),
        0);
    struct database *db;
    struct login login = {.email = "pw@example.com", .password = "correct horse"};
    char data[64];
    snprintf(data, sizeof(data), "%s/data", dir);
    assert_int_equal(database_open(data, NULL, &db), 0);
    assert_int_equal(logins_try(db, &login), 0);
    database_close(db);
    assert_int_equal(
        run("user add p2@example.com --role rep --password-stdin --data %s/data </dev/null", dir),
        1);
}

static void a_token_is_printed_once(void **state) {
    (void)state;
    assert_int_equal(run("token create --role admin --expires 30d --data %s/data", dir), 0);
    assert_int_equal(strlen(out), 33);
    assert_int_equal(run("token create --role boss --data %s/data", dir), 2);
    assert_int_equal(run("token create --role rep --expires soon --data %s/data", dir), 2);
}

static void wrong_usage_is_two(void **state) {
    (void)state;
    assert_int_equal(run("%s", ""), 2);
    assert_int_equal(run("dance"), 2);
    assert_int_equal(run("user"), 2);
    assert_int_equal(run("user add a@b --data %s/data", dir), 2);
    assert_int_equal(run("serve --media-port many"), 2);
    assert_int_equal(run("publish"), 2);
    assert_int_equal(run("--help"), 0);
    assert_int_equal(run("serve --help"), 0);
    assert_non_null(strstr(out, "--media-port N"));
}

static void a_directory_that_cannot_be_written_names_the_remedy(void **state) {
    (void)state;
    assert_int_equal(run("token create --role rep --data /proc/nowhere/data"), 1);
    assert_int_equal(lines(err), 1);
    assert_non_null(strstr(err, "--data DIR"));
    assert_int_equal(run("serve --data /proc/nowhere/data"), 1);
    assert_int_equal(lines(err), 1);
    assert_non_null(strstr(err, "--data DIR"));
}

static void a_film_is_published_or_says_why_not(void **state) {
    (void)state;
    char command[256];
    snprintf(command, sizeof(command), "cd %s && touch good bad", dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(
        run("publish %s/good --title 'Our Lamp' --data %s/data --pipeline %s", dir, dir, pipeline),
        0);
    assert_string_equal(out, "our-lamp\n");
    assert_int_equal(
        run("publish %s/bad --title X --data %s/data --pipeline %s", dir, dir, pipeline), 1);
    assert_string_equal(err, "parlour: This is no film.\n");
    assert_int_equal(
        run("publish %s/none --title X --data %s/data --pipeline %s", dir, dir, pipeline), 1);
    assert_int_equal(lines(err), 1);
    assert_int_equal(run("publish %s/good --title X --data %s/data --pipeline /nowhere", dir, dir),
                     1);
    assert_non_null(strstr(err, "--pipeline FILE"));
}

static void a_missing_plug_in_names_its_package(void **state) {
    (void)state;
    assert_int_equal(run("serve --listen 127.0.0.1:0 --media-port 0 --data %s/data --pipeline %s "
                         "--log-level error",
                         dir, pipeline),
                     1);
    assert_int_equal(lines(err), 1);
    assert_non_null(strstr(err, "apt-get install plugins-good"));
    assert_int_equal(run("doctor --data %s/data --pipeline %s", dir, pipeline), 1);
    assert_non_null(strstr(out, "apt-get install plugins-good"));
}

static int setup(void **state) {
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return system(command);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_user_is_added_and_gets_a_link),
        cmocka_unit_test(a_password_comes_by_standard_input),
        cmocka_unit_test(a_token_is_printed_once),
        cmocka_unit_test(wrong_usage_is_two),
        cmocka_unit_test(a_directory_that_cannot_be_written_names_the_remedy),
        cmocka_unit_test(a_film_is_published_or_says_why_not),
        cmocka_unit_test(a_missing_plug_in_names_its_package),
    };
    if (argc < 3) {
        return 2;
    }
    parlour = argv[1];
    pipeline = argv[2];
    return cmocka_run_group_tests(tests, setup, teardown);
}
