/* tests/sim/paced.h: a live source, its track, a viewer's subscription behind the real congestion
 * control, and a receiver that tells of arrivals (TWCC), asks for what is missing (NACK) and for
 * key frames (PLI), and shows a frame when it and all before it are whole.
 *
 * The source is an encoder whose rate follows what the congestion control allows, so that the
 * network's use can be judged without a ladder of rungs. */
#pragma once
#include "network.h"
#include "routing/congestion.h"
#include "routing/subscription.h"
#include "routing/twcc_receiver.h"

#define PACED_FRAMES 8192
#define PACED_SEQUENCES 16384
#define PACED_UP 4096

struct paced_frame {
    uint16_t parts, arrived;
    bool key;
};

struct paced {
    unsigned flow;
    struct network *down;
    usec_t back; /* delay of feedback */
    double back_loss;
    /* the source */
    uint64_t rate_min, rate_max, rate_fixed; /* fixed: does not follow */
    struct packet_pool *pool;
    struct capture_clock clock;
    struct media_line source_line, line, audio_line;
    struct track track, audio_track;
    uint32_t frame, audio_frame, source_timestamp;
    uint16_t sequence, audio_sequence;
    usec_t next_frame, next_audio;
    double frame_credit; /* bytes that may still be coded */
    /* the server */
    struct subscription subscription, audio;
    struct congestion congestion;
    struct congestion_counters counters;
    uint64_t dropped;
    /* the receiver */
    struct twcc_receiver twcc;
    bool any;
    uint64_t highest; /* of the picture, extended by 0x10000 */
    struct {
        usec_t next, since;
        uint32_t frame;
        bool missing;
        unsigned tries;
    } gaps[PACED_SEQUENCES];
    uint64_t gap_floor;
    struct paced_frame frames[PACED_FRAMES];
    uint32_t shown, newest_key; /* numbers of frames + 1 */
    usec_t shown_at, freeze_worst, freeze_from;
    unsigned freezes; /* over 500 ms */
    uint64_t frames_shown;
    usec_t pli_due;
    unsigned plis, nacks;
    struct {
        usec_t at;
        size_t size;
        uint8_t data[1300];
    } up[PACED_UP];
    size_t up_first, up_count;
    uint64_t audio_received, media_bytes;
    usec_t audio_delay_worst;
};

void paced_init(struct paced *p, struct network *down, unsigned flow, usec_t now);
void paced_clear(struct paced *p);
void paced_run(struct paced *p, usec_t now);
void paced_arrived(struct paced *p, const struct network_packet *packet, usec_t now);

/* Everything for one millisecond: sources, network, receivers. */
void paced_world(struct network *n, struct paced *const *flows, size_t count, struct tcp_flow *tcp,
                 usec_t now);
/* The same until a time. */
void paced_until(struct network *n, struct paced *const *flows, size_t count, struct tcp_flow *tcp,
                 usec_t *now, usec_t until);
