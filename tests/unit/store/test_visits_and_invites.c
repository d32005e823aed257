/* Visits with their products, and the invites to them. */
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

static struct visit_row make_visit(struct database *db) {
    struct visit_row visit = {.title = "Visit", .starts_at = 5, .tz = "Europe/Berlin"};
    assert_int_equal(visits_create(db, &visit), 0);
    return visit;
}

static struct invite_row make_invite(struct database *db, const char *visit, int64_t expires_at) {
    struct invite_row invite = {.name = "Sam", .expires_at = expires_at};
    snprintf(invite.visit, sizeof(invite.visit), "%s", visit);
    assert_int_equal(invites_create(db, &invite), 0);
    return invite;
}

static int open_invite(struct database *db, const char *token, bool mark,
                       struct invite_open *open) {
    memset(open, 0, sizeof(*open));
    open->mark = mark;
    snprintf(open->token, sizeof(open->token), "%s", token);
    return invites_open(db, open);
}

static void a_visit_is_what_was_written(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct user_add host = {.user = {.email = "rep@example.com", .name = "Alex"}};
    static struct product_row a, b;
    snprintf(a.name, sizeof(a.name), "Lamp");
    assert_int_equal(users_add(db, &host), 0);
    assert_int_equal(products_create(db, &a), 0);
    assert_int_equal(products_create(db, &b), 0);
    struct visit_row visit = {.title = "Visit", .recording = RECORDING_ON, .product_count = 2};
    memcpy(visit.products[0], b.id, ID_MAX);
    memcpy(visit.products[1], a.id, ID_MAX);
    memcpy(visit.host, host.user.id, ID_MAX);
    assert_int_equal(visits_create(db, &visit), 0);
    struct visit_row got = {0};
    memcpy(got.id, visit.id, ID_MAX);
    assert_int_equal(visits_get(db, &got), 0);
    assert_string_equal(got.title, "Visit");
    assert_string_equal(got.host_name, "Alex");
    assert_int_equal(got.recording, RECORDING_ON);
    assert_int_equal(got.state, VISIT_PLANNED);
    assert_int_equal(got.product_count, 2);
    assert_string_equal(got.products[0], b.id);
    assert_string_equal(got.products[1], a.id);
    assert_int_equal(strlen(got.stream_key), 32);
    struct row_id row;
    memcpy(row.id, b.id, ID_MAX);
    assert_int_equal(products_delete(db, &row), 0);
    assert_int_equal(visits_get(db, &got), 0);
    assert_int_equal(got.product_count, 1);
}

static void a_product_that_is_not_there_makes_no_visit(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = {.title = "Visit", .product_count = 1, .products = {"nothing"}};
    struct visit_list list = {0};
    assert_int_equal(visits_create(db, &visit), -EINVAL);
    assert_int_equal(visits_list(db, &list), 0);
    assert_int_equal(list.count, 0);
    visit_list_clear(&list);
}

static void only_the_named_fields_change(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct visit_row change = {.title = "Other", .starts_at = 9, .fields = VISIT_TITLE};
    memcpy(change.id, visit.id, ID_MAX);
    assert_int_equal(visits_change(db, &change), 0);
    assert_string_equal(change.title, "Other");
    assert_int_equal(change.starts_at, 5);
    assert_string_equal(change.tz, "Europe/Berlin");
    snprintf(change.id, sizeof(change.id), "none");
    assert_int_equal(visits_change(db, &change), -ENOENT);
}

static void a_state_only_goes_forward_and_ended_is_the_end(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct visit_progress p = {.state = VISIT_LIVE};
    memcpy(p.id, visit.id, ID_MAX);
    database_set_clock(db, 100);
    assert_int_equal(visits_progress(db, &p), 0);
    assert_int_equal(p.visit.started_at, 100);
    p.state = VISIT_LOBBY;
    assert_int_equal(visits_progress(db, &p), 0);
    assert_int_equal(p.visit.state, VISIT_LIVE);
    p.state = VISIT_ENDED;
    database_set_clock(db, 200);
    assert_int_equal(visits_progress(db, &p), 0);
    database_set_clock(db, 300);
    assert_int_equal(visits_progress(db, &p), 0);
    assert_int_equal(p.visit.ended_at, 200);
    assert_int_equal(p.visit.started_at, 100);
    p.state = VISIT_LIVE;
    assert_int_equal(visits_progress(db, &p), -EPERM);
    struct invite_row invite = {0};
    memcpy(invite.visit, visit.id, ID_MAX);
    assert_int_equal(invites_create(db, &invite), -EPERM);
}

static void lists_are_newest_first_in_pages(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    char first[ID_MAX] = "", last[ID_MAX] = "";
    for (int i = 0; i < 20; i++) {
        struct visit_row visit = make_visit(db);
        memcpy(i == 0 ? first : last, visit.id, ID_MAX);
    }
    struct visit_row one_more = {.title = "x"};
    assert_int_equal(visits_create(db, &one_more), -ENOSPC);
    struct visit_list list = {0};
    assert_int_equal(visits_list(db, &list), 0);
    assert_int_equal(list.count, 20);
    assert_string_equal(list.rows[0].id, last);
    assert_string_equal(list.rows[19].id, first);
    visit_list_clear(&list);
    list = (struct visit_list){.offset = 18, .limit = 10};
    assert_int_equal(visits_list(db, &list), 0);
    assert_int_equal(list.count, 2);
    visit_list_clear(&list);
}

