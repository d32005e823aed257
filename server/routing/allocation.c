#include "routing/allocation.h"

#include <string.h>

#define STEP SEC(1)
#define ASSUMED_MIN 150000u
#define ASSUMED_MAX 50000000u
#define LOSS_LOW 0.02f
#define LOSS_HIGH 0.10f
#define TOLERANCE 8         /* percent that a running rung may be over */
#define FAR_OVER 150        /* percent: given up at once */
#define QUICK_FALL SEC(10)  /* a rung lost so soon after it was won makes the next wait longer */
#define BITS_A_PIXEL_1000 2 /* of a rung that was not measured yet, a second: 720p 1.8 Mbit/s */
#define COVERED 85          /* percent of the window that a rung must have not to look blurred */

static uint64_t bits_of(const struct allocation_rung *r) {
    if (r->bits_s != 0) {
        return r->bits_s;
    }
    const uint64_t area = (uint64_t)r->width * r->height;
    return area != 0 ? area * BITS_A_PIXEL_1000 : 300000;
}

/* Whether `a` is a lower rung than `b`. Sizes tell; alike or unknown, bits do. */
static bool is_below(const struct allocation_rung *a, const struct allocation_rung *b) {
    const uint64_t area_a = (uint64_t)a->width * a->height;
    const uint64_t area_b = (uint64_t)b->width * b->height;
    if (area_a != 0 && area_b != 0 && area_a != area_b) {
        return area_a < area_b;
    }
    return bits_of(a) < bits_of(b);
}

/* ---- One picture: its usable rungs from the lowest up ---- */

struct ladder {
    struct allocation_picture *picture;
    size_t count;
    uint8_t rungs[ALLOCATION_RUNGS_MAX]; /* indices */
    size_t top;                          /* the highest that the wish lets it have */
    int current, chosen;                 /* places in `rungs`, -1: none */
};

static const struct allocation_rung *rung_at(const struct ladder *l, size_t place) {
    return &l->picture->rungs[l->rungs[place]];
}

static uint32_t short_side(const struct allocation_rung *r) {
    return r->width < r->height ? r->width : r->height;
}

static size_t top_of(const struct ladder *l) {
    const struct allocation_wish *w = &l->picture->slot->wish;
    size_t top = l->count - 1;
    /* The lowest that fills the window; who picks one by hand wants that one, when looking at all.
     */
    if (w->width != 0 && w->height != 0 && (w->rung == 0 || w->width == 1)) {
        for (size_t i = 0; i < l->count; i++) {
            const struct allocation_rung *r = rung_at(l, i);
            if (r->width * 100u >= w->width * (uint32_t)COVERED ||
                r->height * 100u >= w->height * (uint32_t)COVERED) {
                top = i;
                break;
            }
        }
    }
    while (w->rung != 0 && top > 0 && short_side(rung_at(l, top)) > w->rung) {
        top--;
    }
    return top;
}

static void make_ladder(struct ladder *l, struct allocation_picture *p) {
    *l = (struct ladder){.picture = p, .current = -1, .chosen = -1};
    for (size_t i = 0; i < p->rung_count && i < ALLOCATION_RUNGS_MAX; i++) {
        if (!p->rungs[i].usable) {
            continue;
        }
        size_t at = l->count++;
        for (; at > 0 && is_below(&p->rungs[i], rung_at(l, at - 1)); at--) {
            l->rungs[at] = l->rungs[at - 1];
        }
        l->rungs[at] = (uint8_t)i;
    }
    for (size_t i = 0; i < l->count; i++) {
        if (l->rungs[i] == p->current) {
            l->current = (int)i;
        }
    }
    l->top = l->count > 0 ? top_of(l) : 0;
}

/* What a rung must find free. */
static uint64_t need(const struct ladder *l, size_t place) {
    const uint64_t bits = bits_of(rung_at(l, place));
    if ((int)place > l->current) {
        return bits * (100 + ALLOCATION_MARGIN) / 100;
    }
    return (int)place == l->current ? bits * (100 - TOLERANCE) / 100 : bits;
}

/* ---- Going up and down ---- */

static bool may_rise(const struct ladder *l, usec_t now) {
    return l->picture->slot->wish.rung != 0 || now >= l->picture->slot->up_after;
}

/* The rung that runs does not fit in `free` any more: is it time to leave it? */
static bool loses_patience(const struct ladder *l, uint64_t free, usec_t now) {
    struct allocation_slot *s = l->picture->slot;
    if (s->over_since == 0) {
        s->over_since = now;
    }
    return now >= s->over_since + ALLOCATION_PATIENCE ||
           bits_of(rung_at(l, (size_t)l->current)) * 100 > free * FAR_OVER;
}

