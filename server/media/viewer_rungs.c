#include "media/viewer_rungs.h"

#include "media/layers.h"
#include "media/publisher.h"
#include "media/shard_state.h"

#define KEY_FRAME_YOUNG MSEC(300)    /* one that came so shortly before is taken at once */
#define ASK_AGAIN SEC(2)             /* while a rung's key frame does not come */
#define SOUND_BITS_S UINT64_C(48000) /* of a sound that was not measured yet */

/* ---- Going over ---- */

void viewer_slot_stay(struct viewer_slot *slot) {
    if (!slot->next_feed) {
        return;
    }
    *(slot->previous_waiting ? &slot->previous_waiting->next_waiting : &slot->next_feed->waiting) =
        slot->next_waiting;
    if (slot->next_waiting) {
        slot->next_waiting->previous_waiting = slot->previous_waiting;
    }
    slot->next_feed = NULL;
    slot->next_waiting = slot->previous_waiting = NULL;
}

void viewer_slot_follow(struct viewer_slot *slot, usec_t now) {
    struct publisher_track *to = slot->next_feed;
    if (!to || to->track.key_arrival + KEY_FRAME_YOUNG < slot->rung_asked ||
        subscription_change_rung(&slot->subscription, &to->track, now) < 0) {
        return;
    }
    viewer_slot_stay(slot);
    viewer_slot_unlink(slot);
    viewer_slot_link(slot, to);
    slot->viewer->session->shard->stats.rung_switches++;
    viewer_slot_forward(slot, now);
}

static void want_rung(struct viewer_slot *slot, struct publisher_track *to, usec_t now) {
    if (slot->next_feed != to) {
        viewer_slot_stay(slot);
        slot->next_feed = to;
        slot->next_waiting = to->waiting;
        if (slot->next_waiting) {
            slot->next_waiting->previous_waiting = slot;
        }
        to->waiting = slot;
        slot->rung_asked = now;
    } else if (now < slot->rung_due) {
        return;
    }
    slot->rung_due = now + ASK_AGAIN;
    viewer_slot_follow(slot, now);
    if (slot->next_feed) {
        track_want_keyframe(&to->track, now);
        publisher_attend(to->publisher, now);
    }
}

/* ---- Choosing ---- */

/* A picture of a slot while it is decided about. */
struct choice {
    struct viewer_slot *slot;
    struct publisher_track *tracks[ALLOCATION_RUNGS_MAX]; /* as in allocation_picture.rungs */
};

static int find(const struct choice *c, const struct allocation_picture *p,
                const struct publisher_track *t) {
    for (size_t i = 0; t && i < p->rung_count; i++) {
        if (c->tracks[i] == t) {
            return (int)i;
        }
    }
    return -1;
}

/* The rungs of `p` from the lowest up, as far as the source says their order. */
static void make_picture(struct viewer_slot *slot, struct publisher *p, struct choice *c,
                         struct allocation_picture *ret, usec_t now) {
    *c = (struct choice){.slot = slot};
    *ret = (struct allocation_picture){.slot = &slot->allocation};
    const size_t end = p->track_end - MEDIA_VIDEO;
    for (size_t i = 0; i < end && i < ALLOCATION_RUNGS_MAX; i++) {
        const size_t rung = publisher_best_first(p) ? end - 1 - i : i;
        struct publisher_track *t = &p->tracks[MEDIA_VIDEO + rung];
        c->tracks[i] = t;
        ret->rungs[i] = (struct allocation_rung){
            .bits_s = t->open ? track_bits(&t->track, now) : 0,
            .width = t->track.size.width,
            .height = t->track.size.height,
            .usable = t->open && publisher_suits(t, &slot->line) && !publisher_has_stalled(t),
        };
        ret->rung_count++;
    }
    ret->current = find(c, ret, slot->next_feed ? slot->next_feed : slot->feed);
}

/* The one that a slot without a picture begins with: `wanted`, or one that has a picture now. */
static struct publisher_track *begin_with(const struct choice *c,
                                          const struct allocation_picture *p,
                                          struct publisher_track *wanted, usec_t now) {
    for (size_t i = p->rung_count; !track_has_gop(&wanted->track, now) && i-- > 0;) {
        if (p->rungs[i].usable && track_has_gop(&c->tracks[i]->track, now)) {
            return c->tracks[i];
        }
    }
    return wanted;
}

static void obey(const struct choice *c, const struct allocation_picture *p, usec_t now) {
    struct viewer_slot *slot = c->slot;
    if (p->chosen < 0) {
        if (p->current >= 0 && p->rungs[p->current].usable) {
            viewer_slot_leave(slot);
        }
        return;
    }
    struct publisher_track *t = c->tracks[p->chosen];
    if (!slot->feed) {
        viewer_slot_begin(slot, begin_with(c, p, t, now), now);
    }
    if (slot->feed == t) {
        viewer_slot_stay(slot);
    } else if (slot->feed) {
        want_rung(slot, t, now);
    }
}

