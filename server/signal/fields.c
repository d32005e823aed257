#include "signal/fields.h"
#include "signal/rfc3339.h"
#include "signal/state.h"
#include "wire/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

bool field_text(struct exchange *x, const struct json *body, const char *key, char *ret, size_t n,
                bool *ret_given) {
    const char *text = NULL;
    int r = json_get_text(body, key, &text);

    if (ret_given != NULL) {
        *ret_given = r == 0;
    }
    if (r == -EINVAL) {
        reply_bad_field(x, key, "“%s” must be a text.", key);
        return false;
    }
    if (r == 0) {
        if (strlen(text) >= n) {
            reply_bad_field(x, key, "“%s” may have at most %zu bytes.", key, n - 1);
            return false;
        }
        snprintf(ret, n, "%s", text);
    }
    return true;
}

bool field_required(struct exchange *x, const struct json *body, const char *key, char *ret,
                    size_t n) {
    if (!field_text(x, body, key, ret, n, NULL)) {
        return false;
    }
    if (ret[strspn(ret, " \t\r\n")] == '\0') {
        reply_bad_field(x, key, "“%s” is missing.", key);
        return false;
    }
    return true;
}

bool field_time(struct exchange *x, const struct json *body, const char *key, int64_t *ret,
                bool *ret_given) {
    const char *text = NULL;
    int r = json_get_text(body, key, &text);

    if (ret_given != NULL) {
        *ret_given = json_has(body, key);
    }
    if (r == -ENOENT) {
        if (json_has(body, key)) {
            *ret = 0;
        }
        return true;
    }
    if (r < 0 || rfc3339_parse(text, ret) < 0) {
        reply_bad_field(x, key, "“%s” must be a time such as 2026-11-21T15:00:00Z.", key);
        return false;
    }
    return true;
}

bool field_bool(struct exchange *x, const struct json *body, const char *key, bool *ret,
                bool *ret_given) {
    int r = json_get_bool(body, key, ret);

    if (ret_given != NULL) {
        *ret_given = r == 0;
    }
    if (r == -EINVAL) {
        reply_bad_field(x, key, "“%s” must be true or false.", key);
        return false;
    }
    return true;
}

bool field_key(struct exchange *x, const struct json *body, char ret[static 8], bool *ret_given) {
    char key[8] = "";

    *ret_given = json_has(body, "key");
    if (!field_text(x, body, "key", key, sizeof key, NULL)) {
        return false;
    }
    if (key[0] != '\0' && strcmp(key, "auto") != 0 &&
        (strlen(key) != 6 || strspn(key, "0123456789abcdefABCDEF") != 6)) {
        reply_bad_field(x, "key", "“key” must be null, auto, or a colour like 00b140.");
        return false;
    }
    if (*ret_given) {
        snprintf(ret, 8, "%s", key);
    }
    return true;
}

bool fields_merge(struct exchange *x, const struct json *body, const char *const keys[],
                  bool (*is_fine)(const char *key, const struct json *value), char *text,
                  size_t size, bool *ret_given, const char *too_long) {
    struct json *old = NULL, *merged = json_new_object();
    bool fine = true;

    json_parse(bytes_of_text(text), size, &old);
    for (size_t i = 0; keys[i] != NULL && fine; i++) {
        bool given = json_has(body, keys[i]);
        const struct json *value = given ? json_get(body, keys[i]) : json_get(old, keys[i]);
        if (given) {
            *ret_given = true;
            fine = is_fine(keys[i], value);
            if (!fine) {
                reply_bad_field(x, keys[i], "“%s” has the wrong form.", keys[i]);
            }
        }
        json_put(merged, keys[i], json_duplicate(value));
    }
    size_t n = 0;
    char *written = json_write_text(merged, false, &n);
    if (fine && (written == NULL || n >= size)) {
        reply_problem(x, 400, "too-large", "%s", too_long);
        fine = false;
    } else if (fine) {
        memcpy(text, written, n + 1);
    }
    free(written);
    json_free(old);
    json_free(merged);
    return fine;
}

void put_time(struct json *object, const char *key, int64_t unix_seconds) {
    char text[RFC3339_MAX];

    if (unix_seconds == 0) {
        json_put_null(object, key);
        return;
    }
    rfc3339_text(unix_seconds, text);
    json_put_text(object, key, text);
}

void url_base(const struct exchange *x, char ret[static URL_BASE_MAX]) {
    const char *configured = x->signal->config->public_url;
    const char *host = request_header(&x->request, HEADER_HOST);
    size_t n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]");

    if (configured[0] != '\0') {
        snprintf(ret, URL_BASE_MAX, "%s", configured);
        size_t end = strlen(ret);
        if (end > 0 && ret[end - 1] == '/') {
            ret[end - 1] = '\0';
        }
        return;
    }
    snprintf(ret, URL_BASE_MAX, "%s://%.*s", x->request.secure ? "https" : "http",
             (int)(n < 256 ? n : 256), n > 0 ? host : "localhost");
}

static bool read_count(struct exchange *x, const char *name, size_t *ret) {
    const char *text = request_query(&x->request, name);

    if (text == NULL) {
        return true;
    }
    if (text[0] == '\0' || strlen(text) > 9 || text[strspn(text, "0123456789")] != '\0') {
        reply_bad_field(x, name, "“%s” must be a number.", name);
        return false;
    }
    *ret = (size_t)strtoul(text, NULL, 10);
    return true;
}

bool read_paging(struct exchange *x, size_t *ret_offset, size_t *ret_limit) {
    *ret_offset = 0;
    *ret_limit = 0;
    return read_count(x, "offset", ret_offset) && read_count(x, "limit", ret_limit);
}

void read_id(const struct exchange *x, char ret[static ID_MAX]) {
    snprintf(ret, ID_MAX, "%.*s", ID_MAX - 1, x->request.params[0]);
}
