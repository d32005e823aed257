#include "rtmp/amf0.h"

#define DEPTH_MAX 8

enum {
    AMF0_NUMBER = 0,
    AMF0_BOOLEAN = 1,
    AMF0_STRING = 2,
    AMF0_OBJECT = 3,
    AMF0_NULL = 5,
    AMF0_UNDEFINED = 6,
    AMF0_REFERENCE = 7,
    AMF0_ECMA_ARRAY = 8,
    AMF0_OBJECT_END = 9,
    AMF0_STRICT_ARRAY = 10,
    AMF0_DATE = 11,
    AMF0_LONG_STRING = 12,
};

static bool take(struct bytes *b, size_t n, const uint8_t **ret) {
    if (b->n < n) {
        return false;
    }
    *ret = b->p;
    *b = bytes_from(*b, n);
    return true;
}

/* A name: two bytes of length and so many of text. */
static bool take_text(struct bytes *b, size_t length_size, struct bytes *ret) {
    const uint8_t *p;
    if (!take(b, length_size, &p)) {
        return false;
    }
    size_t n = length_size == 2 ? read_be16(p) : read_be32(p);
    if (!take(b, n, &p)) {
        return false;
    }
    *ret = bytes_of(p, n);
    return true;
}

bool amf0_number(struct bytes *b, double *ret) {
    const uint8_t *p;
    if (b->n < 9 || b->p[0] != AMF0_NUMBER || !take(b, 9, &p)) {
        return false;
    }
    uint64_t bits = read_be64(p + 1);
    memcpy(ret, &bits, sizeof(*ret));
    return true;
}

bool amf0_string(struct bytes *b, struct bytes *ret) {
    if (b->n < 1 || (b->p[0] != AMF0_STRING && b->p[0] != AMF0_LONG_STRING)) {
        return false;
    }
    size_t length_size = b->p[0] == AMF0_STRING ? 2 : 4;
    struct bytes rest = bytes_from(*b, 1);
    if (!take_text(&rest, length_size, ret)) {
        return false;
    }
    *b = rest;
    return true;
}

static bool skip_value(struct bytes *b, unsigned depth);

static bool skip_members(struct bytes *b, unsigned depth) {
    for (;;) {
        struct bytes name;
        if (!take_text(b, 2, &name)) {
            return false;
        }
        if (name.n == 0 && b->n > 0 && b->p[0] == AMF0_OBJECT_END) {
            *b = bytes_from(*b, 1);
            return true;
        }
        if (!skip_value(b, depth + 1)) {
            return false;
        }
    }
}

static bool skip_array(struct bytes *b, unsigned depth) {
    const uint8_t *p;
    if (!take(b, 4, &p)) {
        return false;
    }
    for (uint32_t n = read_be32(p); n > 0; n--) { /* each value has a byte, so this ends */
        if (!skip_value(b, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool skip_value(struct bytes *b, unsigned depth) {
    const uint8_t *p;
    struct bytes text;
    if (depth > DEPTH_MAX || !take(b, 1, &p)) {
        return false;
    }
    switch (p[0]) {
    case AMF0_NUMBER:
        return take(b, 8, &p);
    case AMF0_BOOLEAN:
        return take(b, 1, &p);
    case AMF0_STRING:
        return take_text(b, 2, &text);
    case AMF0_LONG_STRING:
        return take_text(b, 4, &text);
    case AMF0_NULL:
    case AMF0_UNDEFINED:
        return true;
    case AMF0_REFERENCE:
        return take(b, 2, &p);
    case AMF0_DATE:
        return take(b, 10, &p);
    case AMF0_OBJECT:
        return skip_members(b, depth);
    case AMF0_ECMA_ARRAY:
        return take(b, 4, &p) && skip_members(b, depth);
    case AMF0_STRICT_ARRAY:
        return skip_array(b, depth);
    default:
        return false;
    }
}

bool amf0_skip(struct bytes *b) {
    struct bytes rest = *b;
    if (!skip_value(&rest, 0)) {
        return false;
    }
    *b = rest;
    return true;
}

bool amf0_object_string(struct bytes *b, const char *name, struct bytes *ret) {
    struct bytes whole = *b, members = bytes_from(*b, 1), key, found = {0};
    if (b->n < 1 || b->p[0] != AMF0_OBJECT || !amf0_skip(&whole)) {
        return false;
    }
    while (take_text(&members, 2, &key) && key.n > 0) {
        struct bytes value = members, text;
        if (bytes_equal(key, bytes_of_text(name)) && amf0_string(&value, &text)) {
            found = text;
        }
        if (!amf0_skip(&members)) {
            break;
        }
    }
    *ret = found;
    *b = whole;
    return true;
}

/* ---- writing ---- */

static void put(struct amf0_writer *w, const void *p, size_t n) {
    if (w->full || w->room.n - w->size < n) {
        w->full = true;
        return;
    }
    memcpy(w->room.p + w->size, p, n);
    w->size += n;
}

static void put_byte(struct amf0_writer *w, uint8_t v) {
    put(w, &v, 1);
}

void amf0_put_number(struct amf0_writer *w, double v) {
    uint8_t p[8];
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    write_be64(p, bits);
    put_byte(w, AMF0_NUMBER);
    put(w, p, sizeof(p));
}

void amf0_put_name(struct amf0_writer *w, const char *name) {
    uint8_t p[2];
    size_t n = strlen(name);
    write_be16(p, (uint16_t)n);
    put(w, p, sizeof(p));
    put(w, name, n);
}

void amf0_put_string(struct amf0_writer *w, const char *text) {
    put_byte(w, AMF0_STRING);
    amf0_put_name(w, text);
}

void amf0_put_null(struct amf0_writer *w) {
    put_byte(w, AMF0_NULL);
}

void amf0_put_object(struct amf0_writer *w) {
    put_byte(w, AMF0_OBJECT);
}

void amf0_put_object_end(struct amf0_writer *w) {
    put(w, "\0\0\11", 3);
}
