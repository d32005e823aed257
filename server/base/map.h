/* base/map.h: a hash map from a non-zero 64-bit key to a pointer. Keys that strangers can choose
 * are hashed with a secret seed first (map_hash). Open addressing, grows by doubling, never
 * shrinks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_entry {
    uint64_t key; /* 0: free */
    void *value;
};

struct map {
    struct map_entry *entries;
    size_t used, capacity; /* capacity is a power of two, or 0 */
};

void map_init(struct map *m);
void map_clear(struct map *m); /* frees the table, not the values */

/* 0 or -ENOMEM. Replaces the value of a key that is there. */
int map_set(struct map *m, uint64_t key, void *value);
void *map_get(const struct map *m, uint64_t key); /* NULL when not found */
void map_remove(struct map *m, uint64_t key);     /* nothing happens when not found */

/* A keyed hash of `n` bytes, never 0. */
uint64_t map_hash(const void *p, size_t n, uint64_t seed);
