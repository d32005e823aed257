#include "media/media_room.h"

#include "media/publisher.h"
#include "media/recorder.h"
#include "media/relay.h"
#include "media/shard_state.h"
#include "media/viewer.h"

#include <errno.h>
#include <stdlib.h>

void rooms_init(struct rooms *r) {
    map_init(&r->map);
}

void rooms_clear(struct rooms *r) {
    for (size_t i = 0; i < r->map.capacity; i++) {
        struct media_room *room = r->map.entries[i].value;
        recorder_free(room ? room->recorder : NULL);
        free(room);
    }
    map_clear(&r->map);
}

struct media_room *room_named(struct shard_state *shard, media_id id) {
    struct media_room *room = map_get(&shard->rooms.map, id);
    if (room) {
        return room;
    }
    room = calloc(1, sizeof(*room));
    if (!room || map_set(&shard->rooms.map, id, room) < 0) {
        free(room);
        return NULL;
    }
    room->id = id;
    return room;
}

void room_forget_when_done(struct shard_state *shard, struct media_room *room) {
    if (room->closed && !room->publishers && !room->viewers && room->relays == 0) {
        map_remove(&shard->rooms.map, room->id);
        recorder_free(room->recorder);
        free(room);
    }
}

int room_add_publisher(struct shard_state *shard, media_id id, struct publisher *p) {
    p->room = room_named(shard, id);
    if (!p->room) {
        return -ENOMEM;
    }
    p->next_in_room = p->room->publishers;
    p->room->publishers = p;
    return 0;
}

int room_add_viewer(struct shard_state *shard, media_id id, struct viewer *v) {
    v->room = room_named(shard, id);
    if (!v->room) {
        return -ENOMEM;
    }
    v->previous_in_room = NULL;
    v->next_in_room = v->room->viewers;
    if (v->next_in_room) {
        v->next_in_room->previous_in_room = v;
    }
    v->room->viewers = v;
    return 0;
}

void room_remove_publisher(struct publisher *p) {
    struct publisher **at = &p->room->publishers;
    while (*at != p) {
        at = &(*at)->next_in_room;
    }
    *at = p->next_in_room;
    room_forget_when_done(p->shard, p->room);
    p->room = NULL;
}

void room_remove_viewer(struct viewer *v) {
    *(v->previous_in_room ? &v->previous_in_room->next_in_room : &v->room->viewers) =
        v->next_in_room;
    if (v->next_in_room) {
        v->next_in_room->previous_in_room = v->previous_in_room;
    }
    room_forget_when_done(v->session->shard, v->room);
    v->room = NULL;
}

void room_apply_stage(struct media_room *room, usec_t now) {
    for (struct viewer *v = room->viewers; v; v = v->next_in_room) {
        viewer_apply_stage(v, now);
    }
}

void room_set_stage(struct shard_state *shard, media_id id, const struct media_stage *stage,
                    usec_t now) {
    struct media_room *room = room_named(shard, id);
    if (room) {
        const struct media_stage before = room->stage;
        room->stage = *stage;
        room->closed = false;
        room_apply_stage(room, now);
        recorder_stage(room, &before, now);
    }
}

/* Shortens every track, or only those that are copies, to `keep` packets; returns how many. */
static size_t shed_tracks(const struct rooms *r, size_t keep, bool copies_only) {
    size_t tracks = 0;
    for (size_t i = 0; i < r->map.capacity; i++) {
        const struct media_room *room = r->map.entries[i].value;
        for (struct publisher *p = room ? room->publishers : NULL; p; p = p->next_in_room) {
            for (size_t t = 0; t < PUBLISHER_TRACKS; t++) {
                if (p->tracks[t].open && (!copies_only || relay_is_copy(p))) {
                    track_shed(&p->tracks[t].track, keep);
                    tracks++;
                }
            }
        }
    }
    return tracks;
}

size_t rooms_shed(struct rooms *r, size_t packets) {
    const size_t tracks = shed_tracks(r, packets, false);
    const size_t keep = tracks > 0 ? packets / 2 / tracks + 1 : packets;
    shed_tracks(r, keep, false);
    return keep;
}

void rooms_shed_copies(struct rooms *r, size_t keep) {
    shed_tracks(r, keep, true);
}

void room_close(struct shard_state *shard, media_id id) {
    struct media_room *room = map_get(&shard->rooms.map, id);
    if (room) {
        room->closed = true;
        room_forget_when_done(shard, room);
    }
}

struct publisher *room_source(const struct media_room *room, enum media_kind kind, size_t index,
                              bool alone, media_id participant) {
    const struct media_stage *stage = &room->stage;
    const media_id *slots = kind == MEDIA_VIDEO ? stage->video : stage->audio;
    media_id wanted = index < MEDIA_STAGE_SLOTS ? slots[index] : 0;
    if (alone) {
        wanted = kind == MEDIA_VIDEO ? stage->main_video : stage->main_audio;
    }
    for (struct publisher *p = room->publishers; p && wanted; p = p->next_in_room) {
        if (p->id == wanted) {
            bool own_sound = kind == MEDIA_AUDIO && participant && p->participant == participant;
            return own_sound ? NULL : p;
        }
    }
    return NULL;
}