/* The slots with a picture: the main one first, then in their order. */
static size_t gather(struct viewer *v, struct choice *choices, struct allocation_picture *pictures,
                     usec_t now) {
    const media_id main = v->room->stage.main_video;
    size_t count = 0;
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < v->slot_count && count < ALLOCATION_PICTURES_MAX; i++) {
            struct viewer_slot *slot = &v->slots[i];
            if (slot->line.kind != MEDIA_VIDEO) {
                continue;
            }
            struct publisher *p = viewer_slot_source(slot);
            if (p && (p->id == main) == (round == 0)) {
                make_picture(slot, p, &choices[count], &pictures[count], now);
                count++;
            }
        }
    }
    return count;
}

static uint64_t sound_of(const struct viewer *v, float *loss, usec_t now) {
    uint64_t bits = 0;
    for (size_t i = 0; i < v->slot_count; i++) {
        const struct viewer_slot *slot = &v->slots[i];
        if (slot->feed && slot->line.kind == MEDIA_AUDIO) {
            const uint64_t measured = track_bits(&slot->feed->track, now);
            bits += measured ? measured : SOUND_BITS_S;
        }
        const struct stream_quality *q = &slot->subscription.stream.quality;
        *loss = slot->feed && q->known && q->loss > *loss ? q->loss : *loss;
    }
    return bits;
}

/* ---- Telling ---- */

static void describe(const struct choice *c, const struct allocation_picture *p,
                     struct media_layers *ret) {
    const struct viewer_slot *slot = c->slot;
    layers_describe(p, slot->index, find(c, p, slot->feed), find(c, p, slot->next_feed), ret);
}

static void tell_layers(struct viewer_slot *slot, const struct media_layers *layers,
                        uint64_t request) {
    struct session *s = slot->viewer->session;
    const uint64_t word = layers_word(layers);
    if (request == 0 && word == slot->layers_told) {
        return;
    }
    slot->layers_told = word;
    shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_LAYERS,
                                                .session = s->id,
                                                .request = request,
                                                .layers = *layers});
}

static void tell_all(struct viewer *v, const struct choice *choices,
                     const struct allocation_picture *pictures, size_t count) {
    struct media_layers layers;
    for (size_t i = 0; v->tells_layers && i < count; i++) {
        describe(&choices[i], &pictures[i], &layers);
        tell_layers(choices[i].slot, &layers, 0);
    }
}

/* ---- The whole ---- */

void viewer_allocate(struct viewer *v, usec_t now) {
    struct choice choices[ALLOCATION_PICTURES_MAX];
    struct allocation_picture pictures[ALLOCATION_PICTURES_MAX];
    float loss = 0;
    if (!v->connected || !v->room) {
        return;
    }
    v->allocated = now;
    const size_t count = gather(v, choices, pictures, now);
    const uint64_t sound = sound_of(v, &loss, now);
    session_want_rate(v->session,
                      allocation_choose(&v->allocation, pictures, count,
                                        session_send_rate(v->session), sound, loss, now));
    for (size_t i = 0; i < count; i++) {
        obey(&choices[i], &pictures[i], now);
    }
    tell_all(v, choices, pictures, count);
}

static struct viewer_slot *picture_slot(struct viewer *v, size_t index) {
    for (size_t i = 0; i < v->slot_count; i++) {
        if (v->slots[i].line.kind == MEDIA_VIDEO && v->slots[i].index == index) {
            return &v->slots[i];
        }
    }
    return NULL;
}

void viewer_wish(struct session *s, const struct media_wish *wish, uint64_t request, usec_t now) {
    struct viewer *v = s->part;
    struct viewer_slot *slot = picture_slot(v, wish->slot);
    if (!slot) {
        const struct media_layers none = {.wish = *wish, .current = -1, .next = -1};
        shard_event(s->shard, &(struct media_event){.type = MEDIA_EVENT_LAYERS,
                                                    .session = s->id,
                                                    .request = request,
                                                    .layers = none});
        return;
    }
    layers_wish(&slot->allocation, wish);
    viewer_allocate(v, now);
    struct publisher *p = viewer_slot_source(slot);
    struct choice choice = {.slot = slot};
    struct allocation_picture picture = {.slot = &slot->allocation};
    if (p) {
        make_picture(slot, p, &choice, &picture, now);
    }
    struct media_layers layers;
    describe(&choice, &picture, &layers);
    tell_layers(slot, &layers, request);
}

void viewer_tell_layers(struct session *s, usec_t now) {
    struct viewer *v = s->part;
    v->tells_layers = true;
    for (size_t i = 0; i < v->slot_count; i++) {
        v->slots[i].layers_told = 0;
    }
    viewer_allocate(v, now);
}
