#include "wire/json.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#define INT_EXACT ((int64_t)1 << 53) /* what JavaScript can hold */

/* struct json is never defined: it is jansson's json_t behind a name of ours. */

static json_t *inside(const struct json *value) {
    return (json_t *)(uintptr_t)value;
}

static struct json *outside(const json_t *value) {
    return (struct json *)(uintptr_t)value;
}

/* Depth and number of values, before anything is allocated. Strings are skipped, nothing else is
 * understood: every value but the first follows one of "[,:". */
static bool is_bounded(struct bytes text) {
    size_t depth = 0, values = 1;
    bool in_string = false;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (in_string) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            depth++;
            values++;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',') {
            values++;
        }
        if (depth > JSON_DEPTH_MAX || values > JSON_VALUES_MAX) {
            return false;
        }
    }
    return true;
}

int json_parse(struct bytes text, size_t max, struct json **ret) {
    json_error_t error;
    if (text.n > max) {
        return -EMSGSIZE;
    }
    if (text.n == 0 || !is_bounded(text)) {
        return -EINVAL;
    }
    json_t *value =
        json_loadb((const char *)text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
    }
    *ret = outside(value);
    return 0;
}

void json_free(struct json *value) {
    json_decref(inside(value));
}

struct json *json_duplicate(const struct json *value) {
    return outside(json_deep_copy(inside(value)));
}

/* ---- reading ---- */

enum json_kind json_kind_of(const struct json *value) {
    if (!value) {
        return JSON_KIND_NONE;
    }
    switch (json_typeof(inside(value))) {
    case JSON_OBJECT:
        return JSON_KIND_OBJECT;
    case JSON_ARRAY:
        return JSON_KIND_LIST;
    case JSON_STRING:
        return JSON_KIND_TEXT;
    case JSON_INTEGER:
    case JSON_REAL:
        return JSON_KIND_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return JSON_KIND_BOOL;
    case JSON_NULL:
        return JSON_KIND_NULL;
    }
    return JSON_KIND_NONE;
}

const struct json *json_get(const struct json *object, const char *key) {
    return outside(json_object_get(inside(object), key));
}

bool json_has(const struct json *object, const char *key) {
    return json_get(object, key) != NULL;
}

/* The member unless it is missing or null. */
static const json_t *member(const struct json *object, const char *key) {
    const json_t *value = json_object_get(inside(object), key);
    return json_is_null(value) ? NULL : value;
}

int json_get_text(const struct json *object, const char *key, const char **ret) {
    const json_t *value = member(object, key);
    if (!value) {
        return -ENOENT;
    }
    if (!json_is_string(value)) {
        return -EINVAL;
    }
    *ret = json_string_value(value);
    return 0;
}

int json_get_int(const struct json *object, const char *key, int64_t *ret) {
    const json_t *value = member(object, key);
    if (!value) {
        return -ENOENT;
    }
    double number = json_number_value(value);
    int64_t integer = json_is_integer(value) ? (int64_t)json_integer_value(value) : 0;
    if (!json_is_number(value) || fabs(number) > (double)INT_EXACT || floor(number) != number ||
        integer > INT_EXACT || integer < -INT_EXACT) {
        return -EINVAL;
    }
    *ret = json_is_integer(value) ? integer : (int64_t)number;
    return 0;
}

int json_get_number(const struct json *object, const char *key, double *ret) {
    const json_t *value = member(object, key);
    return value ? json_number(outside(value), ret) : -ENOENT;
}

int json_get_bool(const struct json *object, const char *key, bool *ret) {
    const json_t *value = member(object, key);
    if (!value) {
        return -ENOENT;
    }
    if (!json_is_boolean(value)) {
        return -EINVAL;
    }
    *ret = json_is_true(value);
    return 0;
}

const char *json_text(const struct json *value) {
    return json_string_value(inside(value));
}

int json_number(const struct json *value, double *ret) {
    if (json_kind_of(value) != JSON_KIND_NUMBER) {
        return -EINVAL;
    }
    *ret = json_number_value(inside(value));
    return 0;
}

size_t json_count(const struct json *value) {
    return json_kind_of(value) == JSON_KIND_LIST ? json_array_size(inside(value))
                                                 : json_object_size(inside(value));
}

const struct json *json_at(const struct json *list, size_t index) {
    return outside(json_array_get(inside(list), index));
}

const char *json_unknown_member(const struct json *object, const char *const *known) {
    const char *key;
    const struct json *value;
    for (void *i = NULL; json_next_member(object, &i, &key, &value);) {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0) {
            k++;
        }
        if (!*k) {
            return key;
        }
    }
    return NULL;
}

bool json_next_member(const struct json *object, void **iterator, const char **ret_key,
                      const struct json **ret_value) {
    json_t *o = inside(object);
    *iterator = *iterator ? json_object_iter_next(o, *iterator) : json_object_iter(o);
    if (!*iterator) {
        return false;
    }
    *ret_key = json_object_iter_key(*iterator);
    *ret_value = outside(json_object_iter_value(*iterator));
    return true;
}

