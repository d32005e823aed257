/* tests/bench/feedback.h: what a viewer tells of each packet's arrival, as Chromium does: by
 * transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1) every 50 ms. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FEEDBACK_EVERY 50000u /* µs */
#define FEEDBACK_PACKETS 512u /* numbers in one message */
#define FEEDBACK_SIZE 1200u

struct feedback {
    bool started;
    uint8_t count;                    /* of messages */
    uint16_t base;                    /* the first number that was not told of */
    uint16_t span;                    /* numbers from it to the newest that came */
    uint32_t times[FEEDBACK_PACKETS]; /* of arrival, in 250 µs, 0: not come; by number */
};

/* A packet with this number has come, `now_us` on any clock. */
void feedback_take(struct feedback *f, uint16_t number, uint64_t now_us);

/* An RTCP packet about all since the last, or 0: nothing came. */
size_t feedback_write(struct feedback *f, uint32_t sender, uint32_t media,
                      uint8_t p[static FEEDBACK_SIZE]);

/* The transport-wide number of an RTP packet whose header is in `p`: one-byte extension `id` (RFC
 * 8285 §4.2). False: it has none. */
bool feedback_number(const uint8_t *p, size_t n, unsigned id, uint16_t *ret);
