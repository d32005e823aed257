/* signal/text.h: a text that grows, for headers, pages and events. Running out of memory or of its
 * bound sets `failed`, and what is added later is left out. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define TEXT_SIZE_MAX (8u * 1024 * 1024)

struct text {
    char *p; /* NUL-terminated once anything was added; NULL before */
    size_t n, capacity;
    bool failed;
};

void text_clear(struct text *t);
void text_add(struct text *t, const char *more);
void text_add_bytes(struct text *t, const void *p, size_t n);
void text_addf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_addv(struct text *t, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* With & < > " ' as entities: for HTML text and quoted attributes, and for XML. */
void text_add_html(struct text *t, const char *more);

/* Percent-encodes all but unreserved characters (RFC 3986 §2.3). */
void text_add_url(struct text *t, const char *more);

/* Drops the first `n` bytes. */
void text_drop(struct text *t, size_t n);
