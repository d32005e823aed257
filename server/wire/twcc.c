#include "wire/twcc.h"

#include <errno.h>

#define HEADER 20 /* RTCP header, two SSRCs, base, count, reference time, feedback count */
#define TICK 250u /* µs, of a delta */
#define TICKS_OF_REFERENCE 256 /* 64 ms */
#define REFERENCE_MASK 0xffffff
#define RUN_MAX 0x1fff

enum symbol { LOST, SMALL, LARGE, RESERVED }; /* §3.1.1; the value is the size of the delta */

struct step {
    uint8_t symbol;
    int16_t delta;
};

/* ---- writing ---- */

/* What each packet needs, from the reference time on. Returns how many can be said in one feedback.
 */
static size_t measure(const usec_t *arrivals, size_t count, struct step *ret_steps) {
    int64_t last = (int64_t)(arrivals[0] / TICK) / TICKS_OF_REFERENCE * TICKS_OF_REFERENCE;
    for (size_t i = 0; i < count; i++) {
        if (arrivals[i] == TWCC_LOST) {
            ret_steps[i] = (struct step){.symbol = LOST};
            continue;
        }
        int64_t tick = (int64_t)(arrivals[i] / TICK);
        int64_t delta = tick - last;
        if (delta < INT16_MIN || delta > INT16_MAX) {
            return i;
        }
        ret_steps[i] = (struct step){.symbol = delta >= 0 && delta <= UINT8_MAX ? SMALL : LARGE,
                                     .delta = (int16_t)delta};
        last = tick;
    }
    return count;
}

static size_t run_of(const struct step *steps, size_t count) {
    size_t n = 1;
    while (n < count && n < RUN_MAX && steps[n].symbol == steps[0].symbol) {
        n++;
    }
    return n;
}

/* One chunk (§3.1.2 to §3.1.4) for the first steps; *ret_covered of them. */
static uint16_t make_chunk(const struct step *steps, size_t count, size_t *ret_covered) {
    size_t run = run_of(steps, count);
    if (run >= 14 || run == count || (run >= 7 && steps[0].symbol == LARGE)) {
        *ret_covered = run;
        return (uint16_t)(steps[0].symbol << 13 | run);
    }
    size_t n = count < 14 ? count : 14;
    uint16_t one_bit = 0, two_bits = 0;
    bool large = false;
    for (size_t i = 0; i < n; i++) {
        large |= steps[i].symbol == LARGE;
        one_bit |= (uint16_t)((steps[i].symbol & 1) << (13 - i));
        if (i < 7) {
            two_bits |= (uint16_t)(steps[i].symbol << (12 - 2 * i));
        }
    }
    *ret_covered = large && n > 7 ? 7 : n;
    return (uint16_t)(large ? 0xc000 | two_bits : 0x8000 | one_bit);
}

static size_t delta_bytes(const struct step *steps, size_t count) {
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        n += steps[i].symbol;
    }
    return n;
}

int twcc_write(struct room room, const struct twcc_feedback *feedback, const usec_t *arrivals,
               size_t count, size_t *ret_covered) {
    struct step steps[TWCC_STATUSES_MAX];
    if (count == 0 || arrivals[0] == TWCC_LOST) {
        return -EINVAL;
    }
    count = measure(arrivals, count < TWCC_STATUSES_MAX ? count : TWCC_STATUSES_MAX, steps);

    size_t usable = room.n & ~(size_t)3, chunks_end = HEADER, deltas = 0, covered = 0;
    for (size_t limit = count; covered < limit;) {
        size_t n;
        uint16_t chunk = make_chunk(steps + covered, limit - covered, &n);
        size_t more = delta_bytes(steps + covered, n);
        if (chunks_end + 2 + deltas + more > usable) {
            limit = covered + n - 1; /* a shorter last chunk may fit */
            continue;
        }
        write_be16(room.p + chunks_end, chunk);
        chunks_end += 2;
        deltas += more;
        covered += n;
    }
    if (covered == 0) {
        return -ENOSPC;
    }
    uint8_t *p = room.p + chunks_end;
    for (size_t i = 0; i < covered; i++) {
        if (steps[i].symbol == SMALL) {
            *p++ = (uint8_t)steps[i].delta;
        } else if (steps[i].symbol == LARGE) {
            write_be16(p, (uint16_t)steps[i].delta);
            p += 2;
        }
    }
    size_t used = (size_t)(p - room.p), size = (used + 3) & ~(size_t)3;
    memset(p, 0, size - used);
    if (size > used) {
        room.p[size - 1] = (uint8_t)(size - used);
    }
    room.p[0] = (uint8_t)(0x80 | (size > used ? 0x20 : 0) | RTCP_RTPFB_TWCC);
    room.p[1] = RTCP_RTPFB;
    write_be16(room.p + 2, (uint16_t)(size / 4 - 1));
    write_be32(room.p + 4, feedback->sender);
    write_be32(room.p + 8, feedback->media);
    write_be16(room.p + 12, feedback->base);
    write_be16(room.p + 14, (uint16_t)covered);
    write_be24(room.p + 16, (uint32_t)(arrivals[0] / TICK / TICKS_OF_REFERENCE) & REFERENCE_MASK);
    room.p[19] = feedback->count;
    *ret_covered = covered;
    return (int)size;
}

