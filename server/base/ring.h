/* base/ring.h: a bounded queue of fixed-size values from one thread to one other, without locks.
 * Ownership of anything a value points to moves with it. Waking the reader is the users' business.
 *
 * What the writer did before it posted is seen by the reader that took the value. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct ring;

/* `size` bytes a value; `capacity` values, a power of two. NULL without memory. */
struct ring *ring_new(size_t size, size_t capacity);
void ring_free(struct ring *r); /* NULL is fine; values left inside are not looked at */

/* 0, or -ENOBUFS when full (the value stays with the caller). Writer only. */
int ring_post(struct ring *r, const void *value);

/* How many values may be posted now, at least. Writer only. */
size_t ring_room(const struct ring *r);

/* How many may be taken now, at least. Reader only. */
size_t ring_waiting(const struct ring *r);

/* True and the oldest value, or false when empty. Reader only. */
bool ring_take(struct ring *r, void *ret_value);
