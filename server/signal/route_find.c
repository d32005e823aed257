#include "signal/routes.h"

#include <string.h>

bool route_fits(const char *pattern, const char *path,
                char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX]) {
    size_t count = 0;

    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (*pattern++ != *path++) {
                return false;
            }
            continue;
        }
        bool rest = strncmp(pattern, "{*}", 3) == 0;
        size_t n = rest ? strlen(path) : strcspn(path, "/.");
        const char *after = strchr(pattern, '}') + 1;
        if (!rest && *after != '.') { /* a dot ends a parameter only where the pattern has one */
            n = strcspn(path, "/");
        }
        if (n == 0 || n >= REQUEST_PARAM_MAX || count == REQUEST_PARAMS_MAX) {
            return false;
        }
        memcpy(params[count], path, n);
        params[count++][n] = '\0';
        path += n;
        pattern = after;
    }
    return *path == '\0';
}

const struct route *route_find(const struct route *table, enum http_method method, const char *path,
                               char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX],
                               unsigned *ret_methods) {
    unsigned wanted = method == METHOD_HEAD ? METHOD_HEAD | METHOD_GET : method;
    unsigned methods = 0;
    const struct route *found = NULL;

    for (const struct route *r = table; r->pattern != NULL; r++) {
        if (found == NULL || (r->methods & ~methods) != 0) {
            char tried[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX] = {{0}};
            if (!route_fits(r->pattern, path, tried)) {
                continue;
            }
            methods |= r->methods;
            if (found == NULL && (r->methods & wanted) != 0) {
                found = r;
                memcpy(params, tried, sizeof tried);
            }
        }
    }
    if ((methods & METHOD_GET) != 0) {
        methods |= METHOD_HEAD;
    }
    *ret_methods = methods;
    return found;
}
