#include "feedback.h"
#include <string.h>

#define TICKS_A_REFERENCE 256 /* 64 ms in 250 µs */
#define VECTOR 7              /* two-bit symbols in a chunk */
#define SMALL 1u
#define LARGE 2u

static void put16(uint8_t *p, unsigned v) {
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v) {
    put16(p, v >> 16);
    put16(p + 2, v & 0xffff);
}

static uint32_t *time_of(struct feedback *f, uint16_t number) {
    return &f->times[number % FEEDBACK_PACKETS];
}

void feedback_take(struct feedback *f, uint16_t number, uint64_t now_us) {
    if (!f->started) {
        f->started = true;
        f->base = number;
    }
    const uint16_t ahead = (uint16_t)(number - f->base);
    if (ahead >= 0x8000) {
        return; /* late: it was told as missing */
    }
    if (ahead >= FEEDBACK_PACKETS) { /* nobody asked for so long: begin anew */
        memset(f->times, 0, sizeof f->times);
        f->base = number;
        f->span = 0;
    }
    const uint32_t ticks = (uint32_t)(now_us / 250);
    *time_of(f, number) = ticks ? ticks : 1;
    if ((uint16_t)(number - f->base) >= f->span) {
        f->span = (uint16_t)(number - f->base + 1);
    }
}

size_t feedback_write(struct feedback *f, uint32_t sender, uint32_t media,
                      uint8_t p[static FEEDBACK_SIZE]) {
    uint8_t deltas[2 * FEEDBACK_PACKETS];
    size_t chunk = 20, delta_size = 0;
    uint32_t last = 0;
    if (f->span == 0) {
        return 0;
    }
    for (unsigned i = 0; i < f->span && last == 0; i++) {
        last = *time_of(f, (uint16_t)(f->base + i));
    }
    const uint32_t reference = last / TICKS_A_REFERENCE;
    last = reference * TICKS_A_REFERENCE;
    put16(p + 12, f->base);
    put16(p + 14, f->span);
    put32(p + 16, (reference & 0xffffff) << 8 | f->count++);
    for (unsigned i = 0; i < f->span; i += VECTOR, chunk += 2) {
        unsigned symbols = 0;
        for (unsigned k = 0; k < VECTOR; k++) {
            uint32_t *time = i + k < f->span ? time_of(f, (uint16_t)(f->base + i + k)) : NULL;
            unsigned symbol = 0;
            if (time && *time) {
                const int32_t delta = (int32_t)(*time - last);
                last = *time;
                *time = 0;
                if (delta >= 0 && delta < 256) {
                    symbol = SMALL;
                    deltas[delta_size++] = (uint8_t)delta;
                } else {
                    symbol = LARGE;
                    put16(deltas + delta_size, (unsigned)delta & 0xffff);
                    delta_size += 2;
                }
            }
            symbols = symbols << 2 | symbol;
        }
        put16(p + chunk, 0xc000 | symbols);
    }
    f->base = (uint16_t)(f->base + f->span);
    f->span = 0;
    size_t size = chunk + delta_size;
    memcpy(p + chunk, deltas, delta_size);
    const size_t padding = (4 - size % 4) % 4;
    memset(p + size, 0, padding);
    size += padding;
    if (padding) {
        p[size - 1] = (uint8_t)padding;
    }
    p[0] = (uint8_t)(0x80 | (padding ? 0x20 : 0) | 15); /* RTPFB, transport-wide */
    p[1] = 205;
    put16(p + 2, (unsigned)(size / 4 - 1));
    put32(p + 4, sender);
    put32(p + 8, media);
    return size;
}

bool feedback_number(const uint8_t *p, size_t n, unsigned id, uint16_t *ret) {
    size_t at = 12 + 4 * (size_t)(p[0] & 15);
    if (!(p[0] & 0x10) || at + 4 > n || p[at] != 0xbe || p[at + 1] != 0xde) {
        return false;
    }
    size_t end = at + 4 + 4 * (size_t)(p[at + 2] << 8 | p[at + 3]);
    end = end < n ? end : n;
    for (at += 4; at < end;) {
        const size_t size = (p[at] & 15u) + 1u;
        if (p[at] == 0) {
            at++;
        } else if (p[at] >> 4 == id && size == 2 && at + 3 <= end) {
            *ret = (uint16_t)(p[at + 1] << 8 | p[at + 2]);
            return true;
        } else {
            at += 1 + size;
        }
    }
    return false;
}
