#include "routing/track_copy.h"

void track_dating_read(const struct track *t, struct track_dating *ret) {
    *ret = (struct track_dating){.reported = t->reported,
                                 .anchor_timestamp = t->anchor_timestamp,
                                 .report_timestamp = t->report_timestamp,
                                 .anchor_local = t->anchor_local,
                                 .report_ntp = t->report_ntp,
                                 .clock = *t->clock};
}

void track_dating_apply(struct track *t, const struct track_dating *dating) {
    t->anchored = true;
    t->anchor_timestamp = dating->anchor_timestamp;
    t->anchor_local = dating->anchor_local;
    t->reported = dating->reported;
    t->report_ntp = dating->report_ntp;
    t->report_timestamp = dating->report_timestamp;
    *t->clock = dating->clock;
}

/* The first packet, or the first of a new stretch of numbers. */
static void start(struct track *t, const struct packet *p) {
    t->started = true;
    t->ssrc = p->ssrc;
    t->epoch = p->epoch;
    t->epoch_start = p->fragment.sequence;
    t->key_valid = false;
}

static void follow_frame(struct track *t, const struct packet *p, usec_t now) {
    if (t->frame != p->fragment.frame) {
        t->frame = p->fragment.frame;
        t->frame_timestamp = p->timestamp;
        t->frame_start = p->fragment.sequence;
        t->counters.frames++;
    }
    t->frame_open = !p->fragment.frame_end;
    if (p->info.key_frame) {
        track_note_key(t, p, now);
    }
}

void track_copy_input(struct track *t, struct packet *p, usec_t now) {
    const uint64_t sequence = p->fragment.sequence;
    if (t->started && sequence < t->released) {
        t->counters.late++;
        packet_unref(p);
        return;
    }
    if (!t->started || p->epoch != t->epoch) {
        start(t, p);
    } else if (t->kind == MEDIA_VIDEO && sequence != t->released) {
        t->key_valid = false; /* what lies between is missing here */
    }
    struct packet **place = &t->ring[sequence & t->mask];
    packet_unref(*place);
    *place = p;
    t->highest = sequence;
    t->released = t->scan = sequence + 1;
    t->counters.packets++;
    t->counters.bytes += p->size;
    follow_frame(t, p, now);
}