/* ---- making ---- */

struct json *json_new_object(void) {
    return outside(json_object());
}

struct json *json_new_list(void) {
    return outside(json_array());
}

/* Size of the UTF-8 sequence at `p` (RFC 3629 §4), 0 when it is none. */
static size_t utf8_size(const uint8_t *p, size_t n) {
    uint8_t a = p[0], low = 0x80, high = 0xbf;
    size_t size = a < 0x80 ? 1 : a < 0xc2 ? 0 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : a < 0xf5 ? 4 : 0;
    if (size == 0 || size > n) {
        return 0;
    }
    low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : low;
    high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : high;
    for (size_t i = 1; i < size; i++, low = 0x80, high = 0xbf) {
        if (p[i] < low || p[i] > high) {
            return 0;
        }
    }
    return size;
}

static json_t *repaired_text(const char *text) {
    size_t n = strlen(text), used = 0;
    char *copy = malloc(3 * n + 1);
    if (!copy) {
        return NULL;
    }
    for (size_t i = 0; i < n;) {
        size_t size = utf8_size((const uint8_t *)text + i, n - i);
        memcpy(copy + used, size ? text + i : "\xef\xbf\xbd", size ? size : 3);
        used += size ? size : 3;
        i += size ? size : 1;
    }
    json_t *value = json_stringn(copy, used);
    free(copy);
    return value;
}

static json_t *new_text(const char *text) {
    json_t *value = json_string(text);
    return value ? value : repaired_text(text);
}

struct json *json_new_text(const char *text) {
    return text ? outside(new_text(text)) : outside(json_null());
}

/* jansson's _new functions take the reference also when they fail, and refuse what is no object. */
static void put(struct json *object, const char *key, json_t *value) {
    (void)json_object_set_new(inside(object), key, value ? value : json_null());
}

void json_put(struct json *object, const char *key, struct json *value) {
    put(object, key, inside(value));
}

void json_put_text(struct json *object, const char *key, const char *text) {
    put(object, key, text ? new_text(text) : NULL);
}

void json_put_int(struct json *object, const char *key, int64_t number) {
    put(object, key, json_integer(number));
}

void json_put_number(struct json *object, const char *key, double number) {
    put(object, key, json_real(number)); /* NULL when not finite */
}

void json_put_bool(struct json *object, const char *key, bool flag) {
    put(object, key, json_boolean(flag));
}

void json_put_null(struct json *object, const char *key) {
    put(object, key, NULL);
}

void json_add(struct json *list, struct json *value) {
    (void)json_array_append_new(inside(list), value ? inside(value) : json_null());
}

void json_add_text(struct json *list, const char *text) {
    json_add(list, json_new_text(text));
}

void json_add_int(struct json *list, int64_t number) {
    json_add(list, outside(json_integer(number)));
}

/* ---- writing ---- */

#define WRITE_FLAGS (JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(15))

int json_write(const struct json *value, struct room room) {
    if (!value) {
        return -EINVAL;
    }
    size_t n = json_dumpb(inside(value), (char *)room.p, room.n, WRITE_FLAGS);
    if (n == 0) {
        return -EINVAL;
    }
    return n <= room.n ? (int)n : -ENOSPC;
}

/* The escape of what may not stand inside a script element, and how many bytes it stands for. */
static const char *html_escape(const char *p, size_t *ret_size) {
    *ret_size = 1;
    switch (*p) {
    case '<':
        return "\\u003c";
    case '>':
        return "\\u003e";
    case '&':
        return "\\u0026";
    case '\xe2':
        *ret_size = 3;
        if (strncmp(p, "\xe2\x80\xa8", 3) == 0) {
            return "\\u2028";
        }
        return strncmp(p, "\xe2\x80\xa9", 3) == 0 ? "\\u2029" : NULL;
    default:
        return NULL;
    }
}

static char *escape_for_html(const char *text, size_t n) {
    char *out = malloc(6 * n + 1);
    if (!out) {
        return NULL;
    }
    size_t used = 0, size;
    for (size_t i = 0; i < n;) {
        const char *escape = html_escape(text + i, &size);
        if (escape) {
            memcpy(out + used, escape, 6);
            used += 6;
            i += size;
        } else {
            out[used++] = text[i++];
        }
    }
    out[used] = '\0';
    return out;
}

char *json_write_text(const struct json *value, bool for_html, size_t *ret_size) {
    char *text = value ? json_dumps(inside(value), WRITE_FLAGS) : NULL;
    if (text && for_html) {
        char *escaped = escape_for_html(text, strlen(text));
        free(text);
        text = escaped;
    }
    if (text && ret_size) {
        *ret_size = strlen(text);
    }
    return text;
}
