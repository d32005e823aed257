/* replay/depacketiser.h: RTP packets of one track, in sequence, back into frames: VP8 (RFC 7741,
 * with temporal layers) and H.264 (RFC 6184: single NAL units, STAP-A, FU-A; out comes Annex B).
 *
 * What was lost is left out with all that needs it: up to the next key frame or, in VP8 with
 * temporal layers, up to the next frame that does not need the lost ones. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"
#include "wire/rtp.h"

#define DEPACKETISER_FRAME_MAX ((size_t)8 * 1024 * 1024)
#define DEPACKETISER_HEADERS_MAX 1024 /* SPS and PPS, with their start codes */

struct depacketised {
    struct bytes data; /* valid until the next input */
    uint32_t timestamp;
    bool key;          /* decodes by itself; H.264: with SPS and PPS */
    bool headers_seen; /* H.264: an SPS came with it */
};

struct frame_buffer {
    uint8_t *p;
    size_t n, room;
    uint32_t timestamp;
    bool key, sps, started, broken;
    uint8_t temporal_id, tl0;
    bool layered, layer_sync;
};

struct depacketiser {
    enum media_codec codec;
    bool started;
    uint16_t sequence; /* of the last packet */
    struct frame_buffer frame;
    struct frame_buffer done[2];
    size_t done_count, done_taken;
    bool layered; /* VP8: the stream has temporal layers */
    int level;    /* VP8: highest temporal layer that decodes; -1: a key frame is needed */
    uint8_t tl0;
    int picture_id; /* VP8, of the last frame begun; -1 unknown */
    uint8_t sps[DEPACKETISER_HEADERS_MAX], pps[DEPACKETISER_HEADERS_MAX];
    size_t sps_size, pps_size;
    uint64_t lost, left_out; /* gaps; frames */
};

/* `codec` is CODEC_VP8 or CODEC_H264. */
void depacketiser_init(struct depacketiser *d, enum media_codec codec);
void depacketiser_clear(struct depacketiser *d);

/* Takes one packet. Numbers that are skipped between frames are no loss by themselves: packets of
 * padding alone are not recorded. A `hole` in what was kept is, and so are skipped VP8 pictures and
 * numbers inside a frame. 0, -EBADMSG (not of this codec: the frame is lost), -ESTALE (late or
 * double: passed over), -ENOMEM. Then depacketiser_output until it is false. */
int depacketiser_input(struct depacketiser *d, const struct rtp_header *packet, bool hole);
bool depacketiser_output(struct depacketiser *d, struct depacketised *ret);
