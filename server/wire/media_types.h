/* wire/media_types.h: the words for media that an SDP negotiates and the media plane obeys. */
#pragma once
#include "base/spans.h"

enum media_kind { MEDIA_AUDIO, MEDIA_VIDEO };

enum media_codec {
    CODEC_NONE,
    CODEC_OPUS,
    CODEC_VP8,
    CODEC_VP9,
    CODEC_H264,
    CODEC_AV1,
    CODEC_COUNT
};

/* RTP header extensions that are understood; the index into struct media_line.extension_ids. */
enum rtp_extension {
    EXT_MID,               /* urn:ietf:params:rtp-hdrext:sdes:mid (RFC 9143) */
    EXT_RID,               /* urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id (RFC 8852) */
    EXT_REPAIRED_RID,      /* urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id */
    EXT_TWCC,              /* draft-holmer-rmcat-transport-wide-cc-extensions-01 */
    EXT_ABS_SEND_TIME,     /* http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time */
    EXT_ABS_CAPTURE_TIME,  /* http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time */
    EXT_AUDIO_LEVEL,       /* urn:ietf:params:rtp-hdrext:ssrc-audio-level (RFC 6464) */
    EXT_VIDEO_ORIENTATION, /* urn:3gpp:video-orientation */
    EXT_COLOR_SPACE,       /* http://www.webrtc.org/experiments/rtp-hdrext/color-space */
    EXT_DEPENDENCY,        /* AV1 dependency descriptor */
    EXT_PLAYOUT_DELAY,     /* http://www.webrtc.org/experiments/rtp-hdrext/playout-delay */
    EXT_COUNT
};

#define MEDIA_LINES_MAX 16
#define MEDIA_PAYLOADS_MAX 8
#define MEDIA_RIDS_MAX 3
#define MEDIA_MID_MAX 16 /* with the NUL */

/* One negotiated payload type. */
struct media_payload {
    uint8_t type;     /* RTP payload type */
    uint8_t rtx_type; /* its RTX payload type (RFC 4588), 0 when RTX was not negotiated */
    enum media_codec codec;
    char fmtp[96]; /* of the offer, verbatim (bounded), for the answer and for H.264 profiles */
    bool nack, pli, twcc;
};

/* One m= line after negotiation. For a viewer it is a slot. */
struct media_line {
    char mid[MEDIA_MID_MAX];
    enum media_kind kind;
    bool active; /* false: rejected or inactive; kept so that line numbers match the SDP */
    size_t payload_count;
    struct media_payload payloads[MEDIA_PAYLOADS_MAX]; /* in order of preference */
    uint8_t extension_ids[EXT_COUNT];                  /* 0: not negotiated */
    size_t rid_count;                                  /* publishers with simulcast */
    char rids[MEDIA_RIDS_MAX][MEDIA_MID_MAX];
    uint32_t ssrc, rtx_ssrc;               /* viewers: what we announced and send */
    uint32_t remote_ssrc, remote_rtx_ssrc; /* publishers: announced by a=ssrc, 0 when not */
};

#define ICE_UFRAG_MAX 257 /* RFC 8445 §5.3: up to 256 characters */
#define ICE_PWD_MAX 257

struct ice_credentials {
    char ufrag[ICE_UFRAG_MAX];
    char pwd[ICE_PWD_MAX];
};

/* What the DTLS certificate of the other side must hash to (RFC 8122). */
struct dtls_fingerprint {
    char algorithm[8]; /* "sha-256", "sha-384", "sha-512" */
    uint8_t digest[64];
    size_t digest_size;
};

const char *media_codec_name(enum media_codec codec); /* "VP8", as in a=rtpmap */
uint32_t media_codec_clock(enum media_codec codec);   /* 90000 or 48000 */
