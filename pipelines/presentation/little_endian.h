/* presentation/little_endian.h: numbers as our own files have them. */
#pragma once
#include <stdint.h>

static inline void write_le16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void write_le32(uint8_t *p, uint32_t v) {
    write_le16(p, (uint16_t)v);
    write_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void write_le64(uint8_t *p, uint64_t v) {
    write_le32(p, (uint32_t)v);
    write_le32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t read_le16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t read_le32(const uint8_t *p) {
    return read_le16(p) | (uint32_t)read_le16(p + 2) << 16;
}

static inline uint64_t read_le64(const uint8_t *p) {
    return read_le32(p) | (uint64_t)read_le32(p + 4) << 32;
}
