#include "key/key_spread.h"

#include <stdlib.h>
#include <string.h>

#define WAITING 255 /* in the list of this round */

bool key_spread_init(struct key_spread *s, unsigned width, unsigned height, unsigned planes) {
    size_t n = (size_t)width * height;
    *s = (struct key_spread){.width = width, .height = height, .plane_count = planes};
    s->known = calloc(n, 1);
    s->now = calloc(n, sizeof(*s->now));
    s->next = calloc(n, sizeof(*s->next));
    bool good = s->known && s->now && s->next;
    for (unsigned c = 0; c < planes; c++) {
        s->planes[c] = calloc(n, sizeof(float));
        good = good && s->planes[c];
    }
    return good;
}

void key_spread_clear(struct key_spread *s) {
    free(s->known);
    free(s->now);
    free(s->next);
    for (unsigned c = 0; c < KEY_SPREAD_PLANES; c++) {
        free(s->planes[c]);
    }
    *s = (struct key_spread){0};
}

struct around {
    size_t at[4];
    unsigned count;
};

static struct around around(const struct key_spread *s, size_t i) {
    struct around ret = {.count = 0};
    unsigned x = (unsigned)(i % s->width), y = (unsigned)(i / s->width);
    if (x > 0) {
        ret.at[ret.count++] = i - 1;
    }
    if (x + 1 < s->width) {
        ret.at[ret.count++] = i + 1;
    }
    if (y > 0) {
        ret.at[ret.count++] = i - s->width;
    }
    if (y + 1 < s->height) {
        ret.at[ret.count++] = i + s->width;
    }
    return ret;
}

/* Puts the neighbours of `i` that nobody has reached on the list. */
static size_t want_around(struct key_spread *s, size_t i, uint32_t *list, size_t n) {
    struct around near = around(s, i);
    for (unsigned j = 0; j < near.count; j++) {
        if (s->known[near.at[j]] == 0) {
            s->known[near.at[j]] = WAITING;
            list[n++] = (uint32_t)near.at[j];
        }
    }
    return n;
}

static size_t find_edge(struct key_spread *s) {
    size_t n = 0, w = s->width, all = w * s->height;
    for (size_t y = 0; y < s->height; y++) {
        const uint8_t *line = s->known + y * w, *above = y > 0 ? line - w : line;
        const uint8_t *below = (y + 1) * w < all ? line + w : line;
        for (size_t x = 0; x < w; x++) {
            if (line[x] == 1 && ((x > 0 && !line[x - 1]) || (x + 1 < w && !line[x + 1]) ||
                                 !above[x] || !below[x])) {
                n = want_around(s, y * w + x, s->now, n);
            }
        }
    }
    return n;
}

/* Values of the round before only: the list's own samples are still marked as waiting. */
static void take(struct key_spread *s, size_t i) {
    struct around near = around(s, i);
    float sums[KEY_SPREAD_PLANES] = {0}, count = 0;
    for (unsigned j = 0; j < near.count; j++) {
        uint8_t known = s->known[near.at[j]];
        if (known != 0 && known != WAITING) {
            for (unsigned c = 0; c < s->plane_count; c++) {
                sums[c] += s->planes[c][near.at[j]];
            }
            count++;
        }
    }
    for (unsigned c = 0; c < s->plane_count; c++) {
        s->planes[c][i] = sums[c] / count;
    }
}

void key_spread_run(struct key_spread *s, unsigned rounds) {
    s->count = find_edge(s);
    for (unsigned round = 1; round <= rounds; round++) {
        for (size_t j = 0; j < s->count; j++) {
            take(s, s->now[j]);
        }
        for (size_t j = 0; j < s->count; j++) {
            s->known[s->now[j]] = (uint8_t)(round + 1);
        }
        size_t n = 0;
        for (size_t j = 0; j < s->count; j++) {
            n = want_around(s, s->now[j], s->next, n);
        }
        uint32_t *swap = s->now;
        s->now = s->next;
        s->next = swap;
        s->count = n;
    }
    for (size_t j = 0; j < s->count; j++) {
        s->known[s->now[j]] = 0;
    }
    s->count = 0;
}
