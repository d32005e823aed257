#include "signal/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_clear(struct text *t) {
    free(t->p);
    memset(t, 0, sizeof *t);
}

static bool reserve(struct text *t, size_t more) {
    if (t->failed || more > TEXT_SIZE_MAX - t->n) {
        t->failed = true;
        return false;
    }
    size_t need = t->n + more + 1;
    if (need > t->capacity) {
        size_t capacity = t->capacity != 0 ? t->capacity : 256;
        while (capacity < need) {
            capacity *= 2;
        }
        char *p = realloc(t->p, capacity);
        if (p == NULL) {
            t->failed = true;
            return false;
        }
        t->p = p;
        t->capacity = capacity;
    }
    return true;
}

void text_add_bytes(struct text *t, const void *p, size_t n) {
    if (reserve(t, n)) {
        if (n > 0) {
            memcpy(t->p + t->n, p, n);
        }
        t->n += n;
        t->p[t->n] = '\0';
    }
}

void text_add(struct text *t, const char *more) {
    text_add_bytes(t, more, strlen(more));
}

void text_addv(struct text *t, const char *format, va_list args) {
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    if (n < 0) {
        t->failed = true;
    } else if (reserve(t, (size_t)n)) {
        vsnprintf(t->p + t->n, (size_t)n + 1, format, again);
        t->n += (size_t)n;
    }
    va_end(again);
}

void text_addf(struct text *t, const char *format, ...) {
    va_list args;

    va_start(args, format);
    text_addv(t, format, args);
    va_end(args);
}

static const char *entity_of(char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    }
    return NULL;
}

void text_add_html(struct text *t, const char *more) {
    for (; *more != '\0'; more++) {
        const char *entity = entity_of(*more);
        if (entity != NULL) {
            text_add(t, entity);
        } else {
            text_add_bytes(t, more, 1);
        }
    }
}

void text_add_url(struct text *t, const char *more) {
    for (; *more != '\0'; more++) {
        unsigned char c = (unsigned char)*more;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~", c) != NULL) {
            text_add_bytes(t, more, 1);
        } else {
            text_addf(t, "%%%02X", c);
        }
    }
}

void text_drop(struct text *t, size_t n) {
    if (n >= t->n) {
        t->n = 0;
    } else {
        memmove(t->p, t->p + n, t->n - n);
        t->n -= n;
    }
    if (t->p != NULL) {
        t->p[t->n] = '\0';
    }
}
