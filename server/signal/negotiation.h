/* signal/negotiation.h: from a WHIP or WHEP offer to the answer and to what the media plane obeys
 * (RFC 8829 §5.3, RFC 9143, RFC 9725; ICE-lite, BUNDLE, rtcp-mux). Pure: no clock, no random
 * source. */
#pragma once
#include "base/address.h"
#include "media/media_api.h"
#include "wire/sdp.h"

#define NEGOTIATION_ANSWER_MAX 65536

#define NEGOTIATION_CODEC(codec) (1u << (codec))
#define NEGOTIATION_ALL_CODECS                                                                     \
    (NEGOTIATION_CODEC(CODEC_OPUS) | NEGOTIATION_CODEC(CODEC_VP8) | NEGOTIATION_CODEC(CODEC_VP9) | \
     NEGOTIATION_CODEC(CODEC_H264) | NEGOTIATION_CODEC(CODEC_AV1))

struct negotiation_policy {
    enum media_role role;
    struct ice_credentials local_ice;
    const char *fingerprint;                       /* SHA-256 of our certificate, "AA:BB:…" */
    struct address addresses[MEDIA_ADDRESSES_MAX]; /* candidates, with ports; best first */
    size_t address_count;
    uint16_t tcp_port; /* the same addresses by ICE-TCP; 0: not */
    uint32_t codecs;   /* bits NEGOTIATION_CODEC; PLAY: what the presentation has */
    uint32_t
        preferred; /* PUBLISH: of these the first offered is taken, if there is one; 0: of all */
    uint64_t seed; /* unpredictable: SSRCs and the session number come from it */
};

struct negotiation_error {
    int status; /* 400 malformed, 422 well-formed but cannot be served, 500 no room */
    const char
        *type; /* stable word: "sdp-malformed", "sdp-too-large", "no-bundle", "no-fingerprint",
                  "fingerprint-hash", "no-ice", "dtls-role", "no-rtcp-mux", "too-many-lines",
                  "no-media", "no-codec", "direction", "answer-too-large" */
    char sentence[256]; /* for people */
};

/* Negotiates an offer. Fills role, local_ice, remote_ice, remote_fingerprint and the lines of `ret`
 * (the ids, presentation and start_at are left 0 for the caller) and writes the answer.
 * Returns the size of the answer, or -EINVAL with *ret_error filled; ret is untouched then. */
int negotiate(struct bytes offer, const struct negotiation_policy *policy,
              struct media_session_config *ret, struct room ret_answer,
              struct negotiation_error *ret_error);

/* A body of application/trickle-ice-sdpfrag (RFC 8840 §9, RFC 9725 §4.3). `ret` gets the
 * credentials (of the session or of the first line), empty strings when the fragment has none.
 * *ret_restart is true when it has credentials and they differ from `current` (the remote side's).
 * Candidates are not looked at: an ICE-lite agent learns addresses from checks. 0, or -EINVAL when
 * malformed. */
int negotiation_parse_fragment(struct bytes fragment, const struct ice_credentials *current,
                               struct ice_credentials *ret, bool *ret_restart);

/* The answer to an ICE restart: our new credentials and candidates. Size or -ENOSPC. */
int negotiation_write_fragment(struct room room, const struct negotiation_policy *policy,
                               const char *first_mid);
