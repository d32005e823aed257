#include "media/layers.h"

_Static_assert(MEDIA_RUNGS_MAX == ALLOCATION_RUNGS_MAX, "all rungs can be told");

void layers_describe(const struct allocation_picture *p, size_t slot, int current, int next,
                     struct media_layers *ret) {
    const struct allocation_wish *wish = &p->slot->wish;
    *ret = (struct media_layers){.wish = {.slot = (uint8_t)slot,
                                          .width = wish->width,
                                          .height = wish->height,
                                          .rung = wish->rung},
                                 .exists = true,
                                 .count = (uint8_t)p->rung_count,
                                 .current = (int8_t)current,
                                 .next = (int8_t)next};
    for (size_t i = 0; i < p->rung_count; i++) {
        const struct allocation_rung *r = &p->rungs[i];
        ret->rungs[i].width = (uint16_t)r->width;
        ret->rungs[i].height = (uint16_t)r->height;
        ret->rungs[i].kbit_s = (uint32_t)(r->bits_s / 1000);
        ret->rungs[i].usable = r->usable;
    }
}

void layers_wish(struct allocation_slot *slot, const struct media_wish *wish) {
    if (wish->has_size) {
        slot->wish.width = wish->width;
        slot->wish.height = wish->height;
    }
    if (wish->has_rung) {
        slot->wish.rung = wish->rung;
    }
}

uint64_t layers_word(const struct media_layers *layers) {
    uint64_t word = 14695981039346656037u; /* FNV-1a over what counts */
    const uint32_t facts[] = {layers->count, (uint32_t)layers->current, (uint32_t)layers->next,
                              layers->wish.rung};
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        word = (word ^ facts[i]) * 1099511628211u;
    }
    for (size_t i = 0; i < layers->count; i++) {
        word = (word ^ ((uint64_t)layers->rungs[i].width << 17 | layers->rungs[i].height << 1 |
                        layers->rungs[i].usable)) *
               1099511628211u;
    }
    return word | 1;
}
