/* wire/json.h: JSON (RFC 8259) with bounds, over jansson, which nothing else includes. A `struct
 * json` is one value; whoever makes a tree frees its root. */
#pragma once
#include "base/spans.h"

#define JSON_DEPTH_MAX 32
#define JSON_VALUES_MAX 20000

struct json;

enum json_kind {
    JSON_KIND_NONE, /* no value at all */
    JSON_KIND_NULL,
    JSON_KIND_BOOL,
    JSON_KIND_NUMBER,
    JSON_KIND_TEXT,
    JSON_KIND_LIST,
    JSON_KIND_OBJECT
};

/* Parses one whole text of at most `max` bytes. Refused: more than JSON_DEPTH_MAX levels or
 * JSON_VALUES_MAX values, duplicate keys, invalid UTF-8, U+0000 in strings, numbers out of range.
 * 0, -EMSGSIZE over `max`, -EINVAL otherwise, -ENOMEM. */
int json_parse(struct bytes text, size_t max, struct json **ret);
void json_free(struct json *value); /* NULL is fine. Roots only. */

/* A copy that lives by itself; NULL without memory. */
struct json *json_duplicate(const struct json *value);

/* ---- Reading. NULL is accepted as "no value" everywhere. ---- */

enum json_kind json_kind_of(const struct json *value);

/* The member `key`, or NULL. The result belongs to `object`. */
const struct json *json_get(const struct json *object, const char *key);
bool json_has(const struct json *object, const char *key); /* also when it is null */

/* Each is 0 with the value, -ENOENT when there is no such member or it is null, -EINVAL when it has
 * another type (for int also a fraction or beyond ±2^53). Outputs are untouched then. */
int json_get_text(const struct json *object, const char *key, const char **ret);
int json_get_int(const struct json *object, const char *key, int64_t *ret);
int json_get_number(const struct json *object, const char *key, double *ret);
int json_get_bool(const struct json *object, const char *key, bool *ret);

/* The value itself. NULL when it is no text. */
const char *json_text(const struct json *value);
int json_number(const struct json *value, double *ret); /* 0 or -EINVAL */

size_t json_count(const struct json *list_or_object);
const struct json *json_at(const struct json *list, size_t index); /* NULL past the end */

/* Name of the first member that is not in the NULL-terminated `known`, or NULL when all are. */
const char *json_unknown_member(const struct json *object, const char *const *known);

/* Walks members in the order they were put: start with *iterator NULL; false at the end. */
bool json_next_member(const struct json *object, void **iterator, const char **ret_key,
                      const struct json **ret_value);

/* ---- Making. Building never fails half-way: running out of memory marks nothing, but the value is
 * left out, and json_new_… returns NULL, which every function here accepts. ---- */

struct json *json_new_object(void);
struct json *json_new_list(void);
struct json *json_new_text(const char *text); /* invalid UTF-8 becomes U+FFFD */

void json_put(struct json *object, const char *key,
              struct json *value); /* takes value; NULL: null */
void json_put_text(struct json *object, const char *key, const char *text); /* NULL text: null */
void json_put_int(struct json *object, const char *key, int64_t number);
void json_put_number(struct json *object, const char *key, double number); /* not finite: null */
void json_put_bool(struct json *object, const char *key, bool flag);
void json_put_null(struct json *object, const char *key);
void json_add(struct json *list, struct json *value); /* takes value; NULL: null */
void json_add_text(struct json *list, const char *text);
void json_add_int(struct json *list, int64_t number);

/* ---- Writing: compact, members in order, no NUL at the end. ---- */

/* Size, or -ENOSPC, or -EINVAL for NULL. */
int json_write(const struct json *value, struct room room);

/* A NUL-terminated text to free() with its length (ret_size may be NULL), or NULL. For pages,
 * `for_html` writes < > & U+2028 U+2029 as \u escapes, so that it may stand inside a script
 * element. */
char *json_write_text(const struct json *value, bool for_html, size_t *ret_size);