static void note_fall(struct allocation_slot *s, usec_t now) {
    const bool quick = s->lifted != 0 && now < s->lifted + QUICK_FALL;
    s->wait =
        quick && s->wait != 0 ? usec_min(s->wait * 2, ALLOCATION_WAIT_MAX) : ALLOCATION_WAIT_MIN;
    s->up_after = now + s->wait;
    s->over_since = 0;
}

/* The highest place that fits in what is free, at least the one it has. `kept`: what it pays. */
static void lift(struct ladder *l, uint64_t *free, usec_t now) {
    const uint64_t paid = bits_of(rung_at(l, (size_t)l->chosen));
    struct allocation_slot *s = l->picture->slot;
    for (size_t place = l->top; (int)place > l->chosen; place--) {
        const bool running = (int)place == l->current;
        const bool fits = need(l, place) <= *free + paid;
        if ((int)place > l->current && l->current >= 0 && !may_rise(l, now)) {
            continue;
        }
        if (fits || (running && !loses_patience(l, *free + paid, now))) {
            const uint64_t bits = bits_of(rung_at(l, place));
            s->over_since = running && !fits ? s->over_since : 0;
            *free = *free + paid > bits ? *free + paid - bits : 0;
            l->chosen = (int)place;
            return;
        }
    }
}

/* Keeps what the outcome teaches. */
static void settle(struct ladder *l, usec_t now) {
    struct allocation_slot *s = l->picture->slot;
    l->picture->chosen = l->chosen < 0 ? -1 : l->rungs[l->chosen];
    if (l->current < 0) {
        return;
    }
    if (l->chosen > l->current) {
        s->lifted = now;
    } else if (l->chosen < l->current && l->current <= (int)l->top) {
        note_fall(s, now); /* not by the viewer's wish */
    }
}

/* ---- The rate ---- */

static uint64_t assume(struct allocation *a, float loss, usec_t now) {
    if (a->assumed == 0) {
        *a = (struct allocation){.assumed = ALLOCATION_START, .assumed_at = now};
    } else if (now >= a->assumed_at + STEP) {
        a->assumed_at = now;
        if (loss > LOSS_HIGH && a->assumed > ASSUMED_MIN) {
            a->assumed /= 2;
        } else if (loss < LOSS_LOW && a->assumed < ASSUMED_MAX) {
            a->assumed *= 2;
        }
    }
    return a->assumed;
}

/* The next rung up of the first picture that may have one, beyond what it pays now. */
static uint64_t next_step(const struct ladder *ladders, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct ladder *l = &ladders[i];
        if (l->count > 0 && l->chosen < (int)l->top) {
            const uint64_t next = bits_of(rung_at(l, (size_t)(l->chosen + 1)));
            const uint64_t now = l->chosen < 0 ? 0 : bits_of(rung_at(l, (size_t)l->chosen));
            const uint64_t wanted = next * (100 + ALLOCATION_MARGIN) / 100;
            return wanted > now ? wanted - now : 0;
        }
    }
    return 0;
}

uint64_t allocation_choose(struct allocation *a, struct allocation_picture *pictures, size_t count,
                           uint64_t rate, uint64_t sound, float loss, usec_t now) {
    struct ladder ladders[ALLOCATION_PICTURES_MAX];
    const uint64_t all = rate != 0 ? rate : assume(a, loss, now);
    uint64_t free = all > sound ? all - sound : 0, used = sound;
    count = count < ALLOCATION_PICTURES_MAX ? count : ALLOCATION_PICTURES_MAX;
    if (rate != 0) {
        a->assumed = 0;
    }
    bool main = true;
    for (size_t i = 0; i < count; i++) {
        struct ladder *l = &ladders[i];
        make_ladder(l, &pictures[i]);
        if (l->count == 0) {
            continue;
        }
        const bool fits = need(l, 0) <= free;
        const bool may = l->current >= 0 || may_rise(l, now);
        const bool stays = l->current == 0 && !fits && !loses_patience(l, free, now);
        if (l->current == 0 && fits) {
            l->picture->slot->over_since = 0;
        }
        if (main || rate == 0 || (fits && may) || stays) {
            const uint64_t bits = bits_of(rung_at(l, 0));
            l->chosen = 0;
            free = free > bits ? free - bits : 0;
        }
        main = false;
    }
    for (size_t i = 0; i < count; i++) {
        struct ladder *l = &ladders[i];
        if (l->chosen >= 0) {
            lift(l, &free, now);
        }
        settle(l, now);
        used += l->chosen >= 0 ? bits_of(rung_at(l, (size_t)l->chosen)) : 0;
    }
    return used + next_step(ladders, count);
}

void allocation_slot_reset(struct allocation_slot *s) {
    const struct allocation_wish wish = s->wish;
    memset(s, 0, sizeof *s);
    s->wish = wish;
}
