/* signal/routes.h: which call goes to which handler: the whole table in routes.c. Pure. */
#pragma once
#include "signal/request.h"
#include "visit/permission.h"

struct exchange;

enum route_flag {
    ROUTE_CORS = 1,      /* any origin may call it, without cookies */
    ROUTE_ACCESS = 2,    /* find out who asks before the handler runs */
    ROUTE_STREAM = 4,    /* the handler runs before the body and may set a sink */
    ROUTE_PUBLIC = 8,    /* anybody may ask; what they get depends on who they are */
    ROUTE_EMPTY_OK = 16, /* the body may be missing */
    ROUTE_INVITE = 64,   /* ?invite=TOKEN may stand for the Bearer: players fetch without headers */
    ROUTE_LARGE = 128,   /* a body of up to ROUTE_LARGE_MAX bytes, whatever the setting says */
    ROUTE_VISIT = 32     /* the permission is about the visit {…}, the first parameter */
};

#define ROUTE_LARGE_MAX (1024u * 1024)

struct route {
    unsigned methods;    /* enum http_method, or'd */
    const char *pattern; /* "/api/v1/visits/{id}"; the last segment {*} takes the rest */
    void (*handle)(struct exchange *x);
    unsigned flags;
    int permission;        /* enum permission, or -1 */
    const char *body_type; /* media type the body must have, NULL: none is read */
};

/* The end of the table is a route without a pattern. */
extern const struct route routes[];

/* Does `path` fit? Fills the parameters. */
bool route_fits(const char *pattern, const char *path,
                char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX]);

/* The route, or NULL; *ret_methods then tells which methods the path knows (0: unknown path). HEAD
 * is served by GET. */
const struct route *route_find(const struct route *table, enum http_method method, const char *path,
                               char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX],
                               unsigned *ret_methods);
