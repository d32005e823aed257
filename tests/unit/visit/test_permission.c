/* Who may do what. */
#include "visit/permission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct actor anyone = {.kind = ACTOR_ANYONE};
static const struct actor customer = {.kind = ACTOR_CUSTOMER, .id = "i", .visit = "v"};
static const struct actor encoder = {.kind = ACTOR_ENCODER, .id = "v", .visit = "v"};
static const struct actor rep = {.kind = ACTOR_STAFF, .role = ROLE_REP};
static const struct actor marketer = {.kind = ACTOR_STAFF, .role = ROLE_MARKETER};
static const struct actor admin = {.kind = ACTOR_STAFF, .role = ROLE_ADMIN};

/* Columns: anyone, customer, encoder, rep, marketer, admin; for the visit they belong to. */
static const struct {
    enum permission permission;
    const char *row;
} matrix[] = {
    {PERMISSION_PRODUCTS_READ, "---rma"},
    {PERMISSION_PRODUCTS_WRITE, "---rma"},
    {PERMISSION_WALKTHROUGHS_READ, "---rma"},
    {PERMISSION_WALKTHROUGHS_WRITE, "----ma"},
    {PERMISSION_FILM_QUESTIONS_READ, "---rma"},
    {PERMISSION_FILM_QUESTIONS_ANSWER, "---rma"},
    {PERMISSION_UPLOADS, "---rma"},
    {PERMISSION_SOURCES_READ, "---rma"},
    {PERMISSION_SOURCES_WRITE, "---r-a"},
    {PERMISSION_VISITS_LIST, "---rma"},
    {PERMISSION_VISITS_CREATE, "---r-a"},
    {PERMISSION_VISIT_READ, "---r-a"},
    {PERMISSION_VISIT_CHANGE, "---r-a"},
    {PERMISSION_VISIT_RUN, "---r-a"},
    {PERMISSION_INVITES, "---r-a"},
    {PERMISSION_INVITE_OWN, "-c-r-a"},
    {PERMISSION_VISIT_JOIN, "-c-r-a"},
    {PERMISSION_VISIT_WATCH, "-c-r-a"},
    {PERMISSION_VISIT_REPLAY, "-c-rma"},
    {PERMISSION_RECORDING_CONSENT, "-c----"},
    {PERMISSION_PUBLISH_CAMERA, "-cer-a"},
    {PERMISSION_PUBLISH_SCREEN, "--er-a"},
    {PERMISSION_PUBLISH_PERSON, "--er-a"},
    {PERMISSION_PUBLISH_CONTENT, "--er-a"},
    {PERMISSION_USERS, "-----a"},
};

static void the_whole_matrix_holds(void **state) {
    (void)state;
    const struct actor *actors[] = {&anyone, &customer, &encoder, &rep, &marketer, &admin};
    assert_int_equal(sizeof(matrix) / sizeof(*matrix), PERMISSION_COUNT);
    for (size_t i = 0; i < PERMISSION_COUNT; i++) {
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(permission_allows(actors[k], matrix[i].permission, "v"),
                             matrix[i].row[k] != '-');
        }
    }
}

static void an_invite_or_stream_key_opens_only_its_own_visit(void **state) {
    (void)state;
    for (int i = 0; i < PERMISSION_COUNT; i++) {
        assert_false(permission_allows(&customer, (enum permission)i, "other"));
        assert_false(permission_allows(&encoder, (enum permission)i, "other"));
        assert_false(permission_allows(&customer, (enum permission)i, NULL));
        assert_false(permission_allows(&encoder, (enum permission)i, ""));
    }
}

static void a_credential_without_a_visit_opens_none(void **state) {
    (void)state;
    struct actor lost = {.kind = ACTOR_CUSTOMER};
    assert_false(permission_allows(&lost, PERMISSION_VISIT_WATCH, ""));
}

static void an_unknown_permission_is_never_given(void **state) {
    (void)state;
    assert_false(permission_allows(&admin, PERMISSION_COUNT, "v"));
    assert_false(permission_allows(&admin, (enum permission)1000, "v"));
}

static void only_anyone_is_unknown(void **state) {
    (void)state;
    assert_false(permission_is_known(&anyone));
    assert_true(permission_is_known(&customer));
    assert_true(permission_is_known(&marketer));
}

static void roles_have_names(void **state) {
    (void)state;
    enum staff_role role = ROLE_ADMIN;
    assert_true(staff_role_parse("marketer", &role));
    assert_int_equal(role, ROLE_MARKETER);
    assert_false(staff_role_parse("Admin", &role));
    assert_int_equal(role, ROLE_MARKETER);
    assert_string_equal(staff_role_name(ROLE_REP), "rep");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_matrix_holds),
        cmocka_unit_test(an_invite_or_stream_key_opens_only_its_own_visit),
        cmocka_unit_test(a_credential_without_a_visit_opens_none),
        cmocka_unit_test(an_unknown_permission_is_never_given),
        cmocka_unit_test(only_anyone_is_unknown),
        cmocka_unit_test(roles_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
