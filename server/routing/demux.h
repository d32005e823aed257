/* routing/demux.h: which line and payload type of a publisher an RTP packet belongs to, by SSRC
 * first, then by mid and payload type (RFC 9143 §9.2, RFC 8852 for rids). */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define DEMUX_STREAMS_MAX 24 /* SSRCs remembered; the oldest gives way */

struct demux_stream {
    uint32_t ssrc;
    uint8_t line, rung;
    bool has_rung;
};

struct demux {
    const struct media_line *lines; /* owned by the session */
    size_t line_count;
    size_t stream_count, next_victim;
    struct demux_stream streams[DEMUX_STREAMS_MAX];
};

struct demux_target {
    size_t line;
    const struct media_payload *payload; /* of the codec, also for RTX */
    bool rtx;                            /* decapsulate with packet_new_from_rtx */
    uint8_t rung;                        /* index into media_line.rids; only 0 is routed for now */
    uint32_t ssrc;
    bool has_twcc;
    uint16_t twcc; /* transport-wide sequence number, for twcc_receiver_input */
};

void demux_init(struct demux *d, const struct media_line *lines, size_t line_count);

/* 0, -EBADMSG when it is no RTP packet, -ENOENT when no line has its payload type. */
int demux_find(struct demux *d, struct bytes rtp, struct demux_target *ret);
