/* live/arrivals.h: remembers when the newest frames came, to tell later how long they took. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRIVALS_KEPT 128

struct arrivals {
    struct {
        uint64_t time; /* of the frame, nanoseconds of any timeline */
        int64_t at;    /* when it came, microseconds of any clock */
    } kept[ARRIVALS_KEPT];
    size_t count; /* ever */
};

/* A zeroed one is empty. */
void arrivals_note(struct arrivals *a, uint64_t time, int64_t at);

/* The arrival of the newest frame noted within 2 ms of `time`. False when there is none. */
bool arrivals_find(const struct arrivals *a, uint64_t time, int64_t *ret_at);
