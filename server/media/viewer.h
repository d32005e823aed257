/* media/viewer.h: one WHEP session on a room: its slots and what feeds them. */
#pragma once
#include "media/session.h"
#include "routing/subscription.h"

struct publisher_track;
struct media_room;
struct viewer;

struct viewer_slot {
    struct viewer *viewer;
    struct publisher_track *feed;                              /* NULL: dark */
    struct viewer_slot *next_subscriber, *previous_subscriber; /* of the feed */
    size_t index;                                              /* among the slots of its kind */
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
    usec_t reported;     /* the last RTCP came */
    uint64_t bytes_told; /* sent when the last quality event was made */
    usec_t quality_told;
    uint8_t dots_told;
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

extern const struct session_role viewer_role;
