/* The texts of an HTTP request: path, query, cookies, tokens, entity tags, ranges, origins, times.
 * The input is split at line ends, in that order. */
#include "signal/request.h"
#include "signal/rfc3339.h"
#include "signal/routes.h"
#include "signal/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route table[] = {
    {METHOD_GET, "/w/{slug}/captions/{lang}.vtt", NULL, 0, -1, NULL},
    {METHOD_GET, "/assets/{*}", NULL, 0, -1, NULL},
    {METHOD_POST, "/whep/{visit}/{session}/control", NULL, 0, -1, NULL},
    {0},
};

#define LINES 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *copy = malloc(size + 1), *line[LINES], *at = copy;
    char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX], cookie[32];
    uint64_t from, n;
    unsigned methods;
    int64_t time;

    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);
    copy[size] = '\0';
    for (size_t i = 0; i < LINES; i++) {
        line[i] = at;
        at += strcspn(at, "\n");
        if (*at != '\0') {
            *at++ = '\0';
        }
    }
    struct request r = {.query_count = 1,
                        .query = {line[1]},
                        .headers = {[HEADER_COOKIE] = line[2],
                                    [HEADER_AUTHORIZATION] = line[3],
                                    [HEADER_HOST] = line[6],
                                    [HEADER_ORIGIN] = line[7],
                                    [HEADER_CONTENT_TYPE] = line[3]}};
    route_find(table, METHOD_GET, line[0], params, &methods);
    request_query(&r, "t");
    request_cookie(&r, "parlour_session", cookie, sizeof cookie);
    request_bearer(&r);
    request_content_is(&r, "application/json");
    request_etag_listed(line[4], "\"1\"");
    if (range_parse(line[5], 1000, &from, &n) == RANGE_PART && (n == 0 || from + n > 1000)) {
        abort();
    }
    request_same_origin(&r, line[6]);
    rfc3339_parse(line[8], &time);
    struct text t = {0};
    text_add_html(&t, line[0]);
    text_add_url(&t, line[0]);
    text_clear(&t);
    free(copy);
    return 0;
}
