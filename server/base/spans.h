/* base/spans.h: bytes to read and room to write, instead of a naked pointer and a length. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Bytes somebody else owns. `p` may be NULL only when `n` is 0. */
struct bytes {
    const uint8_t *p;
    size_t n;
};

/* Memory to write into, owned by somebody else. */
struct room {
    uint8_t *p;
    size_t n;
};

static inline struct bytes bytes_of(const void *p, size_t n) {
    return (struct bytes){.p = p, .n = n};
}

static inline struct bytes bytes_of_text(const char *text) {
    return (struct bytes){.p = (const uint8_t *)text, .n = strlen(text)};
}

/* The part that starts at `offset`; empty when `offset` lies past the end. */
static inline struct bytes bytes_from(struct bytes b, size_t offset) {
    return offset < b.n ? bytes_of(b.p + offset, b.n - offset) : bytes_of(NULL, 0);
}

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint16_t read_be16(const uint8_t *p) {
    return (uint16_t)((p[0] << 8) | p[1]);
}

static inline uint32_t read_be24(const uint8_t *p) {
    return ((uint32_t)p[0] << 16) | ((uint32_t)p[1] << 8) | p[2];
}

static inline uint32_t read_be32(const uint8_t *p) {
    return ((uint32_t)p[0] << 24) | ((uint32_t)p[1] << 16) | ((uint32_t)p[2] << 8) | p[3];
}

static inline uint64_t read_be64(const uint8_t *p) {
    return ((uint64_t)read_be32(p) << 32) | read_be32(p + 4);
}

static inline void write_be16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void write_be24(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void write_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void write_be64(uint8_t *p, uint64_t v) {
    write_be32(p, (uint32_t)(v >> 32));
    write_be32(p + 4, (uint32_t)v);
}