static void an_invite_opens_its_visit_and_tells_the_first_time(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct invite_row invite = make_invite(db, visit.id, 0);
    struct invite_open open;
    assert_int_equal(open_invite(db, invite.token, false, &open), 0);
    assert_string_equal(open.visit.id, visit.id);
    assert_int_equal(open.invite.opened_at, 0);
    assert_int_equal(open_invite(db, invite.token, true, &open), 0);
    assert_true(open.first);
    assert_int_equal(open_invite(db, invite.token, true, &open), 0);
    assert_false(open.first);
    assert_int_not_equal(open.invite.opened_at, 0);
    assert_int_equal(open_invite(db, invite.id, true, &open), -ENOENT);
}

static void a_revoked_invite_is_dead_at_once(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct invite_row invite = make_invite(db, visit.id, 0), revoke = {0};
    struct credential c = {0};
    struct invite_open open;
    memcpy(c.token, invite.token, sizeof(c.token));
    assert_int_equal(credentials_find(db, &c), 0);
    assert_int_equal(c.actor.kind, ACTOR_CUSTOMER);
    assert_string_equal(c.actor.visit, visit.id);
    memcpy(revoke.id, invite.id, ID_MAX);
    assert_int_equal(invites_revoke(db, &revoke), -ENOENT); /* of no visit */
    memcpy(revoke.visit, visit.id, ID_MAX);
    assert_int_equal(invites_revoke(db, &revoke), 0);
    assert_true(revoke.revoked);
    assert_string_equal(revoke.token, "");
    assert_int_equal(credentials_find(db, &c), -EKEYREVOKED);
    assert_int_equal(c.actor.kind, ACTOR_ANYONE);
    assert_int_equal(open_invite(db, invite.token, true, &open), -EKEYREVOKED);
}

static void an_invite_expires(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    database_set_clock(db, 1000);
    struct invite_row invite = make_invite(db, visit.id, 2000);
    struct invite_open open;
    database_set_clock(db, 1999);
    assert_int_equal(open_invite(db, invite.token, false, &open), 0);
    database_set_clock(db, 2000);
    assert_int_equal(open_invite(db, invite.token, false, &open), -EKEYEXPIRED);
}

static void an_invite_can_be_checked_without_its_token(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    database_set_clock(db, 1000);
    struct invite_row invite = make_invite(db, visit.id, 2000);
    struct invite_row check = {0}, other = {.id = "nobody"};
    memcpy(check.id, invite.id, ID_MAX);
    assert_int_equal(invites_check(db, &check), -ENOENT); /* of no visit */
    memcpy(check.visit, visit.id, ID_MAX);
    memcpy(other.visit, visit.id, ID_MAX);
    assert_int_equal(invites_check(db, &other), -ENOENT);
    assert_int_equal(invites_check(db, &check), 0);
    database_set_clock(db, 2000);
    assert_int_equal(invites_check(db, &check), -EKEYEXPIRED);
    struct invite_row revoke = check;
    assert_int_equal(invites_revoke(db, &revoke), 0);
    assert_int_equal(invites_check(db, &check), -EKEYREVOKED);
}

static void invites_are_bounded_listed_and_go_with_their_visit(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct invite_row last = {0};
    for (int i = 0; i < 3; i++) {
        last = make_invite(db, visit.id, 0);
    }
    struct invite_row more = {0};
    memcpy(more.visit, visit.id, ID_MAX);
    assert_int_equal(invites_create(db, &more), -ENOSPC);
    struct invite_list list = {0};
    memcpy(list.visit, visit.id, ID_MAX);
    assert_int_equal(invites_list(db, &list), 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.rows[0].id, last.id);
    assert_string_equal(list.rows[0].token, "");
    invite_list_clear(&list);
    struct row_id row;
    memcpy(row.id, visit.id, ID_MAX);
    assert_int_equal(visits_delete(db, &row), 0);
    assert_int_equal(visits_delete(db, &row), -ENOENT);
    struct invite_open open;
    assert_int_equal(open_invite(db, last.token, false, &open), -ENOENT);
}

static void a_stream_key_is_an_encoder_of_its_visit(void **state) {
    struct database *db = ((struct store_test *)*state)->db;
    struct visit_row visit = make_visit(db);
    struct credential c = {0};
    memcpy(c.token, visit.stream_key, sizeof(c.token));
    assert_int_equal(credentials_find(db, &c), 0);
    assert_int_equal(c.actor.kind, ACTOR_ENCODER);
    assert_string_equal(c.actor.visit, visit.id);
}

int main(void) {
#define T(f) cmocka_unit_test_setup_teardown(f, store_test_setup, store_test_teardown)
    const struct CMUnitTest tests[] = {
        T(a_visit_is_what_was_written),
        T(a_product_that_is_not_there_makes_no_visit),
        T(only_the_named_fields_change),
        T(a_state_only_goes_forward_and_ended_is_the_end),
        T(lists_are_newest_first_in_pages),
        T(an_invite_opens_its_visit_and_tells_the_first_time),
        T(a_revoked_invite_is_dead_at_once),
        T(an_invite_expires),
        T(an_invite_can_be_checked_without_its_token),
        T(invites_are_bounded_listed_and_go_with_their_visit),
        T(a_stream_key_is_an_encoder_of_its_visit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
