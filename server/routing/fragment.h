/* routing/fragment.h: what an outgoing packet is made of, whether it came from a live track or lies
 * in a rung file: where it stands in its source, its time there, and its payload split into the
 * codec's descriptor (rewritten per viewer) and the rest (sent as it is). */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define FRAGMENT_PREFIX_MAX 6
#define FRAGMENT_PADDING_MAX 64

/* Values of the header extensions that travel on to viewers, and the room that each takes in the
 * header of every packet of the same batch: constant, so that the packets of a batch stay equal. */
struct fragment_extensions {
    uint8_t room[EXT_COUNT]; /* bytes reserved for the value, 0: not in this batch */
    struct bytes values[EXT_COUNT];
};

struct fragment {
    uint64_t sequence; /* place in the source: extended number in a track, packet index in a rung */
    uint32_t timestamp;                           /* RTP ticks of the source */
    uint32_t frame;                               /* number of its frame in the source */
    struct bytes payload;                         /* after the prefix */
    const struct fragment_extensions *extensions; /* NULL: none but the audio level */
    uint16_t picture_id;                          /* VP8, VP9: a track makes 15 bits of 7 */
    uint8_t tl0picidx;
    uint8_t prefix[FRAGMENT_PREFIX_MAX]; /* descriptor with a 15-bit picture id */
    uint8_t prefix_size;
    uint8_t picture_id_bits; /* 7 or 15 as received */
    uint8_t picture_id_at;   /* offset in the prefix, 0: none */
    uint8_t tl0picidx_at;    /* 0: none */
    uint8_t padding;     /* RTP padding to be equal to its neighbours; ≤ FRAGMENT_PADDING_MAX */
    uint8_t audio_level; /* RFC 6464 byte */
    bool has_audio_level;
    bool marker;
    bool frame_end;
};

/* Splits an RTP payload into prefix and payload for `codec` and sets the fields that belong to
 * them. Room for the descriptor is found out here once, so that each viewer copies a few bytes
 * only. 0, or -EBADMSG for a malformed descriptor (RFC 7741 §4.2, RFC 9628 §4.2). Other codecs have
 * no prefix. An empty payload is well: a packet that only pads. */
int fragment_set_payload(struct fragment *f, enum media_codec codec, struct bytes payload);
