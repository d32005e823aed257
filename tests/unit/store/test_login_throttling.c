/* Guessing a password is slowed down, whoever guesses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store_test.h"

static int try_login(struct database *db, const char *email, const char *password,
                     const char *address, struct login *login) {
    memset(login, 0, sizeof(*login));
    snprintf(login->email, sizeof(login->email), "%s", email);
    snprintf(login->password, sizeof(login->password), "%s", password);
    snprintf(login->address, sizeof(login->address), "%s", address);
    return logins_try(db, login);
}

static struct database *with_user(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct user_add add = {.user = {.email = "rep@example.com", .role = ROLE_REP},
                           .password = "correct horse"};
    assert_int_equal(users_add(db, &add), 0);
    database_set_clock(db, 1000000);
    return db;
}

static void the_right_password_makes_a_session(void **state) {
    struct database *db = with_user(state);
    struct login login;
    struct credential c = {.cookie = true};
    assert_int_equal(try_login(db, "Rep@example.com", "correct horse", "::1", &login), 0);
    assert_string_equal(login.user.email, "rep@example.com");
    memcpy(c.token, login.session, sizeof(c.token));
    assert_int_equal(credentials_find(db, &c), 0);
    assert_string_equal(c.actor.id, login.user.id);
}

static void a_wrong_password_and_an_unknown_address_look_the_same(void **state) {
    struct database *db = with_user(state);
    struct login login;
    assert_int_equal(try_login(db, "rep@example.com", "wrong", "::1", &login), -EACCES);
    assert_string_equal(login.user.id, "");
    assert_string_equal(login.session, "");
    assert_int_equal(try_login(db, "nobody@example.com", "wrong", "::1", &login), -EACCES);
}

static void a_user_without_password_cannot_sign_in_by_one(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct user_add add = {.user = {.email = "link@example.com", .role = ROLE_REP}};
    struct login login;
    assert_int_equal(users_add(db, &add), 0);
    assert_int_equal(try_login(db, "link@example.com", "", "::1", &login), -EACCES);
}

static void after_three_failures_even_the_right_one_waits(void **state) {
    struct database *db = with_user(state);
    struct login login;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(try_login(db, "rep@example.com", "wrong", "::1", &login), -EACCES);
    }
    database_set_clock(db, 1000010);
    assert_int_equal(try_login(db, "REP@example.com", "correct horse", "::2", &login), -EAGAIN);
    assert_int_equal(login.retry_after, 15 * 60 - 10);
    database_set_clock(db, 1000000 + 15 * 60);
    assert_int_equal(try_login(db, "rep@example.com", "correct horse", "::1", &login), 0);
}

static void a_success_forgets_the_failures(void **state) {
    struct database *db = with_user(state);
    struct login login;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++) {
            assert_int_equal(try_login(db, "rep@example.com", "wrong", "::1", &login), -EACCES);
        }
        assert_int_equal(try_login(db, "rep@example.com", "correct horse", "::1", &login), 0);
    }
}

static void one_client_cannot_try_many_addresses(void **state) {
    struct database *db = with_user(state);
    struct login login;
    for (int i = 0; i < 12; i++) {
        char email[32];
        snprintf(email, sizeof(email), "u%d@example.com", i);
        assert_int_equal(try_login(db, email, "guess", "192.0.2.1", &login), -EACCES);
    }
    assert_int_equal(try_login(db, "rep@example.com", "correct horse", "192.0.2.1", &login),
                     -EAGAIN);
    assert_int_equal(try_login(db, "rep@example.com", "correct horse", "192.0.2.2", &login), 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(the_right_password_makes_a_session),
        T(a_wrong_password_and_an_unknown_address_look_the_same),
        T(a_user_without_password_cannot_sign_in_by_one),
        T(after_three_failures_even_the_right_one_waits),
        T(a_success_forgets_the_failures),
        T(one_client_cannot_try_many_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
