#include "visit/permission.h"

#include <stddef.h>
#include <string.h>

#define REP (1u << ROLE_REP)
#define MARKETER (1u << ROLE_MARKETER)
#define ADMIN (1u << ROLE_ADMIN)
#define CUSTOMER (1u << 8)
#define ENCODER (1u << 9)

/* The whole matrix. */
static const unsigned allowed[PERMISSION_COUNT] = {
    [PERMISSION_PRODUCTS_READ] = REP | MARKETER | ADMIN,
    [PERMISSION_PRODUCTS_WRITE] = REP | MARKETER | ADMIN,
    [PERMISSION_WALKTHROUGHS_READ] = REP | MARKETER | ADMIN,
    [PERMISSION_WALKTHROUGHS_WRITE] = MARKETER | ADMIN,
    [PERMISSION_FILM_QUESTIONS_READ] = REP | MARKETER | ADMIN,
    [PERMISSION_FILM_QUESTIONS_ANSWER] = REP | MARKETER | ADMIN,
    [PERMISSION_UPLOADS] = REP | MARKETER | ADMIN,
    [PERMISSION_SOURCES_READ] = REP | MARKETER | ADMIN,
    [PERMISSION_SOURCES_WRITE] = REP | ADMIN,
    [PERMISSION_VISITS_LIST] = REP | MARKETER | ADMIN,
    [PERMISSION_VISITS_CREATE] = REP | ADMIN,
    [PERMISSION_VISIT_READ] = REP | ADMIN,
    [PERMISSION_VISIT_CHANGE] = REP | ADMIN,
    [PERMISSION_VISIT_RUN] = REP | ADMIN,
    [PERMISSION_INVITES] = REP | ADMIN,
    [PERMISSION_INVITE_OWN] = REP | ADMIN | CUSTOMER,
    [PERMISSION_VISIT_JOIN] = REP | ADMIN | CUSTOMER,
    [PERMISSION_VISIT_WATCH] = REP | ADMIN | CUSTOMER,
    [PERMISSION_VISIT_REPLAY] = REP | MARKETER | ADMIN | CUSTOMER,
    [PERMISSION_RECORDING_CONSENT] = CUSTOMER,
    [PERMISSION_PUBLISH_CAMERA] = REP | ADMIN | CUSTOMER | ENCODER,
    [PERMISSION_PUBLISH_SCREEN] = REP | ADMIN | ENCODER,
    [PERMISSION_PUBLISH_PERSON] = REP | ADMIN | ENCODER,
    [PERMISSION_PUBLISH_CONTENT] = REP | ADMIN | ENCODER,
    [PERMISSION_USERS] = ADMIN,
};

static unsigned bit_of(const struct actor *actor) {
    switch (actor->kind) {
    case ACTOR_ANYONE:
        return 0;
    case ACTOR_CUSTOMER:
        return CUSTOMER;
    case ACTOR_ENCODER:
        return ENCODER;
    case ACTOR_STAFF:
        return 1u << actor->role;
    }
    return 0;
}

bool permission_allows(const struct actor *actor, enum permission permission, const char *visit) {
    if ((unsigned)permission >= PERMISSION_COUNT || !(allowed[permission] & bit_of(actor))) {
        return false;
    }
    if (actor->kind == ACTOR_STAFF) {
        return true;
    }
    return visit && actor->visit[0] && strcmp(visit, actor->visit) == 0;
}

bool permission_is_known(const struct actor *actor) {
    return actor->kind != ACTOR_ANYONE;
}

static const char *const role_names[] = {
    [ROLE_REP] = "rep",
    [ROLE_MARKETER] = "marketer",
    [ROLE_ADMIN] = "admin",
};

const char *staff_role_name(enum staff_role role) {
    return role_names[role];
}

bool staff_role_parse(const char *name, enum staff_role *ret) {
    for (size_t i = 0; i < sizeof(role_names) / sizeof(*role_names); i++) {
        if (strcmp(name, role_names[i]) == 0) {
            *ret = (enum staff_role)i;
            return true;
        }
    }
    return false;
}