/* ---- reading ---- */

/* Symbol `i` of a chunk; false past its end. */
static bool chunk_symbol(uint16_t chunk, size_t i, enum symbol *ret) {
    if (!(chunk & 0x8000)) {
        *ret = (enum symbol)((chunk >> 13) & 3);
        return i < (chunk & RUN_MAX);
    }
    if (!(chunk & 0x4000)) {
        *ret = i < 14 && chunk & (1u << (13 - i)) ? SMALL : LOST;
        return i < 14;
    }
    *ret = i < 7 ? (enum symbol)((chunk >> (12 - 2 * i)) & 3) : LOST;
    return i < 7;
}

/* Puts the symbol of each status in ret_arrivals. The size of the chunks, or -EBADMSG. */
static int read_symbols(struct bytes body, size_t count, usec_t *ret_arrivals) {
    size_t at = 0;
    for (size_t done = 0; done < count; at += 2) {
        if (body.n < at + 2) {
            return -EBADMSG;
        }
        uint16_t chunk = read_be16(body.p + at);
        enum symbol s;
        for (size_t i = 0; done < count && chunk_symbol(chunk, i, &s); i++) {
            if (s == RESERVED) {
                return -EBADMSG;
            }
            ret_arrivals[done++] = (usec_t)s;
        }
    }
    return (int)at;
}

int twcc_parse(const struct rtcp_packet *packet, struct twcc_feedback *ret, usec_t *ret_arrivals,
               size_t max) {
    const uint8_t *p = packet->body.p;
    if (packet->type != RTCP_RTPFB || packet->count != RTCP_RTPFB_TWCC ||
        packet->body.n < HEADER - 4) {
        return -EBADMSG;
    }
    size_t count = read_be16(p + 10);
    if (count > max) {
        return -EMSGSIZE;
    }
    struct bytes rest = bytes_from(packet->body, HEADER - 4);
    int chunks = read_symbols(rest, count, ret_arrivals);
    if (chunks < 0) {
        return chunks;
    }
    rest = bytes_from(rest, (size_t)chunks);
    int64_t tick = (int64_t)read_be24(p + 12) * TICKS_OF_REFERENCE;
    const int64_t wrap = (int64_t)(REFERENCE_MASK + 1) * TICKS_OF_REFERENCE;
    for (size_t i = 0; i < count; i++) {
        size_t size = (size_t)ret_arrivals[i];
        if (size == LOST) {
            ret_arrivals[i] = TWCC_LOST;
            continue;
        }
        if (rest.n < size) {
            return -EBADMSG;
        }
        tick += size == SMALL ? rest.p[0] : (int16_t)read_be16(rest.p);
        rest = bytes_from(rest, size);
        ret_arrivals[i] = (usec_t)((tick % wrap + wrap) % wrap) * TICK;
    }
    *ret = (struct twcc_feedback){.sender = read_be32(p),
                                  .media = read_be32(p + 4),
                                  .base = read_be16(p + 8),
                                  .count = p[15]};
    return (int)count;
}

int twcc_parse_extension(struct bytes value) {
    return value.n == 2 ? read_be16(value.p) : -EBADMSG;
}
