/* routing/outgoing.h: one RTP packet on its way to a viewer, as pieces that sealing puts together:
 * header (associated data) | prefix | payload | tail (encrypted). No span
 * is NULL, also when it is empty. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define OUTGOING_HEADER_MAX 192
#define OUTGOING_PREFIX_MAX 8

struct outgoing {
    uint16_t header_size;
    uint16_t prefix_size;
    uint16_t size;  /* header + prefix + payload + tail: equal sizes may share a GSO send */
    bool frame_end; /* last packet of its frame */
    bool retransmission;
    bool padding;         /* nothing but RTP padding, for a probe */
    uint8_t number_at;    /* where in the header its transport-wide number goes; 0: it has none */
    uint64_t index;       /* ROC << 16 | sequence, of the SSRC in the header */
    struct bytes payload; /* in the immutable packet or the mapped file; valid until the source's
                             next input */
    struct bytes tail;    /* RTP padding, with its count */
    uint8_t header[OUTGOING_HEADER_MAX];
    uint8_t prefix[OUTGOING_PREFIX_MAX];
};
