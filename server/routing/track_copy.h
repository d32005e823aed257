/* routing/track_copy.h: the image of a track on another media thread. It is fed with the packets
 * that the track has released, in their order, and shares them; loss repair and feedback stay with
 * the track itself. Subscriptions see no difference. A copy is a `struct track` of which only
 * track_init, track_clear, track_shed and what is "for subscriptions" may be used. */
#pragma once
#include "routing/track.h"

/* What dates the frames of a track (track_capture_time), by value. */
struct track_dating {
    bool reported;
    uint32_t anchor_timestamp, report_timestamp;
    int64_t anchor_local;
    uint64_t report_ntp;
    struct capture_clock clock;
};

void track_dating_read(const struct track *t, struct track_dating *ret);

/* `t` and its clock are a copy's. Before the packets that it dates. */
void track_dating_apply(struct track *t, const struct track_dating *dating);

/* Takes over a reference to a released packet. Packets may have been left out before it, of video
 * up to a key frame; nothing may come twice or out of order (such are dropped). */
void track_copy_input(struct track *t, struct packet *p, usec_t now);
