/* JSON: what is accepted can be read in every way, and written text is accepted again. */
#include <stdlib.h>

#include "wire/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_value(const struct json *value) {
    const char *const known[] = {"type", "data", "id", NULL};
    const struct json *member;
    const char *key, *text;
    int64_t integer;
    double number;
    bool flag;
    json_get_text(value, "type", &text);
    json_unknown_member(value, known);
    for (void *i = NULL; json_next_member(value, &i, &key, &member);) {
        json_get_text(value, key, &text);
        json_get_int(value, key, &integer);
        json_get_number(value, key, &number);
        json_get_bool(value, key, &flag);
        read_value(member);
    }
    for (size_t i = 0; json_kind_of(value) == JSON_KIND_LIST && i < json_count(value); i++) {
        read_value(json_at(value, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct json *value, *back;
    size_t n;
    if (json_parse(bytes_of(data, size), 65536, &value) < 0) {
        return 0;
    }
    read_value(value);
    char *text = json_write_text(value, size & 1, &n);
    if (!text || json_parse(bytes_of(text, n), SIZE_MAX, &back) < 0) {
        abort();
    }
    json_free(back);
    free(text);
    json_free(value);
    return 0;
}
