/* Staff prove who they are: by session, one-time link or API token. */
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

static void add(struct database *db, const char *email, enum staff_role role) {
    struct user_add add = {.user = {.role = role, .name = "Alex"}};
    snprintf(add.user.email, sizeof(add.user.email), "%s", email);
    assert_int_equal(users_add(db, &add), 0);
}

static int find(struct database *db, const char *token, bool cookie, struct credential *c) {
    memset(c, 0, sizeof(*c));
    c->cookie = cookie;
    snprintf(c->token, sizeof(c->token), "%s", token);
    return credentials_find(db, c);
}

static void an_address_is_stored_once_in_lower_case(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    add(db, "Rep@Example.COM", ROLE_REP);
    struct user_add twice = {.user = {.email = "rep@example.com"}};
    assert_int_equal(users_add(db, &twice), -EEXIST);
    struct user_row user = {.email = "REP@example.com"};
    assert_int_equal(users_find(db, &user), 0);
    assert_string_equal(user.email, "rep@example.com");
    assert_int_equal(user.role, ROLE_REP);
}

static void what_is_no_address_is_refused(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    static const char *const bad[] = {"", "a", "a@", "@b", "a@b@c", "a b@c", "a\n@b", "<a@b>"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        struct user_add add = {.user = {.name = "x"}};
        snprintf(add.user.email, sizeof(add.user.email), "%s", bad[i]);
        assert_int_equal(users_add(db, &add), -EINVAL);
    }
}

static void there_is_a_limit(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct user_add one = {.user = {.email = "x@example.com"}};
    for (int i = 0; i < 5; i++) {
        char email[32];
        snprintf(email, sizeof(email), "u%d@example.com", i);
        add(db, email, ROLE_REP);
    }
    assert_int_equal(users_add(db, &one), -ENOSPC);
    struct user_list list = {0};
    assert_int_equal(users_list(db, &list), 0);
    assert_int_equal(list.count, 5);
    assert_string_equal(list.rows[0].email, "u0@example.com");
    user_list_clear(&list);
}

static void a_sign_in_link_works_once(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    add(db, "rep@example.com", ROLE_ADMIN);
    struct sign_in_code code = {.email = "rep@example.com", .lifetime = 60}, again;
    struct credential c;
    assert_int_equal(codes_create(db, &code), 0);
    again = code;
    assert_int_equal(codes_redeem(db, &code), 0);
    assert_int_equal(find(db, code.session, true, &c), 0);
    assert_int_equal(c.actor.kind, ACTOR_STAFF);
    assert_int_equal(c.actor.role, ROLE_ADMIN);
    assert_string_equal(c.user.email, "rep@example.com");
    assert_int_equal(codes_redeem(db, &again), -EACCES);
}

static void a_sign_in_link_grows_old(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    add(db, "rep@example.com", ROLE_REP);
    struct sign_in_code code = {.email = "rep@example.com", .lifetime = 60};
    database_set_clock(db, 1000000);
    assert_int_equal(codes_create(db, &code), 0);
    database_set_clock(db, 1000061);
    assert_int_equal(codes_redeem(db, &code), -EACCES);
    struct sign_in_code nobody = {.email = "nobody@example.com", .lifetime = 60};
    assert_int_equal(codes_create(db, &nobody), -ENOENT);
}

static void a_session_ends_by_time_or_by_hand(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct credential c;
    add(db, "rep@example.com", ROLE_REP);
    struct sign_in_code code = {.email = "rep@example.com", .lifetime = 60};
    database_set_clock(db, 1000000);
    assert_int_equal(codes_create(db, &code), 0);
    assert_int_equal(codes_redeem(db, &code), 0);
    assert_int_equal(code.expires_at, 1000000 + 14 * 86400);
    assert_int_equal(find(db, code.session, false, &c), -ENOENT); /* a cookie is no bearer token */
    database_set_clock(db, code.expires_at);
    assert_int_equal(find(db, code.session, true, &c), -EKEYEXPIRED);
    assert_int_equal(c.actor.kind, ACTOR_ANYONE);
    database_set_clock(db, 1000001);
    struct session_end end;
    memcpy(end.session, code.session, sizeof(end.session));
    assert_int_equal(sessions_end(db, &end), 0);
    assert_int_equal(sessions_end(db, &end), 0);
    assert_int_equal(find(db, code.session, true, &c), -ENOENT);
}

static void an_api_token_has_a_role_and_an_end(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct api_token token = {.role = ROLE_MARKETER, .name = "CI", .expires_at = 2000};
    struct credential c;
    database_set_clock(db, 1000);
    assert_int_equal(tokens_create(db, &token), 0);
    assert_int_equal(find(db, token.token, false, &c), 0);
    assert_int_equal(c.actor.role, ROLE_MARKETER);
    assert_string_equal(c.name, "CI");
    assert_int_equal(find(db, token.token, true, &c), -ENOENT);
    database_set_clock(db, 2000);
    assert_int_equal(find(db, token.token, false, &c), -EKEYEXPIRED);
}

static void no_secret_is_in_the_file(void **state) {
    struct store_test *t = *state;
    struct api_token token = {.role = ROLE_REP};
    char command[512];
    assert_int_equal(tokens_create(t->db, &token), 0);
    database_close(t->db); /* folds the WAL into the file */
    t->db = NULL;
    snprintf(command, sizeof(command), "grep -q %s %s/parlour.db", token.token, t->dir);
    assert_int_not_equal(system(command), 0);
    snprintf(command, sizeof(command), "grep -q %s %s/parlour.db", token.id, t->dir);
    assert_int_equal(system(command), 0);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(an_address_is_stored_once_in_lower_case),
        T(what_is_no_address_is_refused),
        T(there_is_a_limit),
        T(a_sign_in_link_works_once),
        T(a_sign_in_link_grows_old),
        T(a_session_ends_by_time_or_by_hand),
        T(an_api_token_has_a_role_and_an_end),
        T(no_secret_is_in_the_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
