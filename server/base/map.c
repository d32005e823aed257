#include "base/map.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_MIN 16

static uint64_t mix(uint64_t x) { /* the finaliser of splitmix64 */
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9u;
    x ^= x >> 27;
    x *= 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static size_t home(const struct map *m, uint64_t key) {
    return (size_t)mix(key) & (m->capacity - 1);
}

void map_init(struct map *m) {
    *m = (struct map){0};
}

void map_clear(struct map *m) {
    free(m->entries);
    map_init(m);
}

static size_t slot_of(const struct map *m, uint64_t key) {
    size_t i = home(m, key);
    while (m->entries[i].key != 0 && m->entries[i].key != key) {
        i = (i + 1) & (m->capacity - 1);
    }
    return i;
}

static int grow(struct map *m) {
    struct map bigger = {.capacity = m->capacity ? m->capacity * 2 : CAPACITY_MIN, .used = m->used};
    bigger.entries = calloc(bigger.capacity, sizeof(*bigger.entries));
    if (!bigger.entries) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < m->capacity; i++) {
        if (m->entries[i].key != 0) {
            bigger.entries[slot_of(&bigger, m->entries[i].key)] = m->entries[i];
        }
    }
    free(m->entries);
    *m = bigger;
    return 0;
}

int map_set(struct map *m, uint64_t key, void *value) {
    assert(key != 0);
    if ((m->used + 1) * 4 > m->capacity * 3) {
        int r = grow(m);
        if (r < 0) {
            return r;
        }
    }
    size_t i = slot_of(m, key);
    if (m->entries[i].key == 0) {
        m->used++;
    }
    m->entries[i] = (struct map_entry){.key = key, .value = value};
    return 0;
}

void *map_get(const struct map *m, uint64_t key) {
    if (m->capacity == 0 || key == 0) {
        return NULL;
    }
    return m->entries[slot_of(m, key)].value;
}

void map_remove(struct map *m, uint64_t key) {
    if (m->capacity == 0 || key == 0) {
        return;
    }
    size_t hole = slot_of(m, key);
    if (m->entries[hole].key == 0) {
        return;
    }
    m->used--;
    /* Move later entries of the same run back, so that no look-up stops at the hole. */
    for (size_t i = (hole + 1) & (m->capacity - 1); m->entries[i].key != 0;
         i = (i + 1) & (m->capacity - 1)) {
        size_t want = home(m, m->entries[i].key);
        size_t from_want = (i - want) & (m->capacity - 1);
        size_t from_hole = (i - hole) & (m->capacity - 1);
        if (from_want >= from_hole) {
            m->entries[hole] = m->entries[i];
            hole = i;
        }
    }
    m->entries[hole] = (struct map_entry){0};
}

uint64_t map_hash(const void *p, size_t n, uint64_t seed) {
    const uint8_t *at = p;
    uint64_t h = mix(seed ^ n);
    while (n >= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        h = mix(h ^ word) + seed;
        at += 8;
        n -= 8;
    }
    uint64_t last = 0;
    if (n > 0) {
        memcpy(&last, at, n);
    }
    h = mix(h ^ last ^ seed);
    return h ? h : 1;
}
