/* routing/packet.h: one received RTP packet: immutable once a track has released it,
 * reference-counted from a slab. The pool belongs to one media thread, which makes its packets;
 * references may be held and given back by any thread (relays to other media threads). */
#pragma once
#include "base/clock.h"
#include "routing/fragment.h"
#include "wire/payload.h"
#include <stdatomic.h>

#define PACKET_SIZE_MAX 1500
#define PACKET_COLOR_SPACE_MAX 28
#define PACKET_DEPENDENCY_MAX 80 /* a longer descriptor is not passed on */

struct packet_pool;

struct packet {
    struct fragment
        fragment; /* what subscriptions send; sequence, frame and padding by the track */
    struct packet_pool *pool;
    struct packet *next_free;
    atomic_uint references;
    uint32_t ssrc;
    uint32_t timestamp;
    uint32_t epoch; /* set by the track: grows with each restart of the publisher's stream */
    uint16_t sequence;
    uint8_t payload_type;
    bool marker;
    bool repaired; /* came by RTX */
    bool empty;    /* padding only */
    bool released; /* set by the track: viewers may have it */
    struct payload_info info;
    usec_t arrival;
    struct fragment_extensions extensions;
    uint16_t size;
    uint8_t data[PACKET_SIZE_MAX];
};

/* A slab for up to `max` packets, allocated in steps. NULL without memory. */
struct packet_pool *packet_pool_new(size_t max);
void packet_pool_free(struct packet_pool *pool); /* every packet must be back; NULL is fine */
size_t packet_pool_used(const struct packet_pool *pool); /* any thread */

/* Copies and parses a received, decrypted RTP packet. `extension_ids` is media_line.extension_ids
 * of the publisher. The caller owns one reference. Returns 0, -EBADMSG (malformed RTP or payload),
 * -EMSGSIZE (over PACKET_SIZE_MAX), -ENOBUFS (pool is at its limit) or -ENOMEM. */
int packet_new(struct packet_pool *pool, enum media_codec codec, struct bytes rtp,
               const uint8_t extension_ids[static EXT_COUNT], usec_t now, struct packet **ret);

/* The packet inside an RTX packet (RFC 4588 §4) of the stream `ssrc` with payload type `type`. As
 * packet_new; -ENODATA when there is none inside (a probe that only pads). */
int packet_new_from_rtx(struct packet_pool *pool, enum media_codec codec, struct bytes rtx,
                        uint32_t ssrc, uint8_t type, const uint8_t extension_ids[static EXT_COUNT],
                        usec_t now, struct packet **ret);

struct packet *packet_ref(struct packet *p);
void packet_unref(struct packet *p); /* NULL is fine; any thread */
