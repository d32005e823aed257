/* wire/av1.h: AV1 payloads (the "RTP Payload Format For AV1" of AOM, §4). */
#pragma once
#include "wire/payload.h"

struct av1_aggregation {
    bool continues;    /* Z: the first element continues one of the packet before */
    bool continued;    /* Y */
    uint8_t count;     /* W: elements, 0: each has a length */
    bool new_sequence; /* N: first packet of a coded video sequence */
};

/* 0, or -EBADMSG when empty or when N and Z are both set (§4.4). */
int av1_parse(struct bytes payload, struct av1_aggregation *ret);

/* The OBU elements of a packet, one after the other: `rest` begins behind the aggregation header,
 * `number` counts from 1. False at the end and when an element is longer than the packet. */
bool av1_next_unit(const struct av1_aggregation *a, unsigned number, struct bytes *rest,
                   struct bytes *ret);

/* A key frame starts with a sequence header (temporal delimiters in front do not count). The start
 * of other frames does not show in the payload alone: `frame_start` means "does not continue an
 * OBU"; the RTP timestamp tells frames apart. 0 or -EBADMSG. */
int av1_inspect(struct bytes payload, struct payload_info *ret);
