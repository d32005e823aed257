#include "base/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

struct ring {
    size_t size, capacity;
    unsigned char *values;
    /* Counts of all that was ever written and read, each on a line of its own. */
    _Alignas(CACHE_LINE) atomic_size_t written;
    _Alignas(CACHE_LINE) atomic_size_t read;
};

struct ring *ring_new(size_t size, size_t capacity) {
    assert(capacity > 0 && (capacity & (capacity - 1)) == 0);
    struct ring *r = aligned_alloc(CACHE_LINE, sizeof(*r));
    if (!r) {
        return NULL;
    }
    memset(r, 0, sizeof(*r));
    r->size = size;
    r->capacity = capacity;
    r->values = calloc(capacity, size);
    if (!r->values) {
        free(r);
        return NULL;
    }
    return r;
}

void ring_free(struct ring *r) {
    if (r) {
        free(r->values);
        free(r);
    }
}

static unsigned char *place(const struct ring *r, size_t count) {
    return r->values + (count & (r->capacity - 1)) * r->size;
}

size_t ring_room(const struct ring *r) {
    return r->capacity - (atomic_load_explicit(&r->written, memory_order_relaxed) -
                          atomic_load_explicit(&r->read, memory_order_acquire));
}

size_t ring_waiting(const struct ring *r) {
    return atomic_load_explicit(&r->written, memory_order_acquire) -
           atomic_load_explicit(&r->read, memory_order_relaxed);
}

int ring_post(struct ring *r, const void *value) {
    if (ring_room(r) == 0) {
        return -ENOBUFS;
    }
    const size_t at = atomic_load_explicit(&r->written, memory_order_relaxed);
    memcpy(place(r, at), value, r->size);
    atomic_store_explicit(&r->written, at + 1, memory_order_release);
    return 0;
}

bool ring_take(struct ring *r, void *ret_value) {
    if (ring_waiting(r) == 0) {
        return false;
    }
    const size_t at = atomic_load_explicit(&r->read, memory_order_relaxed);
    memcpy(ret_value, place(r, at), r->size);
    atomic_store_explicit(&r->read, at + 1, memory_order_release);
    return true;
}
