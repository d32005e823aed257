#include "routing/twcc_receiver.h"
#include "wire/twcc.h"

void twcc_receiver_init(struct twcc_receiver *r, uint32_t own_ssrc) {
    memset(r, 0, sizeof *r);
    r->own_ssrc = own_ssrc;
    r->due = USEC_NEVER;
}

static usec_t *slot(struct twcc_receiver *r, uint64_t number) {
    return &r->arrivals[number % TWCC_RECEIVER_WINDOW];
}

static void start_at(struct twcc_receiver *r, uint64_t number) {
    for (size_t i = 0; i < TWCC_RECEIVER_WINDOW; i++) {
        r->arrivals[i] = TWCC_LOST;
    }
    r->started = true;
    r->next = r->highest = number;
    r->waiting = 0;
}

void twcc_receiver_input(struct twcc_receiver *r, uint16_t sequence, uint32_t media_ssrc,
                         usec_t now) {
    if (!r->started) {
        start_at(r, 0x10000u + sequence);
    }
    const int16_t step = (int16_t)(uint16_t)(sequence - (uint16_t)r->highest);
    const uint64_t number = r->highest + (uint64_t)(int64_t)step;
    if (step > TWCC_RECEIVER_WINDOW / 2 || step < -TWCC_RECEIVER_WINDOW / 2) {
        start_at(r, (r->highest | 0xffff) + 1 + sequence);
        r->highest = r->next;
        *slot(r, r->next) = now;
    } else if (number < r->next) {
        return; /* was reported as lost */
    } else {
        for (; r->highest < number; r->highest++) {
            *slot(r, r->highest + 1) = TWCC_LOST;
        }
        while (r->highest - r->next >= TWCC_RECEIVER_WINDOW) {
            r->next++;
        }
        if (*slot(r, number) != TWCC_LOST) {
            return;
        }
        *slot(r, number) = now;
    }
    r->waiting++;
    r->media_ssrc = media_ssrc;
    if (r->waiting >= TWCC_RECEIVER_PACKETS) {
        r->due = now;
    } else if (r->due == USEC_NEVER) {
        r->due = now + TWCC_RECEIVER_INTERVAL;
    }
}

usec_t twcc_receiver_next_timeout(const struct twcc_receiver *r) {
    return r->due;
}

int twcc_receiver_output(struct twcc_receiver *r, usec_t now, struct room room) {
    if (now < r->due) {
        return 0;
    }
    while (r->next <= r->highest && *slot(r, r->next) == TWCC_LOST) {
        r->next++; /* feedback begins with an arrival */
    }
    usec_t arrivals[TWCC_RECEIVER_WINDOW];
    size_t count = 0;
    for (uint64_t n = r->next; n <= r->highest; n++) {
        arrivals[count++] = *slot(r, n);
    }
    size_t covered = 0;
    const struct twcc_feedback feedback = {.sender = r->own_ssrc,
                                           .media = r->media_ssrc,
                                           .base = (uint16_t)r->next,
                                           .count = r->feedback_count};
    const int size = count > 0 ? twcc_write(room, &feedback, arrivals, count, &covered) : 0;
    if (size <= 0) {
        r->next = r->highest + 1;
        r->waiting = 0;
        r->due = USEC_NEVER;
        return 0;
    }
    r->feedback_count++;
    r->next += covered;
    if (r->next > r->highest) {
        r->waiting = 0;
        r->due = USEC_NEVER;
    }
    return size;
}
