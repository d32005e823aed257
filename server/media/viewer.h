/* media/viewer.h: one WHEP session on a room: its slots and what feeds them. */
#pragma once
#include "media/quality.h"
#include "media/session.h"
#include "routing/allocation.h"
#include "routing/subscription.h"

struct publisher;
struct publisher_track;
struct media_room;
struct viewer;

struct viewer_slot {
    struct viewer *viewer;
    struct publisher_track *feed;                              /* NULL: dark */
    struct viewer_slot *next_subscriber, *previous_subscriber; /* of the feed */
    struct publisher_track *next_feed; /* another rung, from its next key frame on; NULL: none */
    struct viewer_slot *next_waiting, *previous_waiting; /* for the same rung */
    usec_t rung_asked, rung_due; /* when it was first asked for, and when again */
    struct allocation_slot allocation;
    uint64_t layers_told;     /* what was told of its rungs, as a word; 0: nothing */
    size_t index;             /* among the slots of its kind */
    bool held;                /* not served: the viewer's TCP connection is late */
    enum media_codec refused; /* told that the viewer cannot play it, until one is played */
    struct media_line line;
    struct subscription subscription;
};

struct viewer {
    struct session *session;
    struct media_room *room;
    struct viewer *next_in_room, *previous_in_room;
    bool connected;
    bool look_again; /* something may yet come that it can play */
    usec_t tick_due;
    uint64_t bytes_told; /* sent when the last quality event was made */
    usec_t quality_told;
    struct quality_told quality;
    struct allocation allocation;
    bool tells_layers;  /* somebody listens */
    usec_t allocated;   /* when the rungs were last looked at */
    size_t count_of[2]; /* slots by enum media_kind */
    size_t slot_count;
    struct viewer_slot slots[];
};

/* Looks at the stage again. */
void viewer_apply_stage(struct viewer *v, usec_t now);

/* The feed has something new. */
void viewer_slot_forward(struct viewer_slot *slot, usec_t now);

/* The feed goes away; the slot is dark. */
void viewer_slot_leave(struct viewer_slot *slot);

/* For viewer_rungs.c: begins with a track of its source; says so when it cannot be played. */
void viewer_slot_begin(struct viewer_slot *slot, struct publisher_track *feed, usec_t now);

/* Enters and leaves a track's list of subscribers, and nothing else. */
void viewer_slot_link(struct viewer_slot *slot, struct publisher_track *feed);
void viewer_slot_unlink(struct viewer_slot *slot);

/* What the stage puts into the slot; NULL: nothing. */
struct publisher *viewer_slot_source(const struct viewer_slot *slot);

extern const struct session_role viewer_role;
