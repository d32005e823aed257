#include "signal/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void request_clear(struct request *r) {
    free(r->path);
    for (size_t i = 0; i < r->query_count; i++) {
        free(r->query[i]);
    }
    for (size_t i = 0; i < HEADER_COUNT; i++) {
        free(r->headers[i]);
    }
    memset(r, 0, sizeof *r);
}

const char *request_header(const struct request *r, enum request_header h) {
    return r->headers[h] != NULL ? r->headers[h] : "";
}

bool request_has(const struct request *r, enum request_header h) {
    return r->headers[h] != NULL;
}

const char *request_query(const struct request *r, const char *name) {
    size_t n = strlen(name);

    for (size_t i = 0; i < r->query_count; i++) {
        if (strncmp(r->query[i], name, n) == 0 && r->query[i][n] == '=') {
            return r->query[i] + n + 1;
        }
    }
    return NULL;
}

const char *request_bearer(const struct request *r) {
    const char *value = request_header(r, HEADER_AUTHORIZATION);

    if (strncasecmp(value, "Bearer ", 7) != 0) {
        return NULL;
    }
    value += 7;
    while (*value == ' ') {
        value++;
    }
    return *value != '\0' ? value : NULL;
}

bool request_cookie(const struct request *r, const char *name, char *ret, size_t n) {
    const char *at = request_header(r, HEADER_COOKIE);
    size_t name_n = strlen(name);

    while (*at != '\0') {
        while (*at == ' ' || *at == ';') {
            at++;
        }
        size_t part = strcspn(at, ";");
        if (part > name_n && strncmp(at, name, name_n) == 0 && at[name_n] == '=') {
            size_t value_n = part - name_n - 1;
            while (value_n > 0 && at[name_n + value_n] == ' ') {
                value_n--;
            }
            if (value_n == 0 || value_n >= n) {
                return false;
            }
            memcpy(ret, at + name_n + 1, value_n);
            ret[value_n] = '\0';
            return true;
        }
        at += part;
    }
    return false;
}

bool request_content_is(const struct request *r, const char *media_type) {
    const char *value = request_header(r, HEADER_CONTENT_TYPE);
    size_t n = strcspn(value, "; \t");

    return n == strlen(media_type) && strncasecmp(value, media_type, n) == 0;
}

bool request_etag_listed(const char *field, const char *etag) {
    const char *at = field;
    size_t etag_n = strlen(etag);

    while (*at != '\0') {
        while (*at == ' ' || *at == ',' || *at == '\t') {
            at++;
        }
        if (*at == '*') {
            return true;
        }
        if (strncmp(at, "W/", 2) == 0) {
            at += 2;
        }
        size_t n = strcspn(at, ", \t");
        if (n == etag_n && strncmp(at, etag, n) == 0) {
            return true;
        }
        at += n;
    }
    return false;
}

/* The part of a URL after "scheme://", without a path. */
static struct bytes authority_of(const char *url) {
    const char *at = strstr(url, "://");

    if (at == NULL) {
        return bytes_of(NULL, 0);
    }
    at += 3;
    return bytes_of(at, strcspn(at, "/"));
}

static bool text_is(struct bytes b, const char *text) {
    return b.n == strlen(text) && strncasecmp((const char *)b.p, text, b.n) == 0;
}

bool request_same_origin(const struct request *r, const char *public_url) {
    if (!request_has(r, HEADER_ORIGIN)) {
        return true;
    }
    struct bytes origin = authority_of(request_header(r, HEADER_ORIGIN));
    if (origin.n == 0) {
        return false;
    }
    if (text_is(origin, request_header(r, HEADER_HOST))) {
        return true;
    }
    if (public_url == NULL || *public_url == '\0') {
        return false;
    }
    struct bytes ours = authority_of(public_url);
    return ours.n == origin.n &&
           strncasecmp((const char *)ours.p, (const char *)origin.p, ours.n) == 0;
}

/* Decimal digits at `*at`; false when there are none or too many. */
static bool digits(const char **at, uint64_t *ret) {
    uint64_t value = 0;
    size_t n = 0;

    for (; (*at)[n] >= '0' && (*at)[n] <= '9'; n++) {
        if (n >= 18) {
            return false;
        }
        value = value * 10 + (uint64_t)((*at)[n] - '0');
    }
    *at += n;
    *ret = value;
    return n > 0;
}

enum range_answer range_parse(const char *field, uint64_t size, uint64_t *ret_from,
                              uint64_t *ret_n) {
    uint64_t first = 0, last = 0;

    if (strncasecmp(field, "bytes=", 6) != 0) {
        return RANGE_NONE;
    }
    const char *at = field + 6;
    if (*at == '-') {
        at++;
        if (!digits(&at, &last) || *at != '\0') {
            return RANGE_NONE;
        }
        if (last == 0 || size == 0) {
            return RANGE_UNSATISFIABLE;
        }
        *ret_n = last < size ? last : size;
        *ret_from = size - *ret_n;
        return RANGE_PART;
    }
    if (!digits(&at, &first) || *at != '-') {
        return RANGE_NONE;
    }
    at++;
    if (*at == '\0') {
        last = UINT64_MAX;
    } else if (!digits(&at, &last) || *at != '\0' || last < first) {
        return RANGE_NONE;
    }
    if (first >= size) {
        return RANGE_UNSATISFIABLE;
    }
    *ret_from = first;
    *ret_n = (last < size ? last + 1 : size) - first;
    return RANGE_PART;
}
