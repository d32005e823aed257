/* visit/permission.h: who may do what, in one place and nowhere else. Pure. */
#pragma once
#include <stdbool.h>

#define ID_MAX                                                                                     \
    24 /* of visits, users, invites, walkthroughs …: up to 23 URL-safe characters + NUL */

enum staff_role { ROLE_REP, ROLE_MARKETER, ROLE_ADMIN };

enum actor_kind {
    ACTOR_ANYONE,   /* no credential, or one that is not valid */
    ACTOR_CUSTOMER, /* an invite, for one visit */
    ACTOR_ENCODER,  /* a visit's stream key, for that visit */
    ACTOR_STAFF     /* a session cookie or an API token */
};

/* Who asks. */
struct actor {
    enum actor_kind kind;
    enum staff_role role; /* STAFF */
    char id[ID_MAX];      /* of the user, API token, invite; the visit's for a stream key */
    char visit[ID_MAX];   /* CUSTOMER and ENCODER: the only visit they may touch, else "" */
};

enum permission {
    PERMISSION_PRODUCTS_READ,
    PERMISSION_PRODUCTS_WRITE,
    PERMISSION_WALKTHROUGHS_READ,  /* the list and unpublished ones; published ones are for everyone
                                    */
    PERMISSION_WALKTHROUGHS_WRITE, /* uploads, compile, publish */
    PERMISSION_FILM_QUESTIONS_READ,   /* what was asked at seconds of walkthroughs */
    PERMISSION_FILM_QUESTIONS_ANSWER, /* also park and delete */
    PERMISSION_UPLOADS,       /* bring a file; what it becomes has a permission of its own */
    PERMISSION_SOURCES_READ,  /* live sources, without their keys */
    PERMISSION_SOURCES_WRITE, /* make and change them, see their keys */
    PERMISSION_VISITS_LIST,
    PERMISSION_VISITS_CREATE,
    PERMISSION_VISIT_READ,        /* the whole object with its stream key */
    PERMISSION_VISIT_CHANGE,      /* PATCH, DELETE */
    PERMISSION_VISIT_RUN,         /* start, end, stage, feeds */
    PERMISSION_INVITES,           /* create, list, revoke; the calendar file and QR of any invite */
    PERMISSION_INVITE_OWN,        /* the calendar file and QR of the invite in hand */
    PERMISSION_VISIT_JOIN,        /* be in its state: WebSocket */
    PERMISSION_VISIT_WATCH,       /* WHEP */
    PERMISSION_VISIT_REPLAY,      /* see and play the replay, published or not */
    PERMISSION_RECORDING_CONSENT, /* give or revoke one's own consent to be recorded */
    PERMISSION_PUBLISH_CAMERA,
    PERMISSION_PUBLISH_SCREEN,
    PERMISSION_PUBLISH_PERSON,
    PERMISSION_PUBLISH_CONTENT,
    PERMISSION_USERS, /* add staff, create tokens for others */
    PERMISSION_COUNT
};

/* `visit` is the id of the visit that is touched, or NULL when the permission is about none. */
bool permission_allows(const struct actor *actor, enum permission permission, const char *visit);

/* True when `actor` presented some credential: decides between 401 and 403. */
bool permission_is_known(const struct actor *actor);

const char *staff_role_name(enum staff_role role);             /* "rep", "marketer", "admin" */
bool staff_role_parse(const char *name, enum staff_role *ret); /* false for any other word */
