/* presentation/packetiser.h: cuts encoded frames into RTP payloads, the same way for files and for
 * live feeds.
 *
 * VP8 (RFC 7741 §4.2): X=1, I=1, 15-bit picture id, S on the first packet, one partition index.
 * H.264 (RFC 6184, packetization-mode 1): SPS and PPS as one STAP-A before each IDR picture, NAL
 * units that fit alone, larger ones as FU-A; delimiters, SEI and filler are left out.
 * Opus (RFC 7587): the frame is the payload.
 * All fragments of one cut are equal but the last, which is not larger. */
#pragma once
#include "base/spans.h"
#include "wire/media_types.h"

#define PACKETISER_PAYLOAD_MAX 1120
#define PACKETISER_HEADERS_MAX 256 /* of an SPS or a PPS */

struct packetiser {
    enum media_codec codec;
    uint16_t picture_id;
    uint8_t sps[PACKETISER_HEADERS_MAX], pps[PACKETISER_HEADERS_MAX];
    size_t sps_size, pps_size;
    bool key;
    uint8_t *data; /* the payloads of the last frame, one after another */
    size_t data_size, data_room;
    size_t *ends; /* where each payload ends in `data` */
    size_t count, ends_room;
};

/* `codec` is CODEC_VP8, CODEC_H264 or CODEC_OPUS. */
void packetiser_init(struct packetiser *p, enum media_codec codec, uint16_t picture_id);
void packetiser_clear(struct packetiser *p);

/* Cuts one frame (H.264: an access unit in Annex B byte-stream form). Replaces the payloads of the
 * frame before. 0, -EBADMSG when the bytes are no such frame (nothing to send), or -ENOMEM. */
int packetiser_frame(struct packetiser *p, struct bytes frame);

/* Of the last frame. */
size_t packetiser_count(const struct packetiser *p);
struct bytes packetiser_payload(const struct packetiser *p, size_t i);
bool packetiser_is_key(const struct packetiser *p);
