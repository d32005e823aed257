/* signal/request.h: one HTTP request as handlers see it. Pure: no sockets. Texts are owned by the
 * request and never NULL once asked for through the functions here. */
#pragma once
#include "base/address.h"
#include "base/spans.h"

enum http_method {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_PATCH = 16,
    METHOD_DELETE = 32,
    METHOD_OPTIONS = 64
};

enum request_header {
    HEADER_HOST,
    HEADER_ORIGIN,
    HEADER_AUTHORIZATION,
    HEADER_COOKIE,
    HEADER_CONTENT_TYPE,
    HEADER_CONTENT_LENGTH,
    HEADER_TRANSFER_ENCODING,
    HEADER_EXPECT,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_RANGE,
    HEADER_IF_RANGE,
    HEADER_FORWARDED_FOR,
    HEADER_FORWARDED_PROTO,
    HEADER_LAST_EVENT_ID,
    HEADER_TUS_RESUMABLE,
    HEADER_UPLOAD_LENGTH,
    HEADER_UPLOAD_OFFSET,
    HEADER_UPLOAD_METADATA,
    HEADER_UPLOAD_CHECKSUM,
    HEADER_COUNT
};

#define REQUEST_HEADER_MAX 4096 /* bytes of one header's value */
#define REQUEST_QUERY_MAX 16    /* arguments */
#define REQUEST_PARAMS_MAX 4    /* {…} in a route */
#define REQUEST_PARAM_MAX 160   /* bytes of one, with the NUL */

struct request {
    enum http_method method;
    char *path; /* decoded, starts with '/' */
    size_t query_count;
    char *query[REQUEST_QUERY_MAX]; /* "name=value", decoded */
    char *headers[HEADER_COUNT];    /* NULL: absent */
    char params[REQUEST_PARAMS_MAX][REQUEST_PARAM_MAX];
    struct bytes body;
    struct address peer;
    bool secure; /* TLS here or at a trusted proxy */
};

void request_clear(struct request *r);

/* "" when absent. */
const char *request_header(const struct request *r, enum request_header h);
bool request_has(const struct request *r, enum request_header h);

/* The decoded value of ?name=, or NULL. */
const char *request_query(const struct request *r, const char *name);

/* The token after "Bearer " (RFC 6750 §2.1), or NULL. */
const char *request_bearer(const struct request *r);

/* Copies the cookie's value; false when absent or too long. */
bool request_cookie(const struct request *r, const char *name, char *ret, size_t n);

/* Is the media type (without parameters) this one? */
bool request_content_is(const struct request *r, const char *media_type);

/* Does the list of entity tags in `field` (If-Match, If-None-Match) hold `etag` or "*"? Weak
 * comparison (RFC 9110 §8.8.3.2). `etag` with its quotes. */
bool request_etag_listed(const char *field, const char *etag);

/* Does Origin name the host that was asked (or is there none)? RFC 6454. */
bool request_same_origin(const struct request *r, const char *public_url);

enum range_answer { RANGE_NONE, RANGE_PART, RANGE_UNSATISFIABLE };

/* One byte range (RFC 9110 §14.1.2) of a file of `size` bytes; several or odd ones count as none.
 */
enum range_answer range_parse(const char *field, uint64_t size, uint64_t *ret_from,
                              uint64_t *ret_n);
