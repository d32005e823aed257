/* tests/sim/model.h: the world around routing under a virtual clock: publishers with a clock of
 * their own, links with loss and delay, and a viewer that asks for what is missing and keeps what
 * came. */
#pragma once
#include "routing/subscription.h"

#define MODEL_LOG 60000 /* packets a viewer's stream can keep */
#define MODEL_TICK MSEC(1)

/* A link: what is put in comes out after the delay, or never. Deterministic. */
struct link {
    usec_t delay, jitter;
    double loss;
    uint64_t seed;
    size_t count;
    struct letter {
        usec_t at;
        size_t size;
        uint8_t data[1500];
    } * letters;
};

void link_init(struct link *l, usec_t delay, usec_t jitter, double loss, uint64_t seed);
void link_clear(struct link *l);
void link_put(struct link *l, const uint8_t *p, size_t n, usec_t now);
/* Size of the next letter that is due, or 0. */
size_t link_take(struct link *l, usec_t now, uint8_t ret[static 1500]);
double link_random(struct link *l);

/* What every payload tells about itself. */
struct model_mark {
    uint32_t source, frame;
    uint16_t fragment, fragments;
    uint64_t captured; /* in the world's time */
};

enum { MODEL_AUDIO, MODEL_VIDEO, MODEL_STREAMS };

/* One source: VP8 and Opus; answers NACK by RTX, PLI by a key frame. */
struct publisher {
    uint32_t id;
    uint64_t ntp_offset; /* of its wall clock, µs */
    usec_t encoding[MODEL_STREAMS];
    struct media_line lines[MODEL_STREAMS];
    struct link up, down;
    struct packet_pool *pool;
    struct capture_clock clock;
    struct track tracks[MODEL_STREAMS];
    uint16_t sequence[MODEL_STREAMS], rtx_sequence;
    uint32_t rtp_offset[MODEL_STREAMS], frame[MODEL_STREAMS];
    uint16_t picture_id;
    bool key_wanted;
    unsigned plis;
    usec_t next_frame[MODEL_STREAMS], next_report;
    struct letter *history; /* by sequence of video, 1024 */
};

void publisher_init(struct publisher *p, uint32_t id, double loss, uint64_t seed, usec_t now);
void publisher_clear(struct publisher *p);
/* Captures, sends, receives and feeds the tracks. */
void publisher_run(struct publisher *p, usec_t now);

/* What a viewer received under one index. */
struct received {
    bool here;
    bool key, marker;
    uint16_t picture_id;
    uint32_t timestamp;
    usec_t first_sent;
    struct model_mark mark;
    uint32_t digest; /* of the plaintext, to see that a repetition is the same */
};

struct viewer_stream {
    struct subscription subscription;
    struct media_line line;
    uint64_t first, next_sent; /* indices; next_sent by the sender */
    uint64_t highest;
    bool any;
    struct received *log; /* by index − first */
    uint64_t sent_sequence_breaks, sent_time_breaks, different_repeats, equal_breaks;
    uint32_t last_timestamp;
    usec_t first_arrival;
    /* the newest sender report */
    bool reported;
    uint64_t report_ntp;
    uint32_t report_rtp;
    usec_t next_nack;
};

struct viewer {
    bool rtx;
    struct link down, up;
    struct viewer_stream streams[MODEL_STREAMS];
    usec_t switched_at;
    struct publisher *next_rung; /* NULL: none is waited for */
    unsigned rung_changes;
    uint64_t skew_samples;
    int64_t skew_worst;            /* µs, of live frames once both reports are there */
    int64_t offset[MODEL_STREAMS]; /* playout time − capture time of the newest packet */
    usec_t offset_at[MODEL_STREAMS];
};

void viewer_init(struct viewer *v, bool rtx, double loss, uint64_t seed);
void viewer_clear(struct viewer *v);
void viewer_switch(struct viewer *v, struct publisher *p, usec_t now);
/* Goes over to the picture of `p`, another rung of the same source, with its next key frame. */
void viewer_want_rung(struct viewer *v, struct publisher *p, usec_t now);
/* Drains its subscriptions, receives, reports. */
void viewer_run(struct viewer *v, usec_t now);
/* Packets between the first and the newest that never came. */
uint64_t viewer_missing(const struct viewer_stream *s, uint64_t before);
/* Wholly received frames of `source`, and the gaps between their numbers. */
void viewer_frames(const struct viewer_stream *s, uint32_t source, uint64_t *ret_frames,
                   uint64_t *ret_gaps);
