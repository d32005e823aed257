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

/* “key” of a green screen: null is "", else "auto" or six hexadecimal digits. */
bool field_key(struct exchange *x, const struct json *body, char ret[static 8], bool *ret_given);

/* Merges those of `keys` (ends with NULL) that the body has into `text`, a row's JSON object of at
 * most `size` bytes with its NUL. `is_fine` judges each value; what is wrong is answered 400, a
 * result that is too long with `too_long`, and `text` stays as it is. *ret_given: the body has one
 * of them. */
bool fields_merge(struct exchange *x, const struct json *body, const char *const keys[],
                  bool (*is_fine)(const char *key, const struct json *value), char *text,
                  size_t size, bool *ret_given, const char *too_long);

/* Unix seconds as text, 0 as null. */
void put_time(struct json *object, const char *key, int64_t unix_seconds);

#define URL_BASE_MAX 300
/* "https://host[:port]" under which the client knows this server. */
void url_base(const struct exchange *x, char ret[static URL_BASE_MAX]);

/* ?offset= and ?limit=. */
bool read_paging(struct exchange *x, size_t *ret_offset, size_t *ret_limit);

/* The id that the path names first, cut to fit: one too long names no row. */
void read_id(const struct exchange *x, char ret[static ID_MAX]);
