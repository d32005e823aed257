/* signal/fields.h: reading checked fields out of JSON bodies, and writing what every resource has.
 * The read functions answer 400 themselves and then return false. */
#pragma once
#include "signal/http.h"

struct json;

/* Absent or null: `ret` stays as it is and *ret_given (may be NULL) is false. */
bool field_text(struct exchange *x, const struct json *body, const char *key, char *ret, size_t n,
                bool *ret_given);
/* Also: must be there and not blank. */
bool field_required(struct exchange *x, const struct json *body, const char *key, char *ret,
                    size_t n);
/* RFC 3339; null is 0. */
bool field_time(struct exchange *x, const struct json *body, const char *key, int64_t *ret,
                bool *ret_given);
bool field_bool(struct exchange *x, const struct json *body, const char *key, bool *ret,
                bool *ret_given);

/* Unix seconds as text, 0 as null. */
void put_time(struct json *object, const char *key, int64_t unix_seconds);

#define URL_BASE_MAX 300
/* "https://host[:port]" under which the client knows this server. */
void url_base(const struct exchange *x, char ret[static URL_BASE_MAX]);

/* ?offset= and ?limit=. */
bool read_paging(struct exchange *x, size_t *ret_offset, size_t *ret_limit);
